use super::json::{self, Json};
use super::line::line;
use super::transaction;
use crate::market::amount;
use crate::order::{Order, Refund, RefundLine};

/// `refunds/create`.
pub(crate) fn refund(order: &Order, refund: &Refund) -> String {
    json::object(|json| members(json, order, refund))
}

/// Of a refund on its own, and inside its order.
pub(super) fn members(json: &mut Json, order: &Order, refund: &Refund) {
    json.number("id", refund.id);
    json.gid("Refund", refund.id);
    json.time("created_at", refund.at);
    json.maybe("note", refund.note);
    json.number("order_id", order.id);
    json.time("processed_at", refund.at);
    json.number("restock", refund.lines.iter().any(|line| line.restock != "no_restock"));
    json.set("total_additional_fees_set", 0, order.market);
    json.set("total_duties_set", 0, order.market);
    json.constant(r#""user_id":null,"return":null"#);
    json.list("order_adjustments", (refund.goodwill > 0).then_some(refund.goodwill), |json, goodwill| {
        json.number("id", refund.id + 1);
        json.amount("amount", -goodwill);
        json.set("amount_set", -goodwill, order.market);
        json.constant(r#""kind":"refund_discrepancy""#);
        json.number("order_id", order.id);
        json.constant(r#""reason":"Refund discrepancy""#);
        json.number("refund_id", refund.id);
        json.text("tax_amount", "0.00");
        json.set("tax_amount_set", 0, order.market);
    });
    json.list("refund_shipping_lines", (refund.shipping > 0).then_some(refund.shipping), |json, shipping| {
        json.number("id", refund.id + 2);
        json.set("subtotal_amount_set", shipping, order.market);
    });
    let of_refund = |id: &u64| order.transactions.iter().find(|transaction| transaction.id == *id);
    json.list("transactions", refund.transactions.iter().filter_map(of_refund), |json, one| {
        transaction::members(json, order, one);
    });
    json.list("refund_line_items", &refund.lines, |json, refunded| refund_line(json, order, refunded));
    json.constant(r#""duties":[],"additional_fees":[]"#);
}

fn refund_line(json: &mut Json, order: &Order, refunded: &RefundLine) {
    json.number("id", refunded.id);
    json.number("line_item_id", order.lines[refunded.line].id);
    json.maybe_number("location_id", refunded.location);
    json.number("quantity", refunded.quantity);
    json.text("restock_type", refunded.restock);
    // These two are JSON numbers, and whole ones have no fraction.
    json.number("subtotal", plain(refunded.subtotal));
    json.set("subtotal_set", refunded.subtotal, order.market);
    json.number("total_tax", plain(refunded.tax));
    json.set("total_tax_set", refunded.tax, order.market);
    json.object("line_item", |json| line(json, order, refunded.line, order.lines[refunded.line].quantity));
}

fn plain(cents: i64) -> String {
    let text = amount(cents);
    text.strip_suffix(".00").map(str::to_owned).unwrap_or(text)
}
