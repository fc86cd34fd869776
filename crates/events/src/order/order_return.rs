use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// Goods that the customer sends back. What it brings to the stock and the till is told by refunds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderReturn {
    pub id: ReturnId,
    /// Shopify's word: `requested`, `open`, `closed`, `declined`, `canceled`.
    pub status: String,
    /// `#1042-R1`.
    pub name: Option<String>,
    /// None while no webhook has told them.
    pub lines: Option<Vec<ReturnLine>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnLine {
    /// None for goods that Shopify cannot match to the order.
    pub line_id: Option<LineId>,
    pub quantity: u32,
    /// Shopify's word: `size_too_small`, `defective`, `unwanted`, …
    pub reason: Option<String>,
}

/// What one webhook tells of a return; what it does not speak of is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnTold {
    pub status: String,
    pub name: Option<String>,
    pub lines: Option<Vec<ReturnLine>>,
}

macro_rules! return_events {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            pub at: Timestamp,
            pub as_of: AsOf,
            pub told: ReturnTold,
            /// After it.
            pub order_return: OrderReturn,
        }
    )*};
}

return_events! {
    /// The merchant takes the goods back: the return was opened or approved.
    OrderReturned;
    /// It was asked for, declined, cancelled, closed, or reopened; or more of it became known.
    OrderReturnUpdated;
}
