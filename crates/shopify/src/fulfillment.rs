use aggregates::{Command, OrderCommand};
use events::{Fulfillment, FulfillmentId, FulfillmentLine, FulfillmentState, LineId, LocationId, OrderId, Timestamp};
use serde::Deserialize;

use crate::wire::{Id, List, Object, Reference, Text, nonempty, optional};
use crate::{Reading, Unreadable};

/// `fulfillments/create` and `fulfillments/update`; a cancellation comes as an update.
pub(crate) fn changed(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: FulfillmentBody<'_> = delivery.decode()?;
    let Id(order_id) = body.order_id.ok_or_else(|| Unreadable::missing("order_id"))?;
    if body.line_items.is_none() {
        return Err(Unreadable::missing("line_items"));
    }
    Ok(vec![Command::Order(order_id, OrderCommand::Fulfillment(body.fulfillment()))])
}

/// A fulfilment, on its own or inside its order.
#[derive(Deserialize)]
pub(crate) struct FulfillmentBody<'a> {
    id: Id<FulfillmentId>,
    order_id: Option<Id<OrderId>>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    created_at: Timestamp,
    updated_at: Option<Timestamp>,
    location_id: Option<Reference<LocationId>>,
    tracking_company: Option<Text<'a>>,
    tracking_number: Option<Text<'a>>,
    tracking_url: Option<Text<'a>>,
    shipment_status: Option<Text<'a>>,
    line_items: Option<List<FulfilledLineBody>>,
}

#[derive(Deserialize)]
struct FulfilledLineBody {
    id: Id<LineId>,
    /// Of this fulfilment, not of the line.
    quantity: u32,
}

impl FulfillmentBody<'_> {
    pub(crate) fn fulfillment(self) -> Fulfillment {
        let Id(id) = self.id;
        let lines = self.line_items.unwrap_or_default().0.into_iter();
        Fulfillment {
            id,
            status: state(self.status.as_ref().map(Text::as_str)),
            created_at: self.created_at,
            updated_at: self.updated_at.unwrap_or(self.created_at),
            location_id: optional(self.location_id),
            tracking_company: nonempty(self.tracking_company),
            tracking_number: nonempty(self.tracking_number),
            tracking_url: nonempty(self.tracking_url),
            shipment_status: nonempty(self.shipment_status),
            lines: lines
                .map(|Object(FulfilledLineBody { id: Id(line_id), quantity })| FulfillmentLine { line_id, quantity })
                .collect(),
        }
    }
}

/// A status that we do not know is one before the outcome.
fn state(status: Option<&str>) -> FulfillmentState {
    match status {
        Some("open") => FulfillmentState::Open,
        Some("success") => FulfillmentState::Success,
        Some("error") => FulfillmentState::Error,
        Some("failure") => FulfillmentState::Failure,
        Some("cancelled") => FulfillmentState::Cancelled,
        _ => FulfillmentState::Pending,
    }
}
