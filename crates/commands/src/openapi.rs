use query::document::{self, header, path_parameter, refusal};
use serde_json::{Value, json};

use crate::idempotency::{self, IdempotencyKey};
use crate::{loyalty, stock};

/// The OpenAPI document of the whole interface, where keys are asked for; `schemas/openapi.json` is a copy of it.
pub fn openapi() -> Value {
    let mut document = query::openapi();
    for (path, operation) in commands() {
        document["paths"][path] = json!({ "post": operation });
    }
    document
}

fn commands() -> [(&'static str, Value); 4] {
    let (customer, item) = (document::id("id"), document::id("inventory_item_id"));
    let redemption =
        path_parameter("redemption_id", "As the hold was answered", document::body::<events::RedemptionId>());
    let one = [customer.clone(), redemption];
    let (redeemed, nothing) = (document::answer::<loyalty::Answer>(), document::body::<loyalty::Nothing>());
    let redeem = |id, summary, path: &[Value], body: &Value| command(id, "loyalty", summary, path, body, &redeemed);
    let (wish, done) = (document::body::<stock::AdjustmentRequest>(), document::answer::<stock::AdjustmentView>());
    let corrects = "Corrects what stands at a location, with a reason.";
    let takes = "Takes points from the balance, first-to-expire first.";
    [
        (
            "/v1/{shop}/stock/{inventory_item_id}/adjustments",
            command("adjust_stock", "stock", corrects, &[item], &wish, &done),
        ),
        (
            "/v1/{shop}/customers/{id}/loyalty/redemptions",
            redeem("hold_points", takes, &[customer], &document::body::<loyalty::Hold>()),
        ),
        (
            "/v1/{shop}/customers/{id}/loyalty/redemptions/{redemption_id}/complete",
            redeem("complete_redemption", "Spends the held points for good.", &one, &nothing),
        ),
        (
            "/v1/{shop}/customers/{id}/loyalty/redemptions/{redemption_id}/cancel",
            redeem("cancel_redemption", "Gives the held points back to their lots.", &one, &nothing),
        ),
    ]
}

/// A command to an aggregate of one shop.
fn command(id: &str, tag: &str, summary: &str, path: &[Value], body: &Value, done: &Value) -> Value {
    let mut parameters = vec![document::shop()];
    parameters.extend_from_slice(path);
    let named = "Names the request; the same for each try of it";
    parameters.push(header(idempotency::HEADER, named, true, IdempotencyKey::schema()));
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
            "404": refusal("No such shop or id"),
            "409": refusal("A request with this Idempotency-Key is under way, or the state does not allow it"),
            "413": refusal("The body is too large"),
            "415": refusal("The body is not application/json"),
            "422": refusal("It cannot be done as asked, or the Idempotency-Key was used for something else"),
            "429": refusal("The key has asked too often"),
            "503": refusal("Not done, or not known to be; send it again under the same key"),
        },
    })
}
