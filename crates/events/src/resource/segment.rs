use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// Customers who have something in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Segment {
    pub name: String,
    /// In Shopify's own language.
    pub query: String,
    pub created_at: Option<Timestamp>,
}
