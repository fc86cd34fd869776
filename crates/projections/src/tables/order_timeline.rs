//! `order_timeline`: one row per order, with all that happened to it and because of it: its own
//! events, what stock was promised and shipped, points, and who was told.

use db::{Column, Database, Value};
use events::{
    AggregateKind, Channel, Claim, Event, LocationId, LoyaltyEvent, NotificationEvent, OrderEvent, OrderId, Recorded,
    Shop, StockEvent, Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::put;
use crate::{Projection, ReadError, Seen, read};

/// What its readers wait for.
pub const READS: &[&str] = &[OrderTimeline::NAME];

pub struct OrderTimeline;

/// A timeline as it is stored and shown, the earliest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timeline {
    pub data: Vec<Happening>,
}

/// One thing that happened. The aggregate's `/events` tell all of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Happening {
    pub at: Timestamp,
    /// The event's type: `order.paid`, `stock.allocated`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whose event it is: `order`, `stock`, `loyalty` or `notification`.
    pub aggregate: String,
    pub aggregate_id: String,
    /// Its place among the aggregate's events, from 1.
    pub aggregate_version: u64,
    /// Units of stock.
    pub quantity: Option<u32>,
    /// Where the units are.
    pub location_id: Option<LocationId>,
    /// Points that moved; below zero, taken.
    pub points: Option<i64>,
    /// Which notification was asked for.
    pub rule: Option<String>,
    pub channel: Option<Channel>,
}

impl Projection for OrderTimeline {
    const NAME: &'static str = "order_timeline";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[];
    const INDEXES: &'static [&'static [&'static str]] = &[];
    const KINDS: &'static [AggregateKind] =
        &[AggregateKind::Order, AggregateKind::Stock, AggregateKind::Loyalty, AggregateKind::Notification];

    type Row = Timeline;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            // It only says that a newer snapshot said the same.
            Event::Order(OrderEvent::Touched(_)) => Vec::new(),
            Event::Order(_) => vec![event.envelope.key.id.clone()],
            Event::Stock(event) => id(moved(event).map(|(claim, ..)| claim.order_id)),
            Event::Loyalty(event) => id(order_of(event)),
            Event::Notification(NotificationEvent::Requested(event)) => id(event.notice.order_id),
            _ => Vec::new(),
        }
    }

    fn project(_: &str, row: Option<Timeline>, event: &Recorded<Event>) -> Option<Timeline> {
        let mut row = row.unwrap_or_default();
        let place =
            |held: &Happening| (held.at, held.aggregate.clone(), held.aggregate_id.clone(), held.aggregate_version);
        put(&mut row.data, happening(event), place);
        Some(row)
    }

    fn columns(_: &Timeline) -> Vec<Value> {
        Vec::new()
    }
}

/// None for an order that nothing is known of.
pub async fn see(db: &Database, shop: &Shop, id: OrderId) -> Result<Seen<Timeline>, ReadError> {
    read::see::<OrderTimeline>(db, shop, id).await
}

fn happening(recorded: &Recorded<Event>) -> Happening {
    let key = &recorded.envelope.key;
    let mut happening = Happening {
        at: recorded.event.at(),
        kind: recorded.event.wire_type().to_owned(),
        aggregate: key.kind.as_str().to_owned(),
        aggregate_id: key.id.clone(),
        aggregate_version: recorded.envelope.aggregate_version,
        quantity: None,
        location_id: None,
        points: None,
        rule: None,
        channel: None,
    };
    match &recorded.event {
        Event::Stock(event) => {
            let moved = moved(event);
            happening.quantity = moved.and_then(|(_, quantity, _)| quantity);
            happening.location_id = moved.and_then(|(.., location)| location);
        }
        Event::Loyalty(event) => happening.points = Some(event.moved()),
        Event::Notification(NotificationEvent::Requested(event)) => {
            happening.rule = Some(event.notice.rule.clone());
            happening.channel = Some(event.notice.channel);
        }
        _ => {}
    }
    happening
}

/// Whose units moved, how many, and where they are now.
fn moved(event: &StockEvent) -> Option<(&Claim, Option<u32>, Option<LocationId>)> {
    match event {
        StockEvent::Allocated(event) => Some((&event.claim, Some(event.quantity), event.location_id)),
        StockEvent::AllocationReleased(event) => Some((&event.claim, Some(event.quantity), event.location_id)),
        StockEvent::AllocationMoved(event) => Some((&event.claim, Some(event.quantity), event.to)),
        StockEvent::Shipped(event) => Some((&event.claim, Some(event.quantity), event.location_id)),
        StockEvent::Received(event) => Some((&event.claim, Some(event.quantity), event.location_id)),
        StockEvent::ClaimCorrected(event) => Some((&event.claim, None, None)),
        _ => None,
    }
}

fn order_of(event: &LoyaltyEvent) -> Option<OrderId> {
    match event {
        LoyaltyEvent::PointsEarned(event) => Some(event.order_id),
        LoyaltyEvent::PointsClawedBack(event) => Some(event.order_id),
        LoyaltyEvent::PointsActivated(event) => Some(event.order_id),
        LoyaltyEvent::PointsExpired(event) => Some(event.order_id),
        LoyaltyEvent::PointsHeld(event) => event.redemption.order_id,
        LoyaltyEvent::PointsRedeemed(event) => event.redemption.order_id,
        LoyaltyEvent::RedemptionReversed(event) => event.redemption.order_id,
        _ => None,
    }
}

fn id(order: Option<OrderId>) -> Vec<String> {
    order.iter().map(ToString::to_string).collect()
}
