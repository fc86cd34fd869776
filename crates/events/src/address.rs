use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Sealed;
use crate::sealed::personal;

/// A postal address; each part as Shopify has it. Its country, province and district name nobody
/// and stay readable.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    pub first_name: Option<Sealed>,
    pub last_name: Option<Sealed>,
    pub company: Option<Sealed>,
    pub address1: Option<Sealed>,
    pub address2: Option<Sealed>,
    pub city: Option<Sealed>,
    pub zip: Option<Sealed>,
    /// See [`Address::district_of`].
    pub district: Option<String>,
    pub province_code: Option<String>,
    pub country_code: Option<String>,
    pub phone: Option<Sealed>,
}

personal! {
    Address { first_name, last_name, company, address1, address2, city, zip, phone };
}

impl Address {
    /// The first two characters of a postal code: they name the district in most countries.
    pub fn district_of(zip: &str) -> Option<String> {
        let district: String = zip.trim().chars().take(2).map(|c| c.to_ascii_uppercase()).collect();
        Some(district).filter(|district| district.chars().count() == 2)
    }
}
