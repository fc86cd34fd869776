//! Redemption of loyalty points, in two phases.

use serde_json::{Value, json};

use super::path_parameter;
use super::writes::command;

/// Each path with its `post`.
pub(super) fn paths() -> [(&'static str, Value); 3] {
    let customer = path_parameter("id", "Shopify's id", "^[1-9][0-9]{0,18}$");
    let redemption = path_parameter("redemption_id", "As the hold was answered", "^[a-z0-9-]{1,64}$");
    let one = [customer.clone(), redemption];
    let nothing = json!({"type": "object", "additionalProperties": false});
    let post = |id, summary, path: &[Value], body| command(id, "loyalty", summary, path, body, &redeemed());
    [
        (
            "/v1/{shop}/customers/{id}/loyalty/redemptions",
            post("hold_points", "Takes points from the balance, first-to-expire first.", &[customer], &wish()),
        ),
        (
            "/v1/{shop}/customers/{id}/loyalty/redemptions/{redemption_id}/complete",
            post("complete_redemption", "Spends the held points for good.", &one, &nothing),
        ),
        (
            "/v1/{shop}/customers/{id}/loyalty/redemptions/{redemption_id}/cancel",
            post("cancel_redemption", "Gives the held points back to their lots.", &one, &nothing),
        ),
    ]
}

fn wish() -> Value {
    json!({
        "type": "object",
        "properties": {
            "points": {"type": "integer", "minimum": 1},
            "order_id": {"type": ["string", "null"], "pattern": "^[1-9][0-9]{0,18}$"},
            "reason": {"type": ["string", "null"], "maxLength": 200},
        },
        "required": ["points"],
        "additionalProperties": false,
    })
}

fn redeemed() -> Value {
    let draw = json!({
        "type": "object",
        "properties": {"order_id": {"type": "string"}, "points": {"type": "integer"}},
        "required": ["order_id", "points"],
    });
    let balance = json!({
        "type": "object",
        "properties": {"points": {"type": "integer"}, "pending": {"type": "integer"}},
        "required": ["points", "pending"],
    });
    json!({
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "points": {"type": "integer"},
            "state": {"enum": ["held", "completed", "cancelled"]},
            "order_id": {"type": ["string", "null"]},
            "reason": {"type": ["string", "null"]},
            "draws": {"type": "array", "items": draw, "description": "Which order's points"},
            "balance": balance,
        },
        "required": ["id", "points", "state", "order_id", "reason", "draws", "balance"],
    })
}
