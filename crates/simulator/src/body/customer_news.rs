use super::json;
use crate::clock::utc;
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
        json.object("email_marketing_consent", |json| {
            json.text("state", state);
            json.text("opt_in_level", "single_opt_in");
            json.time("consent_updated_at", at);
        });
    })
}
