use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// What of its lines' prices is not paid for goods changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderExtrasChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub extras: OrderExtras,
}

/// What of an order's lines is not paid for goods. Empty where prices are without tax and nobody tipped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderExtras {
    /// Tax that is in the prices, by line.
    pub included_tax: Vec<LineTax>,
    /// Lines that are a tip.
    pub tips: Vec<LineId>,
}

/// Tax on a whole line after its discount, as it was ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LineTax {
    pub line_id: LineId,
    pub tax: MoneySet,
}
