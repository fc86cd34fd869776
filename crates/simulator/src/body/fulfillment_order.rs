use super::json::{self, Json};

/// `fulfillment_orders/order_routing_complete`: Shopify shows no more than this.
pub(crate) fn routed(id: u64) -> String {
    json::object(|json| json.object("fulfillment_order", |json| members(json, id, "open", None)))
}

/// `fulfillment_orders/moved`.
pub(crate) fn moved(original: u64, from: u64, moved: u64, to: u64) -> String {
    json::object(|json| {
        json.object("original_fulfillment_order", |json| members(json, original, "closed", Some(from)));
        json.object("moved_fulfillment_order", |json| members(json, moved, "open", Some(to)));
        json.text("destination_location_id", &gid("Location", to));
        json.object("source_location", |json| json.text("id", &gid("Location", from)));
    })
}

/// `fulfillment_orders/placed_on_hold` and `fulfillment_orders/hold_released`.
pub(crate) fn hold(id: u64, status: &str, created: Option<u64>) -> String {
    json::object(|json| {
        json.object("fulfillment_order", |json| members(json, id, status, None));
        if let Some(hold) = created {
            json.object("created_fulfillment_hold", |json| held(json, hold));
        }
    })
}

/// `fulfillment_holds/added` and `fulfillment_holds/released`.
pub(crate) fn hold_told(id: u64, status: &str, hold: u64) -> String {
    json::object(|json| {
        json.object("fulfillment_order", |json| members(json, id, status, None));
        json.object("fulfillment_hold", |json| held(json, hold));
    })
}

fn held(json: &mut Json, hold: u64) {
    json.text("id", &gid("FulfillmentHold", hold));
    json.text("reason", "other");
}

fn members(json: &mut Json, id: u64, status: &str, location: Option<u64>) {
    json.text("id", &gid("FulfillmentOrder", id));
    json.text("status", status);
    if let Some(location) = location {
        json.text("assigned_location_id", &gid("Location", location));
    }
}

fn gid(kind: &str, id: u64) -> String {
    format!("gid://shopify/{kind}/{id}")
}
