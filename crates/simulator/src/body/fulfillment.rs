use super::json::{self, Json};
use super::line::line;
use crate::order::{Fulfillment, Order};

/// `fulfillments/create` and `fulfillments/update`.
pub(crate) fn fulfillment(order: &Order, at: usize) -> String {
    json::object(|json| members(json, order, at, &order.fulfillments[at]))
}

/// Of a fulfilment on its own, and inside its order; `at` is its place in the order.
pub(super) fn members(json: &mut Json, order: &Order, at: usize, fulfillment: &Fulfillment) {
    json.number("id", fulfillment.id);
    json.gid("Fulfillment", fulfillment.id);
    json.time("created_at", fulfillment.created_at);
    json.maybe_number("location_id", fulfillment.location);
    json.text("name", &format!("#{}.{}", order.number, at + 1));
    json.number("order_id", order.id);
    json.constant(r#""origin_address":{},"receipt":{}"#);
    json.text("service", fulfillment.service);
    json.maybe("shipment_status", fulfillment.shipment);
    json.text("status", fulfillment.status);
    let tracking = fulfillment.tracking.as_ref();
    let url = tracking.map(|(company, number)| format!("https://track.example.com/{company}/{number}"));
    json.maybe("tracking_company", tracking.map(|(company, _)| *company));
    json.maybe("tracking_number", tracking.map(|(_, number)| number.as_str()));
    json.texts("tracking_numbers", tracking.map(|(_, number)| number.as_str()));
    json.maybe("tracking_url", url.as_deref());
    json.texts("tracking_urls", url.as_deref());
    json.time("updated_at", fulfillment.updated_at);
    json.list("line_items", &fulfillment.lines, |json, (at, quantity)| line(json, order, *at, *quantity));
}
