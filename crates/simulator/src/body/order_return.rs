use super::json;
use crate::order::Order;

/// `returns/request`, `returns/approve` and `returns/process`, of some units of one line.
pub(crate) fn return_told(order: &Order, id: u64, line: usize, units: u32, status: &str) -> String {
    json::object(|json| {
        json.number("id", id);
        json.gid("Return", id);
        json.text("status", status);
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

/// `returns/close`, `returns/cancel` and `returns/reopen`.
pub(crate) fn return_ended(order: &Order, id: u64, status: &str) -> String {
    json::object(|json| {
        json.number("id", id);
        json.gid("Return", id);
        json.number("order_id", order.id);
        json.text("status", status);
    })
}
