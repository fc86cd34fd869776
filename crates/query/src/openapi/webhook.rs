use serde_json::{Value, json};

use crate::document::{header, refusal};

/// `POST /webhooks/shopify`: another crate serves it, and it is part of the same interface.
pub(super) fn keep() -> Value {
    let text = || json!({"type": "string"});
    json!({
        "operationId": "post_webhook",
        "tags": ["webhooks"],
        "summary": "Keeps a webhook of Shopify's, whatever it says, if its signature is right.",
        "parameters": [
            header("X-Shopify-Hmac-Sha256", "base64 of the HMAC-SHA256 of the raw body", true, text()),
            header("X-Shopify-Topic", "orders/create, for one", false, text()),
            header("X-Shopify-Shop-Domain", "The shop's myshopify.com domain", false, text()),
            header("X-Shopify-Webhook-Id", "Names the delivery", false, text()),
        ],
        "requestBody": {"content": {"application/json": {"schema": {}}}},
        "responses": {
            "200": {
                "description": "It is stored",
                "headers": {"X-Inbox-Sequence": {"description": "Where", "schema": {"type": "integer"}}},
            },
            "401": refusal("Not signed by a configured shop"),
            "408": refusal("The body did not arrive in time"),
            "413": refusal("The body is too large"),
            "503": refusal("Not stored; send it again"),
        },
    })
}
