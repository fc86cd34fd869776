use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// An agreement to buy again and again; its lines are not in the webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubscriptionContract {
    /// `active`, `paused`, `cancelled`, `expired`, `failed`.
    pub status: String,
    pub customer_id: Option<CustomerId>,
    /// The order it began with.
    pub origin_order_id: Option<OrderId>,
    pub currency: Currency,
    pub billing: SubscriptionPolicy,
    pub delivery: SubscriptionPolicy,
    /// Shopify's number of the contract's state; it grows.
    pub revision: u64,
}

/// How often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubscriptionPolicy {
    /// `day`, `week`, `month` or `year`.
    pub interval: String,
    pub interval_count: u32,
    pub min_cycles: Option<u32>,
    pub max_cycles: Option<u32>,
}

/// One try to charge for a cycle of a contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubscriptionBillingAttempt {
    pub contract_id: SubscriptionContractId,
    /// The order that came of it.
    pub order_id: Option<OrderId>,
    pub outcome: BillingOutcome,
    pub error_code: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BillingOutcome {
    /// The buyer's bank wants to see the buyer.
    Challenged,
    Failed,
    Succeeded,
}

/// One turn of a contract, where it differs from the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubscriptionBillingCycle {
    pub contract_id: SubscriptionContractId,
    /// From 1.
    pub index: u32,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub billing_expected_at: Option<Timestamp>,
    pub skipped: bool,
    pub edited: bool,
}
