//! `customers`: one row per customer's record. What they ordered is counted over `orders` when it
//! is asked for, so that a customer known by orders alone is found as well.

use db::{Column, Database, Value};
use events::{
    Address, AggregateKind, AsOf, CustomerEvent, CustomerId, CustomerProfile, Event, FinancialStatus, Money, Recorded,
    Shop, Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::orders::{self, OrderHead, OrderView};
use crate::past::folded;
use crate::read::one;
use crate::{Found, Projection, ReadError};

/// What its readers wait for.
pub const READS: &[&str] = &[Customers::NAME, orders::Orders::NAME];

pub struct Customers;

/// A customer's record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CustomerRow {
    /// None before the first snapshot, as for a customer known by orders alone.
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    pub profile: CustomerProfile,
    pub default_address: Option<Address>,
    pub tags: Vec<String>,
    /// Can log in.
    pub enabled: bool,
    pub deleted: bool,
}

/// A customer as the API shows them.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CustomerView {
    pub id: CustomerId,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    #[serde(flatten)]
    pub profile: CustomerProfile,
    pub default_address: Option<Address>,
    pub tags: Vec<String>,
    /// Can log in.
    pub enabled: bool,
    /// None of a customer of the past: orders are counted as they are today.
    #[serde(flatten)]
    pub counts: Option<Counts>,
}

/// A customer's own counts, over their orders without test and deleted ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Counts {
    pub orders_count: u64,
    /// Paid and not given back, in the shop's currency; none before the first order, which tells the currency.
    pub total_spent: Option<Money>,
    pub first_order_at: Option<Timestamp>,
    pub last_order_at: Option<Timestamp>,
}

impl Projection for Customers {
    const NAME: &'static str = "customers";
    const VERSION: u32 = 2;
    const COLUMNS: &'static [Column] = &[];
    const INDEXES: &'static [&'static [&'static str]] = &[];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Customer];

    type Row = CustomerRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Customer(_) => vec![event.envelope.key.id.clone()],
            _ => Vec::new(),
        }
    }

    fn project(_: &str, row: Option<CustomerRow>, event: &Recorded<Event>) -> Option<CustomerRow> {
        let Event::Customer(event) = &event.event else { return row };
        let mut row = row.unwrap_or_default();
        row.apply(event);
        Some(row)
    }

    fn columns(_: &CustomerRow) -> Vec<Value> {
        Vec::new()
    }
}

impl CustomerRow {
    fn apply(&mut self, event: &CustomerEvent) {
        match event {
            CustomerEvent::Registered(event) => {
                self.created_at = Some(event.at);
                self.profile = event.profile.clone();
                self.seen(&event.as_of);
            }
            CustomerEvent::ProfileChanged(event) => {
                self.profile = event.profile.clone();
                self.seen(&event.as_of);
            }
            CustomerEvent::AddressChanged(event) => {
                self.default_address.clone_from(&event.default_address);
                self.seen(&event.as_of);
            }
            // Not `seen`: tags may come from an older snapshot than the rest.
            CustomerEvent::Tagged(event) => self.tags.clone_from(&event.tags),
            CustomerEvent::Enabled(event) => {
                self.enabled = true;
                self.seen(&event.as_of);
            }
            CustomerEvent::Disabled(event) => {
                self.enabled = false;
                self.seen(&event.as_of);
            }
            CustomerEvent::Touched(event) => self.seen(&event.as_of),
            CustomerEvent::Deleted(_) => self.deleted = true,
            CustomerEvent::ConsentChanged(_)
            | CustomerEvent::SegmentJoined(_)
            | CustomerEvent::SegmentLeft(_)
            | CustomerEvent::PurchasesSummarized(_)
            | CustomerEvent::Merged(_)
            | CustomerEvent::DataRequested(_)
            | CustomerEvent::RedactionRequested(_)
            | CustomerEvent::Redacted(_) => {}
        }
    }

    fn seen(&mut self, as_of: &AsOf) {
        self.updated_at = Some(as_of.updated_at);
    }
}

/// None for a customer that neither a record nor an order knows, and once it is deleted.
pub async fn get(db: &Database, shop: &Shop, id: CustomerId) -> Result<Option<Found<CustomerView>>, ReadError> {
    let record = one::<Customers>(db, shop, id).await?;
    let orders = orders::of_customer(db, shop, id).await?;
    if record.is_none() && orders.is_empty() {
        return Ok(None);
    }
    let positions = record.iter().map(|found| found.position).chain(orders.iter().map(|found| found.position));
    let position = positions.max().unwrap_or_default();
    let row = record.map(|found| found.view).unwrap_or_default();
    let counts = count(orders.into_iter().map(|found| found.view));
    Ok(Found { view: row, position }.show(|row| row.view(id, Some(counts))))
}

/// The customer's record as it was after `events`, its own from the first on; without what they ordered.
pub fn after(id: CustomerId, events: &[Recorded<Event>]) -> Option<Found<CustomerView>> {
    folded::<Customers>(&id.to_string(), None, events)?.show(|row| row.view(id, None))
}

/// What a customer ordered.
pub async fn counts(db: &Database, shop: &Shop, id: CustomerId) -> Result<Counts, ReadError> {
    let orders = orders::of_customer(db, shop, id).await?;
    Ok(count(orders.into_iter().map(|found| found.view)))
}

impl CustomerRow {
    fn view(self, id: CustomerId, counts: Option<Counts>) -> Option<CustomerView> {
        if self.deleted {
            return None;
        }
        let Self { created_at, updated_at, profile, default_address, tags, enabled, .. } = self;
        Some(CustomerView { id, created_at, updated_at, profile, default_address, tags, enabled, counts })
    }
}

fn count(orders: impl Iterator<Item = OrderView>) -> Counts {
    let mut orders: Vec<OrderView> = orders.filter(|order| !order.head.test).collect();
    orders.sort_by_key(|order| order.head.placed_at);
    let last = orders.last().map(|order| &order.head);
    Counts {
        orders_count: orders.len() as u64,
        total_spent: last.map(|last| spent(Money::zero(last.currency), &orders)),
        first_order_at: orders.first().map(|order| order.head.placed_at),
        last_order_at: last.map(|last| last.placed_at),
    }
}

/// Amounts of a currency that the shop had before its present one cannot be added, and are left out.
fn spent(zero: Money, orders: &[OrderView]) -> Money {
    let paid = orders.iter().filter(|order| is_paid(&order.head));
    let kept = paid.filter_map(|order| order.head.total.checked_sub(order.refunded));
    kept.fold(zero, |sum, amount| sum.checked_add(amount).unwrap_or(sum))
}

fn is_paid(order: &OrderHead) -> bool {
    use FinancialStatus::{Paid, PartiallyRefunded, Refunded};
    matches!(order.financial_status, Paid | PartiallyRefunded | Refunded)
}
