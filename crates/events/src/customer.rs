//! What happens to a customer's record.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::*;

events! {
    /// The events of a customer.
    CustomerEvent of Customer {
        Registered(CustomerRegistered) = "customer.registered", 1;
        ProfileChanged(CustomerProfileChanged) = "customer.profile_changed", 1;
        AddressChanged(CustomerAddressChanged) = "customer.address_changed", 1;
        Tagged(CustomerTagged) = "customer.tagged", 1;
        Enabled(CustomerEnabled) = "customer.enabled", 1;
        Disabled(CustomerDisabled) = "customer.disabled", 1;
        Touched(CustomerTouched) = "customer.touched", 1;
        Deleted(CustomerDeleted) = "customer.deleted", 1;
    }
}

/// The first snapshot of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerRegistered {
    /// `created_at`.
    pub at: Timestamp,
    pub as_of: AsOf,
    pub profile: CustomerProfile,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerProfile {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub verified_email: bool,
    pub tax_exempt: bool,
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerProfileChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub profile: CustomerProfile,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerAddressChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub default_address: Option<Address>,
}

/// Only snapshots of API versions before 2025-01 say a customer's tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerTagged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub tags: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerEnabled {
    pub at: Timestamp,
    pub as_of: AsOf,
}

/// The account cannot be logged in to: `disabled`, `invited` or `declined`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerDisabled {
    pub at: Timestamp,
    pub as_of: AsOf,
}

/// A newer snapshot differs in nothing but its time. Kept, so that an older one can never win over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerTouched {
    pub at: Timestamp,
    pub as_of: AsOf,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerDeleted {
    pub at: Timestamp,
}
