use super::json::Json;
use super::price;
use crate::order::{Line, Order};

/// A line as it stands; in a fulfilment with the quantity of that fulfilment.
pub(super) fn line(json: &mut Json, order: &Order, at: usize, quantity: u32) {
    let line = &order.lines[at];
    let fulfillable = order.fulfillable(at);
    json.number("id", line.id);
    json.gid("LineItem", line.id);
    json.constant(r#""attributed_staffs":[]"#);
    json.number("current_quantity", line.current());
    json.number("fulfillable_quantity", fulfillable);
    json.text("fulfillment_service", if line.gift_card { "gift_card" } else { "manual" });
    json.maybe("fulfillment_status", fulfillment_status(line, fulfillable));
    json.number("gift_card", line.gift_card);
    json.number("grams", line.grams);
    match &line.variant_title {
        Some(variant) => json.text("name", &format!("{} - {variant}", line.title)),
        None => json.text("name", &line.title),
    }
    price(json, "price", line.price, order);
    json.number("product_exists", line.article.is_some());
    json.maybe_number("product_id", line.article.map(|(product, _, _)| product));
    json.constant(r#""properties":[]"#);
    json.number("quantity", quantity);
    json.number("requires_shipping", !line.gift_card);
    json.null("sales_line_item_group_id");
    json.maybe("sku", line.sku.as_deref());
    json.number("taxable", line.tax_rate > 0);
    json.text("title", &line.title);
    // The discount is in the allocations; this says nothing, as in real stores.
    price(json, "total_discount", 0, order);
    json.maybe_number("variant_id", line.article.map(|(_, variant, _)| variant));
    json.maybe("variant_inventory_management", line.tracked.then_some("shopify"));
    json.maybe("variant_title", line.variant_title.as_deref());
    json.maybe("vendor", line.vendor);
    taxes(json, order, line);
    json.constant(r#""duties":[]"#);
    json.list("discount_allocations", (line.discount > 0).then_some(line.discount), |json, discount| {
        json.amount("amount", discount);
        json.set("amount_set", discount, order.market);
        json.constant(r#""discount_application_index":0"#);
    });
}

fn fulfillment_status(line: &Line, fulfillable: u32) -> Option<&'static str> {
    match (line.shipped, fulfillable) {
        (0, _) => None,
        (_, 0) => Some("fulfilled"),
        _ => Some("partial"),
    }
}

fn taxes(json: &mut Json, order: &Order, line: &Line) {
    let tax = line.tax(line.quantity);
    json.list("tax_lines", (line.tax_rate > 0).then_some(tax), |json, tax| {
        json.constant(r#""channel_liable":false"#);
        price(json, "price", tax, order);
        json.number("rate", format_args!("0.{:04}", line.tax_rate));
        json.constant(r#""title":"State Tax""#);
    });
}
