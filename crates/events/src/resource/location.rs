use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sealed::personal;
use crate::*;

/// A place where stock is kept and sent from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    pub name: String,
    /// Orders can be sent from it.
    pub active: bool,
    /// Of a fulfilment service of the old kind.
    pub legacy: bool,
    pub address: Address,
    pub created_at: Option<Timestamp>,
}

personal! {
    Location {} with { address };
}
