use super::customer;
use super::json;
use crate::market::CURRENCY;
use crate::order::{Line, Order};
use crate::people::Customer;

/// `checkouts/create` and `checkouts/update`: the order that it is going to be, with other names.
pub(crate) fn checkout(order: &Order, buyer: Option<&Customer>, token: &str, seen_at: i64, completed: bool) -> String {
    json::object(|json| {
        json.text("token", token);
        json.text("cart_token", &order.token);
        json.maybe("email", order.email.as_deref());
        json.constant(r#""gateway":null,"buyer_accepts_marketing":false"#);
        json.time("created_at", order.placed_at - 120);
        json.time("updated_at", seen_at);
        json.constant(r#""note":null,"note_attributes":[],"shipping_lines":[]"#);
        json.text("currency", CURRENCY);
        match completed {
            true => json.time("completed_at", seen_at),
            false => json.null("completed_at"),
        }
        json.maybe("phone", order.phone.as_deref());
        json.text("customer_locale", order.market.locale);
        json.list("line_items", &order.lines, line);
        json.text("abandoned_checkout_url", &format!("https://checkout.example/{token}/recover?key=example"));
        json.amount("total_price", order.ordered.total);
        json.amount("total_tax", order.ordered.tax);
        json.constant(r#""shipping_address":[]"#);
        if let Some(buyer) = buyer {
            json.object("customer", |json| customer::members(json, buyer));
        }
    })
}

fn line(json: &mut json::Json, line: &Line) {
    json.maybe_number("product_id", line.article.map(|(product, ..)| product));
    json.maybe_number("variant_id", line.article.map(|(_, variant, _)| variant));
    json.text("title", &line.title);
    json.number("quantity", line.quantity);
    json.amount("price", line.price);
    json.amount("line_price", line.price * i64::from(line.quantity));
}
