use serde::Deserialize;

use crate::wire::{Text, nonempty, personal};

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
            first_name: personal(body.first_name),
            last_name: personal(body.last_name),
            company: personal(body.company),
            address1: personal(body.address1),
            address2: personal(body.address2),
            city: personal(body.city),
            district: body.zip.as_ref().and_then(|zip| events::Address::district_of(zip.as_str())),
            zip: personal(body.zip),
            province_code: nonempty(body.province_code),
            country_code: nonempty(body.country_code),
            phone: personal(body.phone),
        }
    }
}
