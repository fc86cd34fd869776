//! What happens to a return that is told without its order.
//!
//! What names the order is told by [`OrderReturned`] and [`OrderReturnUpdated`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::*;

events! {
    /// The events of a return.
    ReturnEvent of Return {
        Changed(ReturnChanged) = "return.changed", 1;
        DeliveryAttached(ReturnDeliveryAttached) = "return.delivery_attached", 1;
    }
}

/// A return was edited: a difference, which counts once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub change: ReturnChange,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnChange {
    /// Goods that will not come back after all.
    pub removed: Vec<ReturnRemoval>,
    /// What is kept back for restocking or for the way was changed; the refund says by how much.
    pub fees_changed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnRemoval {
    pub line_id: ReturnLineId,
    pub quantity: u32,
}

/// It is known how goods come back: a label, or a parcel's number. The newest word on a parcel wins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnDeliveryAttached {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub delivery_id: ReverseDeliveryId,
    pub delivery: ReturnDelivery,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnDelivery {
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    pub tracking_url: Option<String>,
}
