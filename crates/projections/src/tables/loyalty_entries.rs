//! `loyalty_entries`: one row per movement of points, so that a long history is never rewritten.

use db::{Column, Database, Filter, Order, Select, Value};
use events::{
    AggregateKind, CustomerId, DomainEvents, Event, LoyaltyEvent, OrderId, Recorded, RedemptionId, Shop, Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id_column;
use crate::read::every;
use crate::{Projection, ReadError};

pub struct LoyaltyEntries;

/// How many are shown with an account; its events are the whole history.
const SHOWN: u32 = 250;

/// One movement of points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// The order that gave them, or that they were redeemed for.
    pub order_id: Option<OrderId>,
    /// What was recorded: `points_earned`, `points_clawed_back`, …
    pub kind: String,
    /// Added to points and pending points together; below zero, taken. 0 for a change of state only.
    pub points: i64,
    pub at: Timestamp,
    pub redemption_id: Option<RedemptionId>,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryRow {
    customer_id: CustomerId,
    /// Its place among the account's events.
    number: u64,
    entry: Entry,
}

impl Projection for LoyaltyEntries {
    const NAME: &'static str = "loyalty_entries";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[Column::integer("customer_id"), Column::integer("number")];
    const INDEXES: &'static [&'static [&'static str]] = &[&["customer_id", "number"]];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Loyalty];

    type Row = EntryRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Loyalty(moved) if moved.lots().is_some() => {
                vec![format!("{}/{}", event.envelope.key.id, event.envelope.aggregate_version)]
            }
            _ => Vec::new(),
        }
    }

    fn project(id: &str, row: Option<EntryRow>, event: &Recorded<Event>) -> Option<EntryRow> {
        let Event::Loyalty(moved) = &event.event else { return row };
        let customer_id = id.split_once('/').and_then(|(customer, _)| customer.parse().ok())?;
        Some(EntryRow { customer_id, number: event.envelope.aggregate_version, entry: entry(moved) })
    }

    fn columns(row: &EntryRow) -> Vec<Value> {
        vec![id_column(row.customer_id.get()), Value::Integer(row.number.cast_signed())]
    }
}

/// The latest movements of an account, oldest first.
pub(super) async fn latest(db: &Database, shop: &Shop, id: CustomerId) -> Result<Vec<Entry>, ReadError> {
    let filters = vec![Filter::Equals("customer_id", id_column(id.get()))];
    let select = Select { shop, filters, order: Order::Descending("number"), after: None, limit: SHOWN };
    let rows = every::<LoyaltyEntries>(db, select).await?;
    Ok(rows.into_iter().rev().map(|found| found.view.entry).collect())
}

/// The latest movements among an account's events, oldest first.
pub(super) fn among(events: &[Recorded<Event>]) -> Vec<Entry> {
    let moved = |recorded: &Recorded<Event>| match &recorded.event {
        Event::Loyalty(event) if event.lots().is_some() => Some(entry(event)),
        _ => None,
    };
    let entries: Vec<Entry> = events.iter().filter_map(moved).collect();
    entries[entries.len().saturating_sub(SHOWN as usize)..].to_vec()
}

fn entry(event: &LoyaltyEvent) -> Entry {
    let (order_id, redemption_id) = about(event);
    let wire_type = event.wire_type();
    let kind = wire_type.split_once('.').map_or(wire_type, |(_, kind)| kind).to_owned();
    Entry { order_id, kind, points: event.moved(), at: event.at(), redemption_id }
}

fn about(event: &LoyaltyEvent) -> (Option<OrderId>, Option<RedemptionId>) {
    match event {
        LoyaltyEvent::PointsEarned(event) => (Some(event.order_id), None),
        LoyaltyEvent::PointsClawedBack(event) => (Some(event.order_id), None),
        LoyaltyEvent::SpendingRecorded(event) => (Some(event.order_id), None),
        LoyaltyEvent::PointsActivated(event) => (Some(event.order_id), None),
        LoyaltyEvent::PointsExpired(event) => (Some(event.order_id), None),
        LoyaltyEvent::PointsHeld(event) => (event.redemption.order_id, Some(event.redemption.id.clone())),
        LoyaltyEvent::PointsRedeemed(event) => (event.redemption.order_id, Some(event.redemption.id.clone())),
        LoyaltyEvent::RedemptionReversed(event) => (event.redemption.order_id, Some(event.redemption.id.clone())),
        LoyaltyEvent::AccountAbsorbed(_)
        | LoyaltyEvent::AccountClosed(_)
        | LoyaltyEvent::Enrolled(_)
        | LoyaltyEvent::TierChanged(_)
        | LoyaltyEvent::TierKept(_) => (None, None),
    }
}
