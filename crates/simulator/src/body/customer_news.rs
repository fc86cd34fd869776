use super::json::{self, Json};
use crate::clock::utc;
use crate::market::CURRENCY;
use crate::people::Customer;

/// `customer.tags_added` and `customer.tags_removed`.
pub(crate) fn tags(customer: &Customer, tags: &[&'static str], at: i64) -> String {
    json::object(|json| {
        json.text("customerId", &format!("gid://shopify/Customer/{}", customer.id));
        json.texts("tags", tags.iter().copied());
        json.text("occurredAt", &format!("{:.3}", utc(at)));
    })
}

/// `customers_email_marketing_consent/update`.
pub(crate) fn consent(customer: &Customer, state: &str, at: i64) -> String {
    json::object(|json| {
        json.number("customer_id", customer.id);
        json.text("email_address", &customer.email);
        json.object("email_marketing_consent", |json| told(json, state, at));
    })
}

/// `customers_marketing_consent/update`: to text messages.
pub(crate) fn text_consent(customer: &Customer, state: &str, at: i64) -> String {
    json::object(|json| {
        json.number("id", customer.id);
        json.maybe("phone", customer.phone.as_deref());
        json.object("sms_marketing_consent", |json| told(json, state, at));
    })
}

/// `customers_whats_app_marketing_consent/update`.
pub(crate) fn whats_app_consent(customer: &Customer, state: &str, at: i64) -> String {
    json::object(|json| {
        json.number("customer_id", customer.id);
        json.object("whats_app_marketing_consent", |json| told(json, state, at));
    })
}

fn told(json: &mut Json, state: &str, at: i64) {
    json.text("state", state);
    json.text("opt_in_level", "single_opt_in");
    json.time("consent_updated_at", at);
}

/// `customer.joined_segment` and `customer.left_segment`: the same body.
pub(crate) fn segment(customer: &Customer, segment: u64) -> String {
    json::object(|json| {
        json.number("shop_id", 548_380_009);
        json.number("customer_id", customer.id);
        json.number("segment_id", segment);
    })
}

/// `customers/purchasing_summary`.
pub(crate) fn summary(customer: &Customer, orders: usize, spent: i64, at: i64) -> String {
    json::object(|json| {
        json.text("customerId", &format!("gid://shopify/Customer/{}", customer.id));
        json.number("numberOfOrders", orders);
        json.object("amountSpent", |json| {
            json.amount("amount", spent);
            json.text("currencyCode", CURRENCY);
        });
        json.null("lastOrderId");
        json.text("occurredAt", &format!("{:.3}", utc(at)));
    })
}
