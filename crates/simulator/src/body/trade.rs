//! What is beside orders, goods and customers: it moves neither stock nor points.

use super::json;
use crate::clock::utc;
use crate::market::{CURRENCY, amount};

/// `shop/update`; of `app/uninstalled` it would be the same.
pub(crate) fn shop(domain: &str, name: &str, now: i64) -> String {
    json::object(|json| {
        json.number("id", 548_380_009);
        json.text("name", name);
        json.text("myshopify_domain", domain);
        json.null("domain");
        json.text("currency", CURRENCY);
        json.text("iana_timezone", "America/New_York");
        json.text("plan_name", "basic");
        json.time("updated_at", now);
    })
}

/// `app/scopes_update`.
pub(crate) fn scopes(current: &[&str], now: i64) -> String {
    json::object(|json| {
        json.number("id", 1);
        json.text("shop_id", "gid://shopify/Shop/548380009");
        json.texts("previous", ["read_orders"]);
        json.texts("current", current.iter().copied());
        json.text("updated_at", &format!("{:.3}", utc(now)));
    })
}

/// `collections/create` and `collections/update`.
pub(crate) fn collection(id: u64, title: &str, now: i64) -> String {
    json::object(|json| {
        json.number("id", id);
        json.gid("Collection", id);
        json.text("handle", "teas");
        json.text("title", title);
        json.constant(r#""body_html":"","sort_order":"manual","template_suffix":null,"published_scope":"web""#);
        json.time("updated_at", now);
        json.time("published_at", now);
    })
}

/// `draft_orders/create` and `draft_orders/update`, of one line.
pub(crate) fn draft(id: u64, order: Option<u64>, now: i64) -> String {
    let status = if order.is_some() { "completed" } else { "open" };
    json::object(|json| {
        json.number("id", id);
        json.gid("DraftOrder", id);
        json.text("name", &format!("#D{}", id % 10_000));
        json.text("status", status);
        json.text("currency", CURRENCY);
        json.maybe_number("order_id", order);
        json.constant(r#""note":null,"email":null,"taxes_included":false,"tax_exempt":false,"b2b?":false,"tags":"""#);
        json.constant(r#""allow_discount_codes_in_checkout?":false,"applied_discount":null,"shipping_line":null"#);
        json.constant(r#""customer":null,"billing_address":null,"shipping_address":null,"tax_lines":[]"#);
        json.list("line_items", [id + 1], |json, line| {
            json.number("id", line);
            json.text("title", "Wrapping");
            json.constant(
                r#""variant_id":null,"product_id":null,"sku":null,"quantity":1,"gift_card":false,"custom":true"#,
            );
            json.amount("price", 150);
        });
        json.amount("subtotal_price", 150);
        json.amount("total_tax", 0);
        json.amount("total_price", 150);
        json.time("created_at", now);
        json.time("updated_at", now);
        json.null("invoice_sent_at");
        json.null("completed_at");
    })
}

/// `disputes/create` and `disputes/update`.
pub(crate) fn dispute(id: u64, order: u64, cents: i64, status: &str, now: i64) -> String {
    json::object(|json| {
        json.number("id", id);
        json.number("order_id", order);
        json.text("type", "chargeback");
        json.text("amount", &amount(cents));
        json.text("currency", CURRENCY);
        json.text("status", status);
        json.constant(
            r#""reason":"fraudulent","network_reason_code":"4837","evidence_sent_on":null,"finalized_on":null"#,
        );
        json.time("evidence_due_by", now + 604_800);
        json.time("initiated_at", now);
    })
}

/// `companies/create`.
pub(crate) fn company(id: u64, name: &str, now: i64) -> String {
    json::object(|json| {
        json.text("name", name);
        json.null("note");
        json.null("external_id");
        json.null("main_contact_admin_graphql_api_id");
        json.time("created_at", now);
        json.time("updated_at", now);
        json.time("customer_since", now);
        json.gid("Company", id);
    })
}

/// `subscription_contracts/*`; the revision grows.
pub(crate) fn contract(id: u64, customer: u64, status: &str, revision: u64) -> String {
    let policy = r#""interval":"month","interval_count":1,"min_cycles":null,"max_cycles":null"#;
    json::object(|json| {
        json.number("id", id);
        json.gid("SubscriptionContract", id);
        json.object("billing_policy", |json| json.constant(policy));
        json.object("delivery_policy", |json| json.constant(policy));
        json.text("currency_code", CURRENCY);
        json.number("customer_id", customer);
        json.text("status", status);
        json.null("origin_order_id");
        json.text("revision_id", &revision.to_string());
    })
}
