use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// Somebody on the way said where the goods of a fulfilment are. It may come before the fulfilment itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderShipmentTracked {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub fulfillment_id: FulfillmentId,
    pub told: Waypoint,
    /// Where the goods are after it: the latest waypoint that was not taken back; none when all were.
    pub status: Option<String>,
}

/// One scan of a shipment. Places are left in the inbox: the last one is the customer's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Waypoint {
    pub id: FulfillmentEventId,
    /// Shopify's word: `label_printed`, `in_transit`, `out_for_delivery`, `delivered`, `failure`, …
    pub status: String,
    pub happened_at: Timestamp,
    pub estimated_delivery_at: Option<Timestamp>,
    /// It was taken back; Shopify gives no id twice.
    pub withdrawn: bool,
}
