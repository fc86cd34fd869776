use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// When an order has to be paid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentTerms {
    pub name: Option<String>,
    /// `net`, `fixed`, `receipt`, …
    pub kind: String,
    pub due_in_days: Option<u32>,
    pub schedules: Vec<PaymentSchedule>,
    pub created_at: Option<Timestamp>,
}

/// One payment of those terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentSchedule {
    pub id: PaymentScheduleId,
    pub payment_terms_id: Option<PaymentTermsId>,
    pub amount: Money,
    /// What is still to be paid.
    pub balance_due: Option<Money>,
    pub issued_at: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
}
