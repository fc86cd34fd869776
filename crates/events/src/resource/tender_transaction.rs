use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// Money that came in or went out, whatever it was for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TenderTransaction {
    pub order_id: OrderId,
    /// Negative for what was given back.
    pub amount: Money,
    pub method: Option<String>,
    pub test: bool,
    pub remote_reference: Option<String>,
    pub processed_at: Option<Timestamp>,
}
