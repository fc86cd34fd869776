//! What Shopify says of an order beside it.

use super::json;
use crate::order::Order;

/// `fulfillment_events/create`: where a parcel is.
pub(crate) fn scanned(order: &Order, at: usize, id: u64, status: &str, now: i64) -> String {
    json::object(|json| {
        json.number("id", id);
        json.gid("FulfillmentEvent", id);
        json.number("fulfillment_id", order.fulfillments[at].id);
        json.number("order_id", order.id);
        json.text("status", status);
        json.constant(r#""message":null,"city":null,"province":null,"zip":null,"latitude":null,"longitude":null"#);
        json.time("happened_at", now);
        json.time("created_at", now);
        json.time("updated_at", now);
        json.null("estimated_delivery_at");
    })
}

/// `orders/risk_assessment_changed`, by Shopify itself.
pub(crate) fn risk(order: &Order, level: &str, now: i64) -> String {
    json::object(|json| {
        json.null("provider_id");
        json.null("provider_title");
        json.text("risk_level", level);
        json.time("created_at", now);
        json.number("order_id", order.id);
    })
}

/// `orders/shopify_protect_eligibility_changed`.
pub(crate) fn protected(order: &Order, status: &str) -> String {
    json::object(|json| {
        json.number("order_id", order.id);
        json.text("status", status);
        json.object("eligibility", |json| json.text("status", "eligible"));
    })
}
