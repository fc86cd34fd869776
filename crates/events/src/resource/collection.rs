use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// A group of products.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Collection {
    pub title: String,
    pub handle: Option<String>,
    /// None while it is hidden.
    pub published_at: Option<Timestamp>,
    /// `web` or `global`.
    pub published_scope: Option<String>,
    pub sort_order: Option<String>,
}
