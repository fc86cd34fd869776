use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// A payment that the buyer's bank questions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dispute {
    /// None when Shopify cannot say which.
    pub order_id: Option<OrderId>,
    /// `chargeback` or `inquiry`.
    pub kind: String,
    pub amount: Money,
    pub reason: Option<String>,
    pub network_reason_code: Option<String>,
    /// `needs_response`, `under_review`, `won`, `lost`, …
    pub status: String,
    pub initiated_at: Option<Timestamp>,
    pub evidence_due_by: Option<Timestamp>,
    pub evidence_sent_on: Option<Timestamp>,
    pub finalized_on: Option<Timestamp>,
}
