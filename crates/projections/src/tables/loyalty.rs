//! `loyalty`: one row per loyalty account, as `GET /v1/{shop}/customers/{id}/loyalty` shows it.

use db::{Column, Database, Value};
use events::{AggregateKind, CustomerId, Event, Lot, LoyaltyEvent, OrderId, PointsBalance, Recorded, Shop, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::loyalty_entries::{self, Entry, LoyaltyEntries};
use super::{customers, orders, put};
use crate::past::folded;
use crate::read::one;
use crate::{Found, Projection, ReadError};

/// What its readers wait for.
pub const READS: &[&str] = &[Loyalty::NAME, LoyaltyEntries::NAME, customers::Customers::NAME, orders::Orders::NAME];

pub struct Loyalty;

/// An account as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoyaltyRow {
    enrolled_at: Option<Timestamp>,
    balance: PointsBalance,
    tier: Option<String>,
    tier_review_at: Option<Timestamp>,
    /// Those that still hold or owe points, sorted by order.
    lots: Vec<Lot>,
    merged_into: Option<CustomerId>,
}

/// A loyalty account as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LoyaltyView {
    pub customer_id: CustomerId,
    /// None before the first points.
    pub enrolled_at: Option<Timestamp>,
    /// To be spent; below zero, they are owed.
    pub points: i64,
    /// Not to be spent yet.
    pub pending: i64,
    pub tier: Option<String>,
    /// When the tier is looked at again.
    pub tier_review_at: Option<Timestamp>,
    /// The customer whose account goes on in place of this one.
    pub merged_into: Option<CustomerId>,
    /// Those that still hold or owe points, in the order in which they are spent.
    pub lots: Vec<LotView>,
    /// The latest movements, oldest first.
    pub entries: Vec<Entry>,
}

/// What is left of an order's points.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LotView {
    pub order_id: OrderId,
    /// Left; below zero, they are owed.
    pub points: i64,
    /// What the order gives as it stands.
    pub granted: i64,
    pub pending: bool,
    pub earned_at: Timestamp,
    pub active_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

impl Projection for Loyalty {
    const NAME: &'static str = "loyalty";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[];
    const INDEXES: &'static [&'static [&'static str]] = &[];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Loyalty];

    type Row = LoyaltyRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Loyalty(_) => vec![event.envelope.key.id.clone()],
            _ => Vec::new(),
        }
    }

    fn project(_: &str, row: Option<LoyaltyRow>, event: &Recorded<Event>) -> Option<LoyaltyRow> {
        let Event::Loyalty(event) = &event.event else { return row };
        let mut row = row.unwrap_or_default();
        row.apply(event);
        Some(row)
    }

    fn columns(_: &LoyaltyRow) -> Vec<Value> {
        Vec::new()
    }
}

/// The account of a customer; an empty one for a customer who has no points yet, none for an unknown one.
pub async fn get(db: &Database, shop: &Shop, id: CustomerId) -> Result<Option<Found<LoyaltyView>>, ReadError> {
    if let Some(row) = one::<Loyalty>(db, shop, id).await? {
        let entries = loyalty_entries::latest(db, shop, id).await?;
        return Ok(row.show(|row| Some(row.view(id, entries))));
    }
    let known = customers::get(db, shop, id).await?;
    Ok(known.and_then(|customer| customer.show(|_| Some(LoyaltyRow::default().view(id, Vec::new())))))
}

/// The account as it was after `events`, its own from the first on.
pub fn after(id: CustomerId, events: &[Recorded<Event>]) -> Option<Found<LoyaltyView>> {
    let row = folded::<Loyalty>(&id.to_string(), None, events)?;
    row.show(|row| Some(row.view(id, loyalty_entries::among(events))))
}

impl LoyaltyRow {
    fn apply(&mut self, event: &LoyaltyEvent) {
        if let Some((lots, balance)) = event.lots() {
            self.balance = balance;
            lots.iter().for_each(|lot| put(&mut self.lots, lot.clone(), |lot| lot.order_id));
            self.lots.retain(|lot| lot.remaining != 0);
        }
        match event {
            LoyaltyEvent::Enrolled(event) => self.enrolled_at = Some(event.at),
            LoyaltyEvent::TierChanged(event) => {
                self.tier.clone_from(&event.to);
                self.tier_review_at = event.review_at;
            }
            LoyaltyEvent::TierKept(event) => {
                self.tier = Some(event.tier.clone());
                self.tier_review_at = Some(event.review_at);
            }
            // What it held is the other's now.
            LoyaltyEvent::AccountClosed(event) => {
                let (merged_into, enrolled_at) = (Some(event.into), self.enrolled_at);
                *self = Self { merged_into, enrolled_at, ..Self::default() };
            }
            // They move points or tell what was spent, and nothing else.
            LoyaltyEvent::SpendingRecorded(_)
            | LoyaltyEvent::PointsEarned(_)
            | LoyaltyEvent::PointsClawedBack(_)
            | LoyaltyEvent::PointsActivated(_)
            | LoyaltyEvent::PointsExpired(_)
            | LoyaltyEvent::PointsHeld(_)
            | LoyaltyEvent::PointsRedeemed(_)
            | LoyaltyEvent::RedemptionReversed(_)
            | LoyaltyEvent::AccountAbsorbed(_) => {}
        }
    }

    fn view(mut self, customer_id: CustomerId, entries: Vec<Entry>) -> LoyaltyView {
        self.lots.sort_by_key(|lot| (lot.pending, lot.rank()));
        LoyaltyView {
            customer_id,
            enrolled_at: self.enrolled_at,
            points: self.balance.points,
            pending: self.balance.pending,
            tier: self.tier,
            tier_review_at: self.tier_review_at,
            merged_into: self.merged_into,
            lots: self.lots.into_iter().map(LotView::of).collect(),
            entries,
        }
    }
}

impl LotView {
    fn of(lot: Lot) -> Self {
        let Lot { order_id, granted, remaining, pending, earned_at, active_at, expires_at, .. } = lot;
        Self { order_id, points: remaining, granted, pending, earned_at, active_at, expires_at }
    }
}
