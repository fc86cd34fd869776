use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// A price that is lowered for a while; what it lowers is not in the webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Discount {
    pub title: Option<String>,
    /// `ACTIVE`, `EXPIRED` or `SCHEDULED`.
    pub status: String,
    pub created_at: Option<Timestamp>,
}

/// A code that a buyer types in for a discount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiscountCode {
    pub discount_id: DiscountId,
    pub code: String,
}
