//! What happens to a checkout: a customer on the way to an order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::sealed::personal;
use crate::*;

events! {
    /// The events of a checkout.
    CheckoutEvent of Checkout {
        Started(CheckoutStarted) = "checkout.started", 2;
        Updated(CheckoutUpdated) = "checkout.updated", 2;
        Touched(CheckoutTouched) = "checkout.touched", 1;
        Completed(CheckoutCompleted) = "checkout.completed", 1;
        Abandoned(CheckoutAbandoned) = "checkout.abandoned", 1;
        Recovered(CheckoutRecovered) = "checkout.recovered", 1;
    }
}

/// The first snapshot of a checkout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckoutStarted {
    /// `created_at`.
    pub at: Timestamp,
    pub as_of: AsOf,
    pub content: CheckoutContent,
}

/// What stands in a checkout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckoutContent {
    pub cart_token: Option<String>,
    /// None for a guest.
    pub customer_id: Option<CustomerId>,
    pub email: Option<Sealed>,
    pub phone: Option<Sealed>,
    /// Of the customer: `fr`, `en-CA`.
    pub locale: Option<String>,
    pub accepts_marketing: bool,
    pub total: Money,
    pub lines: Vec<CheckoutLine>,
    /// Where the customer can go on. Whoever knows it sees the checkout.
    pub recovery_url: Option<Sealed>,
}

personal! {
    CheckoutContent { email, phone, recovery_url };
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckoutLine {
    pub product_id: Option<ProductId>,
    pub variant_id: Option<VariantId>,
    pub title: String,
    pub quantity: u32,
    /// Of one unit.
    pub price: Money,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckoutUpdated {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub content: CheckoutContent,
}

/// A newer snapshot differs in nothing but its time. Kept, because it shows that the customer is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckoutTouched {
    pub at: Timestamp,
    pub as_of: AsOf,
}

/// It became an order. Told again when more of it becomes known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckoutCompleted {
    pub at: Timestamp,
    /// None while only the checkout itself says it.
    pub order_id: Option<OrderId>,
}

/// Nothing has happened to it for so long that it is given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckoutAbandoned {
    /// The end of the wait.
    pub at: Timestamp,
    /// The last sign of the customer.
    pub last_seen_at: Timestamp,
}

/// It became an order after it was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckoutRecovered {
    pub at: Timestamp,
    pub order_id: Option<OrderId>,
}
