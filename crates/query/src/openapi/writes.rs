//! What is posted goes to other crates; it is part of the same interface, so it is described here.

use serde_json::{Value, json};

use super::path_parameter;

/// Each path with its `post`.
pub(super) fn paths() -> [(&'static str, Value); 2] {
    [("/webhooks/shopify", webhook()), ("/v1/{shop}/stock/{inventory_item_id}/adjustments", adjustment())]
}

fn webhook() -> Value {
    let signature = header("X-Shopify-Hmac-Sha256", "base64 of the HMAC-SHA256 of the raw body", true);
    json!({
        "operationId": "post_webhook",
        "tags": ["webhooks"],
        "summary": "Keeps a webhook of Shopify's, whatever it says, if its signature is right.",
        "parameters": [
            signature,
            header("X-Shopify-Topic", "orders/create, for one", false),
            header("X-Shopify-Shop-Domain", "The shop's myshopify.com domain", false),
            header("X-Shopify-Webhook-Id", "Names the delivery", false),
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

fn adjustment() -> Value {
    let units = json!({"type": "integer", "minimum": -1_000_000_000, "maximum": 1_000_000_000});
    let id = json!({"type": "string", "pattern": "^[1-9][0-9]{0,18}$"});
    let body = json!({
        "type": "object",
        "description": "Exactly one of by, available and on_hand",
        "properties": {
            "location_id": id,
            "by": units,
            "available": units,
            "on_hand": units,
            "reason": {"type": "string", "minLength": 1, "maxLength": 500},
        },
        "required": ["location_id", "reason"],
        "additionalProperties": false,
    });
    let done = json!({
        "type": "object",
        "properties": {
            "inventory_item_id": id,
            "location_id": id,
            "reason": {"type": "string"},
            "position": {"type": "string", "description": "From here on reads show it"},
        },
        "required": ["inventory_item_id", "location_id", "reason", "position"],
    });
    let item = path_parameter("inventory_item_id", "Shopify's id", "^[1-9][0-9]{0,18}$");
    command("adjust_stock", "stock", "Corrects what stands at a location, with a reason.", &[item], &body, &done)
}

/// A command to an aggregate of one shop.
pub(super) fn command(id: &str, tag: &str, summary: &str, path: &[Value], body: &Value, done: &Value) -> Value {
    let mut parameters = vec![path_parameter("shop", "The shop's myshopify.com name", "^[a-z0-9][a-z0-9-]*$")];
    parameters.extend_from_slice(path);
    let mut key = header("Idempotency-Key", "Names the request; the same for each try of it", true);
    key["schema"]["pattern"] = json!("^[!-~]{1,255}$");
    parameters.push(key);
    json!({
        "operationId": id,
        "tags": [tag],
        "summary": summary,
        "parameters": parameters,
        "security": [{ "key": [] }],
        "requestBody": {"required": true, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {
                "description": "Done, now or by an earlier try",
                "headers": {"X-Position": {"description": "From here on reads show it", "schema": {"type": "integer"}}},
                "content": {"application/json": {"schema": done}},
            },
            "400": refusal("The path, the Idempotency-Key or the body is malformed"),
            "401": refusal("No valid key"),
            "403": refusal("The key has not the scope write"),
            "404": refusal("No such shop"),
            "429": refusal("The key has asked too often"),
            "409": refusal("A request with this Idempotency-Key is under way, or the state does not allow it"),
            "413": refusal("The body is too large"),
            "415": refusal("The body is not application/json"),
            "422": refusal("It cannot be done as asked, or the Idempotency-Key was used for something else"),
            "503": refusal("Not done, or not known to be; send it again under the same key"),
        },
    })
}

fn header(name: &str, description: &str, required: bool) -> Value {
    let schema = json!({"type": "string"});
    json!({"name": name, "in": "header", "required": required, "description": description, "schema": schema})
}

fn refusal(description: &str) -> Value {
    let problem = json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    json!({"description": description, "content": problem})
}
