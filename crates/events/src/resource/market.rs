use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the shop sells, and under which name it calls that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Market {
    pub name: String,
    /// `region`, `b2b`, …
    pub kind: Option<String>,
    pub status: Option<String>,
}
