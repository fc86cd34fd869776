use serde::Deserialize;

use crate::wire::{Text, nonempty};

/// The address of an order or a customer.
#[derive(Deserialize)]
pub(crate) struct AddressBody<'a> {
    #[serde(borrow)]
    pub(crate) first_name: Option<Text<'a>>,
    pub(crate) last_name: Option<Text<'a>>,
    pub(crate) company: Option<Text<'a>>,
    pub(crate) address1: Option<Text<'a>>,
    pub(crate) address2: Option<Text<'a>>,
    pub(crate) city: Option<Text<'a>>,
    pub(crate) zip: Option<Text<'a>>,
    pub(crate) province_code: Option<Text<'a>>,
    pub(crate) country_code: Option<Text<'a>>,
    pub(crate) phone: Option<Text<'a>>,
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
