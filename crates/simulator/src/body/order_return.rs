use super::json;
use crate::order::Order;

/// `returns/approve`, of some units of one line.
pub(crate) fn return_approved(order: &Order, id: u64, line: usize, units: u32) -> String {
    json::object(|json| {
        json.number("id", id);
        json.gid("Return", id);
        json.text("status", "open");
        json.object("order", |json| {
            json.number("id", order.id);
            json.gid("Order", order.id);
        });
        json.number("total_return_line_items", 1);
        json.text("name", &format!("#{}-R{}", order.number, order.refunds.len() + 1));
        json.list("return_line_items", [line], |json, line| {
            json.number("id", id + 1);
            json.object("fulfillment_line_item", |json| {
                json.number("id", id + 2);
                json.object("line_item", |json| {
                    json.number("id", order.lines[line].id);
                    json.gid("LineItem", order.lines[line].id);
                });
            });
            json.number("quantity", units);
            json.text("return_reason", "unwanted");
            json.constant(r#""return_reason_note":"","customer_note":null"#);
        });
    })
}

/// `returns/close`.
pub(crate) fn return_closed(order: &Order, id: u64) -> String {
    json::object(|json| {
        json.number("id", id);
        json.gid("Return", id);
        json.number("order_id", order.id);
        json.text("status", "closed");
    })
}
