use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sealed::personal;
use crate::*;

/// A business that buys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Company {
    pub name: String,
    /// The merchant's own number for it.
    pub external_id: Option<String>,
    pub main_contact_id: Option<CompanyContactId>,
    pub customer_since: Option<Timestamp>,
    pub created_at: Option<Timestamp>,
    pub personal: CompanyPersonal,
}

/// Free text, which may name people.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompanyPersonal {
    pub note: Option<Sealed>,
}

/// A branch of a company: where it buys for, and on which terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompanyLocation {
    pub name: String,
    pub external_id: Option<String>,
    pub company_id: Option<CompanyId>,
    pub locale: Option<String>,
    pub tax_exemptions: Vec<String>,
    pub tax_registration_id: Option<String>,
    pub created_at: Option<Timestamp>,
    pub personal: CompanyLocationPersonal,
}

/// Where it is and who is reached there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompanyLocationPersonal {
    pub phone: Option<Sealed>,
    pub note: Option<Sealed>,
    pub billing: Option<Box<CompanyAddress>>,
    pub shipping: Option<Box<CompanyAddress>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompanyAddress {
    pub recipient: Option<Sealed>,
    pub address: Address,
}

/// A customer who may buy for a company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompanyContact {
    pub company_id: Option<CompanyId>,
    pub customer_id: Option<CustomerId>,
    /// The post held.
    pub title: Option<String>,
    pub locale: Option<String>,
    pub created_at: Option<Timestamp>,
}

/// What a contact may do at one of the company's locations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CompanyContactRole {
    pub contact_id: CompanyContactId,
    pub location_id: CompanyLocationId,
    pub company_id: Option<CompanyId>,
    pub customer_id: Option<CustomerId>,
    pub role: Option<String>,
    /// False once it is taken away; it may be given again.
    pub assigned: bool,
}

personal! {
    Company {} with { personal };
    CompanyPersonal { note };
    CompanyLocation {} with { personal };
    CompanyLocationPersonal { phone, note } with { billing, shipping };
    CompanyAddress { recipient } with { address };
}
