use aggregates::{Command, OrderCommand};
use events::{FulfillmentEventId, FulfillmentId, OrderId, Timestamp, Waypoint};
use serde::Deserialize;

use crate::wire::{Id, Text};
use crate::{Reading, Unreadable};

/// `fulfillment_events/create`.
pub(crate) fn tracked(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    waypoint(delivery, false)
}

/// `fulfillment_events/delete`: the whole of it once more, as it was.
pub(crate) fn withdrawn(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    waypoint(delivery, true)
}

fn waypoint(delivery: &Reading<'_>, withdrawn: bool) -> Result<Vec<Command>, Unreadable> {
    let body: WaypointBody<'_> = delivery.decode()?;
    let (Id(id), Id(order_id), Id(fulfillment_id)) = (body.id, body.order_id, body.fulfillment_id);
    let waypoint = Waypoint {
        id,
        status: body.status.as_str().to_owned(),
        happened_at: body.happened_at,
        estimated_delivery_at: body.estimated_delivery_at,
        withdrawn,
    };
    let as_of = delivery.as_of(body.updated_at.unwrap_or(body.happened_at));
    Ok(vec![Command::Order(order_id, OrderCommand::Track { fulfillment_id, as_of, waypoint })])
}

#[derive(Deserialize)]
struct WaypointBody<'a> {
    id: Id<FulfillmentEventId>,
    order_id: Id<OrderId>,
    fulfillment_id: Id<FulfillmentId>,
    #[serde(borrow)]
    status: Text<'a>,
    happened_at: Timestamp,
    updated_at: Option<Timestamp>,
    estimated_delivery_at: Option<Timestamp>,
}
