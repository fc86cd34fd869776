//! What happens to a fulfilment order: the lines of one order that one location is to send.
//!
//! Shopify's webhooks tell a part each, and no time of their own. So every event carries what was
//! told, and the whole as it is known after: a reader overwrites and never adds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::*;

events! {
    /// The events of a fulfilment order.
    FulfillmentOrderEvent of FulfillmentOrder {
        Routed(FulfillmentOrderRouted) = "fulfillment_order.routed", 1;
        Moved(FulfillmentOrderMoved) = "fulfillment_order.moved", 1;
        Split(FulfillmentOrderSplit) = "fulfillment_order.split", 1;
        Merged(FulfillmentOrderMerged) = "fulfillment_order.merged", 1;
        Held(FulfillmentOrderHeld) = "fulfillment_order.held", 1;
        Released(FulfillmentOrderReleased) = "fulfillment_order.released", 1;
        Rescheduled(FulfillmentOrderRescheduled) = "fulfillment_order.rescheduled", 1;
        Cancelled(FulfillmentOrderCancelled) = "fulfillment_order.cancelled", 1;
        Updated(FulfillmentOrderUpdated) = "fulfillment_order.updated", 1;
        Touched(FulfillmentOrderTouched) = "fulfillment_order.touched", 1;
    }
}

/// The events differ in name only.
macro_rules! fulfillment_order_events {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            pub at: Timestamp,
            pub as_of: AsOf,
            pub told: FulfillmentOrderTold,
            /// After it.
            pub fulfillment_order: FulfillmentOrder,
        }
    )*};
}

fulfillment_order_events! {
    /// Its location became known.
    FulfillmentOrderRouted;
    /// Lines left it for another one, or came to it.
    FulfillmentOrderSplit;
    /// It was united with others.
    FulfillmentOrderMerged;
    /// The merchant or an app stopped it.
    FulfillmentOrderHeld;
    FulfillmentOrderReleased;
    /// The time at which it may be sent changed.
    FulfillmentOrderRescheduled;
    FulfillmentOrderCancelled;
    /// Something else of it changed: its status, its request to the fulfilment service, its lines.
    FulfillmentOrderUpdated;
    /// News that changed nothing. Kept, so that older news can never win over it.
    FulfillmentOrderTouched;
}

/// Another location is to send it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FulfillmentOrderMoved {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub from: LocationId,
    pub told: FulfillmentOrderTold,
    /// After it.
    pub fulfillment_order: FulfillmentOrder,
}

/// A fulfilment order as it is known. Most webhooks name neither its order nor its lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FulfillmentOrder {
    pub id: FulfillmentOrderId,
    pub order_id: Option<OrderId>,
    /// Shopify's word: `open`, `in_progress`, `scheduled`, `on_hold`, `incomplete`, `cancelled`, `closed`.
    pub status: Option<String>,
    /// Shopify's word for the request to a fulfilment service: `unsubmitted`, `submitted`, `accepted`, …
    pub request_status: Option<String>,
    /// Where it is to be sent from.
    pub location_id: Option<LocationId>,
    /// None while no webhook has told them.
    pub lines: Option<Vec<FulfillmentOrderLine>>,
    /// Not before.
    pub fulfill_at: Option<Timestamp>,
    pub holds: Vec<FulfillmentHold>,
    /// Those that took over its lines.
    pub replaced_by: Vec<FulfillmentOrderId>,
    /// Those whose lines it took over.
    pub replaces: Vec<FulfillmentOrderId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FulfillmentOrderLine {
    /// Of the order.
    pub line_id: LineId,
    /// Assigned to this fulfilment order.
    pub quantity: u32,
    /// Not yet sent.
    pub remaining: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct FulfillmentHold {
    pub id: FulfillmentHoldId,
    /// Shopify's word: `inventory_out_of_stock`, `high_risk_of_fraud`, `other`, …
    pub reason: Option<String>,
}

/// What one webhook tells; what it does not speak of is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FulfillmentOrderTold {
    pub order_id: Option<OrderId>,
    pub status: Option<String>,
    pub request_status: Option<String>,
    pub location_id: Option<LocationId>,
    pub lines: Option<Vec<FulfillmentOrderLine>>,
    pub fulfill_at: Option<Timestamp>,
    pub held: Vec<FulfillmentHold>,
    pub released: Vec<FulfillmentHoldId>,
    pub replaced_by: Vec<FulfillmentOrderId>,
    pub replaces: Vec<FulfillmentOrderId>,
}

impl FulfillmentOrderEvent {
    /// What the webhook told.
    pub fn told(&self) -> &FulfillmentOrderTold {
        self.parts().0
    }

    /// The fulfilment order as it is known after it.
    pub fn after(&self) -> &FulfillmentOrder {
        self.parts().1
    }

    fn parts(&self) -> (&FulfillmentOrderTold, &FulfillmentOrder) {
        match self {
            Self::Routed(event) => (&event.told, &event.fulfillment_order),
            Self::Moved(event) => (&event.told, &event.fulfillment_order),
            Self::Split(event) => (&event.told, &event.fulfillment_order),
            Self::Merged(event) => (&event.told, &event.fulfillment_order),
            Self::Held(event) => (&event.told, &event.fulfillment_order),
            Self::Released(event) => (&event.told, &event.fulfillment_order),
            Self::Rescheduled(event) => (&event.told, &event.fulfillment_order),
            Self::Cancelled(event) => (&event.told, &event.fulfillment_order),
            Self::Updated(event) => (&event.told, &event.fulfillment_order),
            Self::Touched(event) => (&event.told, &event.fulfillment_order),
        }
    }
}
