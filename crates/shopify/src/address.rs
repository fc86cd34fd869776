use serde::Deserialize;

use crate::wire::{Text, nonempty};

/// The address of an order or a customer.
#[derive(Deserialize)]
pub(crate) struct AddressBody<'a> {
    #[serde(borrow)]
    first_name: Option<Text<'a>>,
    last_name: Option<Text<'a>>,
    company: Option<Text<'a>>,
    address1: Option<Text<'a>>,
    address2: Option<Text<'a>>,
    city: Option<Text<'a>>,
    zip: Option<Text<'a>>,
    province_code: Option<Text<'a>>,
    country_code: Option<Text<'a>>,
    phone: Option<Text<'a>>,
}

impl From<AddressBody<'_>> for events::Address {
    fn from(body: AddressBody<'_>) -> Self {
        Self {
            first_name: nonempty(body.first_name),
            last_name: nonempty(body.last_name),
            company: nonempty(body.company),
            address1: nonempty(body.address1),
            address2: nonempty(body.address2),
            city: nonempty(body.city),
            zip: nonempty(body.zip),
            province_code: nonempty(body.province_code),
            country_code: nonempty(body.country_code),
            phone: nonempty(body.phone),
        }
    }
}
