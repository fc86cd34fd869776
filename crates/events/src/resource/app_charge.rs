use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// What the merchant pays for this app, again and again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppSubscription {
    pub name: String,
    pub status: String,
    pub price: Option<Money>,
    /// The most that usage may cost in an interval.
    pub capped_amount: Option<Money>,
    pub interval: Option<String>,
    pub plan_handle: Option<String>,
    pub created_at: Option<Timestamp>,
}

/// What the merchant pays for this app once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppPurchase {
    pub name: String,
    pub status: String,
    pub price: Option<Money>,
    pub created_at: Option<Timestamp>,
}
