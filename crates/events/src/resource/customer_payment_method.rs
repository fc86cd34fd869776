use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sealed::personal;
use crate::*;

/// A means of payment that a customer has left with the shop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerPaymentMethod {
    pub customer_id: CustomerId,
    /// `CustomerCreditCard`, `CustomerPaypalBillingAgreement`, …
    pub instrument: Option<String>,
    pub personal: PaymentInstrument,
}

/// What tells one card from another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentInstrument {
    pub holder: Option<Sealed>,
    pub brand: Option<String>,
    pub last_digits: Option<Sealed>,
    pub month: Option<u32>,
    pub year: Option<u32>,
}

personal! {
    CustomerPaymentMethod {} with { personal };
    PaymentInstrument { holder, last_digits };
}
