use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sealed::personal;
use crate::*;

/// An order that a merchant prepares, until it is completed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DraftOrder {
    pub name: Option<String>,
    /// `open`, `invoice_sent` or `completed`.
    pub status: String,
    pub currency: Currency,
    /// The order it has become.
    pub order_id: Option<OrderId>,
    pub customer_id: Option<CustomerId>,
    pub b2b: bool,
    pub tax_exempt: bool,
    pub taxes_included: bool,
    pub tags: Vec<String>,
    pub lines: Vec<DraftLine>,
    /// What is taken off the whole of it.
    pub discount: Option<Money>,
    pub shipping: Option<Money>,
    pub subtotal: Money,
    pub tax: Money,
    pub total: Money,
    pub created_at: Option<Timestamp>,
    pub invoice_sent_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub personal: DraftPersonal,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DraftLine {
    /// None in old API versions.
    pub id: Option<LineId>,
    /// None for a custom line.
    pub product_id: Option<ProductId>,
    pub variant_id: Option<VariantId>,
    pub sku: Option<String>,
    pub title: String,
    pub quantity: u32,
    /// Of one unit, before discounts.
    pub price: Money,
    pub gift_card: bool,
}

/// What says who it is for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DraftPersonal {
    pub email: Option<Sealed>,
    pub note: Option<Sealed>,
    pub billing: Option<Box<Address>>,
    pub shipping: Option<Box<Address>>,
}

personal! {
    DraftOrder {} with { personal };
    DraftPersonal { email, note } with { billing, shipping };
}
