use super::json::{self, Json};
use crate::market::CURRENCY;
use crate::people::{Address, Customer};

/// `customers/create` and `customers/update`.
pub(crate) fn customer(customer: &Customer) -> String {
    json::object(|json| {
        members(json, customer);
        json.list("addresses", Some(customer), default_address);
    })
}

/// Of a customer on their own, and inside an order. Counts, tags and consent have left in 2025-01.
pub(super) fn members(json: &mut Json, customer: &Customer) {
    json.number("id", customer.id);
    json.time("created_at", customer.created_at);
    json.time("updated_at", customer.updated_at);
    json.text("first_name", customer.first_name);
    json.text("last_name", customer.last_name);
    json.text("state", customer.state);
    json.maybe("note", customer.note);
    json.constant(r#""verified_email":true,"multipass_identifier":null"#);
    json.number("tax_exempt", customer.tax_exempt);
    json.text("email", &customer.email);
    json.maybe("phone", customer.phone.as_deref());
    json.text("currency", CURRENCY);
    json.constant(r#""tax_exemptions":[]"#);
    json.gid("Customer", customer.id);
    json.object("default_address", |json| default_address(json, customer));
}

fn default_address(json: &mut Json, customer: &Customer) {
    let address = &customer.address;
    json.number("id", address.id);
    json.number("customer_id", customer.id);
    postal(json, address);
    json.text("country_name", address.country);
    json.constant(r#""default":true"#);
}

/// An order's address has a position, whose spelling is a matter of luck.
pub(super) fn of_order(json: &mut Json, key: &str, address: Option<&Address>) {
    let Some(address) = address else { return json.null(key) };
    json.object(key, |json| {
        postal(json, address);
        let (latitude, longitude) = address.town.position;
        match address.id % 3 {
            0 => json.constant(r#""latitude":null,"longitude":null"#),
            1 => {
                json.text("latitude", latitude);
                json.text("longitude", longitude);
            }
            _ => {
                json.number("latitude", latitude);
                json.number("longitude", longitude);
            }
        }
    });
}

fn postal(json: &mut Json, address: &Address) {
    json.text("first_name", address.first_name);
    json.text("last_name", address.last_name);
    json.maybe("company", address.company);
    json.text("address1", &address.street);
    json.null("address2");
    json.text("city", address.town.city);
    json.text("zip", address.town.zip);
    json.maybe("province", address.town.province.map(|(name, _)| name));
    json.text("country", address.country);
    json.null("phone");
    json.text("name", &format!("{} {}", address.first_name, address.last_name));
    json.maybe("province_code", address.town.province.map(|(_, code)| code));
    json.text("country_code", address.country_code);
}
