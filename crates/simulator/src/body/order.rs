use super::json::{self, Json};
use super::{customer, fulfillment, line, price, refund};
use crate::market::CURRENCY;
use crate::order::Order;
use crate::people::Customer;

/// The whole order: the body of seven topics.
pub(crate) fn order(order: &Order, of: Option<&Customer>, domain: &str) -> String {
    json::object(|json| {
        head(json, order);
        current_totals(json, order);
        middle(json, order, domain);
        totals(json, order);
        json.time("updated_at", order.updated_at);
        json.null("user_id");
        customer::of_order(json, "billing_address", order.billing_address.as_ref());
        match of {
            Some(of) => json.object("customer", |json| customer::members(json, of)),
            None => json.null("customer"),
        }
        parts(json, order);
    })
}

fn head(json: &mut Json, order: &Order) {
    json.number("id", order.id);
    json.gid("Order", order.id);
    json.constant(r#""app_id":580111,"browser_ip":"203.0.113.7","buyer_accepts_marketing":false"#);
    json.maybe("cancel_reason", order.cancelled.map(|(_, reason)| reason));
    maybe_time(json, "cancelled_at", order.cancelled.map(|(at, _)| at));
    json.constant(r#""cart_token":null,"checkout_id":null"#);
    json.maybe("checkout_token", order.checkout.as_deref());
    json.null("client_details");
    maybe_time(json, "closed_at", order.closed_at);
    if let Some(company) = order.company {
        json.object("company", |json| {
            json.number("id", company.id);
            json.number("location_id", company.location_id);
        });
    }
    json.constant(r#""confirmation_number":null,"confirmed":true"#);
    json.maybe("contact_email", order.email.as_deref());
    json.time("created_at", order.placed_at);
    json.text("currency", CURRENCY);
}

fn current_totals(json: &mut Json, order: &Order) {
    json.set("current_shipping_price_set", order.current_shipping(), order.market);
    price(json, "current_subtotal_price", order.current_subtotal(), order);
    json.null("current_total_additional_fees_set");
    price(json, "current_total_discounts", order.current_discounts(), order);
    json.null("current_total_duties_set");
    price(json, "current_total_price", order.current_total(), order);
    price(json, "current_total_tax", order.current_tax(), order);
}

fn middle(json: &mut Json, order: &Order, domain: &str) {
    json.text("customer_locale", order.market.locale);
    json.null("device_id");
    json.list("discount_codes", order.discount, |json, (code, _)| {
        json.text("code", code);
        json.amount("amount", order.ordered.discounts);
        json.constant(r#""type":"percentage""#);
    });
    json.constant(r#""duties_included":false"#);
    json.maybe("email", order.email.as_deref());
    json.constant(r#""estimated_taxes":false"#);
    json.text("financial_status", order.financial_status());
    json.maybe("fulfillment_status", order.fulfillment_status());
    json.constant(r#""landing_site":"/","landing_site_ref":null"#);
    json.maybe_number("location_id", order.location);
    json.constant(r#""merchant_business_entity_id":"MTIzNDU2Nzg5","merchant_of_record_app_id":null"#);
    json.text("name", &format!("#{}", order.number));
    json.maybe("note", order.note);
    json.constant(r#""note_attributes":[]"#);
    json.number("number", order.number - 1000);
    json.number("order_number", order.number);
    json.text("order_status_url", &format!("https://{domain}/1/orders/{}/authenticate?key=0", order.token));
    json.constant(r#""original_total_additional_fees_set":null,"original_total_duties_set":null"#);
    json.texts("payment_gateway_names", [order.gateway]);
    json.maybe("phone", order.phone.as_deref());
    json.maybe("po_number", order.company.map(|_| "PO-4711"));
    json.text("presentment_currency", order.market.currency);
    json.time("processed_at", order.placed_at);
    json.constant(r#""reference":null,"referring_site":null,"source_identifier":null"#);
    json.text("source_name", order.source);
    json.null("source_url");
}

fn totals(json: &mut Json, order: &Order) {
    let ordered = order.ordered;
    price(json, "subtotal_price", ordered.subtotal, order);
    json.text("tags", &order.tags.iter().copied().collect::<Vec<_>>().join(", "));
    json.constant(r#""tax_exempt":false"#);
    json.list("tax_lines", (ordered.tax > 0).then_some(ordered.tax), |json, tax| {
        price(json, "price", tax, order);
        json.constant(r#""rate":0.0825,"title":"State Tax","channel_liable":false"#);
    });
    json.constant(r#""taxes_included":false"#);
    json.number("test", order.test);
    json.text("token", &order.token);
    json.set("total_cash_rounding_payment_adjustment_set", 0, order.market);
    json.set("total_cash_rounding_refund_adjustment_set", 0, order.market);
    price(json, "total_discounts", ordered.discounts, order);
    price(json, "total_line_items_price", ordered.goods, order);
    json.amount("total_outstanding", order.outstanding());
    price(json, "total_price", ordered.total, order);
    json.set("total_shipping_price_set", order.shipping, order.market);
    price(json, "total_tax", ordered.tax, order);
    json.constant(r#""total_tip_received":"0.00""#);
    json.number("total_weight", order.lines.iter().map(|line| line.grams * i64::from(line.quantity)).sum::<i64>());
}

fn parts(json: &mut Json, order: &Order) {
    json.list("discount_applications", order.discount, |json, (code, percent)| {
        json.constant(r#""target_type":"line_item","type":"discount_code","value_type":"percentage""#);
        json.constant(r#""allocation_method":"across","target_selection":"all""#);
        json.text("value", &format!("{percent}.0"));
        json.text("code", code);
    });
    json.list("fulfillments", order.fulfillments.iter().enumerate(), |json, (at, one)| {
        fulfillment::members(json, order, at, one);
    });
    json.list("line_items", order.lines.iter().enumerate(), |json, (at, one)| {
        line::line(json, order, at, one.quantity);
    });
    json.null("payment_terms");
    json.list("refunds", &order.refunds, |json, one| refund::members(json, order, one));
    customer::of_order(json, "shipping_address", order.shipping_address.as_ref());
    json.list("shipping_lines", (order.shipping > 0).then_some(order.shipping), |json, shipping| {
        json.number("id", order.id + 1);
        json.constant(r#""carrier_identifier":null,"code":"Standard""#);
        json.set("current_discounted_price_set", order.current_shipping(), order.market);
        price(json, "discounted_price", shipping, order);
        json.constant(r#""is_removed":false,"phone":null"#);
        price(json, "price", shipping, order);
        json.constant(r#""requested_fulfillment_service_id":null,"source":"shopify","title":"Standard""#);
        json.constant(r#""tax_lines":[],"discount_allocations":[]"#);
    });
    json.constant(r#""returns":[],"line_item_groups":[]"#);
}

fn maybe_time(json: &mut Json, key: &str, at: Option<i64>) {
    match at {
        Some(at) => json.time(key, at),
        None => json.null(key),
    }
}

/// A committed edit: ids of lines, and by how much.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    pub(crate) id: u64,
    pub(crate) additions: Vec<(u64, u32)>,
    pub(crate) removals: Vec<(u64, u32)>,
}

/// `orders/edited`: the edit, not the order.
pub(crate) fn edited(order: &Order, edit: &Edit) -> String {
    let delta = |json: &mut Json, (line, units): &(u64, u32)| {
        json.number("id", line);
        json.number("delta", units);
    };
    json::object(|json| {
        json.object("order_edit", |json| {
            json.number("id", edit.id);
            json.null("app_id");
            json.time("created_at", order.updated_at);
            json.time("committed_at", order.updated_at);
            json.constant(r#""notify_customer":false"#);
            json.number("order_id", order.id);
            json.constant(r#""staff_note":"","user_id":null"#);
            json.object("line_items", |json| {
                json.list("additions", &edit.additions, delta);
                json.list("removals", &edit.removals, delta);
            });
            json.constant(r#""discounts":{"line_item":{"additions":[],"removals":[]}}"#);
            json.constant(r#""shipping_lines":{"additions":[],"removals":[]}"#);
        });
    })
}
