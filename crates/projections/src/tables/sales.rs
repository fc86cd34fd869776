//! `sales`: one row per order, with what it sold and gave back and when. Days are counted over it when
//! they are asked for, so that they begin and end where the shop's clock says, and an edit or a
//! deletion changes the day that it belongs to.

use std::collections::BTreeMap;

use db::{Column, Cursor, Database, Filter, Order, Page, Select, Value};
use events::{
    AggregateKind, Currency, Event, Line, LineId, Money, OrderEvent, Recorded, Shop, Timestamp, Transaction,
    TransactionId, TransactionKind, TransactionStatus,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fold::parse;
use crate::{Projection, ReadError};

/// What its readers wait for.
pub const READS: &[&str] = &[Sales::NAME];

/// Rows read at once.
const PAGE: u32 = 1_000;

pub struct Sales;

/// An order's money as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SalesRow {
    /// None before the order is placed.
    sale: Option<Sale>,
    lines: BTreeMap<LineId, Sold>,
    /// The successful refund transactions, whoever told them.
    given_back: BTreeMap<TransactionId, GivenBack>,
    deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Sale {
    placed_at: Timestamp,
    currency: Currency,
    test: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Sold {
    quantity: u32,
    /// Of one unit, before discounts.
    price: Money,
    /// Off the whole line.
    discount: Money,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct GivenBack {
    at: Timestamp,
    amount: Money,
}

/// What a shop sold on one day in one currency. Test and deleted orders are left out; cancelled ones
/// are in, as they were placed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SalesDay {
    /// By the shop's time zone.
    pub date: Date,
    pub currency: Currency,
    /// Placed on this day.
    pub orders: u64,
    /// In those orders, as they stand; what was returned is still counted.
    pub units: u64,
    /// Units at their prices, before discounts, without shipping; taxes as the prices have them.
    pub gross: Money,
    pub discounts: Money,
    /// Given back on this day, whenever it was sold.
    pub refunds: Money,
    /// `gross - discounts - refunds`.
    pub net: Money,
}

impl Projection for Sales {
    const NAME: &'static str = "sales";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[Column::integer("first_at"), Column::integer("last_at")];
    const INDEXES: &'static [&'static [&'static str]] = &[&["last_at"]];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Order];

    type Row = SalesRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Order(
                OrderEvent::Placed(_)
                | OrderEvent::Edited(_)
                | OrderEvent::Restated(_)
                | OrderEvent::Refunded(_)
                | OrderEvent::TransactionRecorded(_)
                | OrderEvent::Deleted(_),
            ) => vec![event.envelope.key.id.clone()],
            _ => Vec::new(),
        }
    }

    fn project(_: &str, row: Option<SalesRow>, event: &Recorded<Event>) -> Option<SalesRow> {
        let Event::Order(event) = &event.event else { return row };
        let mut row = row.unwrap_or_default();
        row.apply(event);
        Some(row)
    }

    /// Nothing in them for a row that counts nowhere: no range finds it.
    fn columns(row: &SalesRow) -> Vec<Value> {
        let at = row.counted().map(|sale| {
            let times = row.given_back.values().map(|back| back.at).chain([sale.placed_at]);
            times.fold((sale.placed_at, sale.placed_at), |(first, last), at| (first.min(at), last.max(at)))
        });
        vec![at.map(|(first, _)| first.as_microsecond()).into(), at.map(|(_, last)| last.as_microsecond()).into()]
    }
}

impl SalesRow {
    fn apply(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::Placed(event) => {
                self.sale = Some(Sale { placed_at: event.at, currency: event.currency, test: event.test });
                self.lines.extend(event.lines.iter().map(sold));
            }
            OrderEvent::Edited(event) => {
                self.lines.extend(event.lines.iter().map(sold));
                self.lines.retain(|id, _| !event.removed.contains(id));
            }
            OrderEvent::Restated(event) if self.sale.is_some() => {
                self.sale = Some(Sale { placed_at: event.placed_at, currency: event.currency, test: event.test });
            }
            OrderEvent::Refunded(event) => {
                event.refund.transactions.iter().for_each(|transaction| self.record(transaction));
            }
            OrderEvent::TransactionRecorded(event) => self.record(&event.transaction),
            OrderEvent::Deleted(_) => self.deleted = true,
            _ => {}
        }
    }

    fn record(&mut self, transaction: &Transaction) {
        let succeeded = transaction.status == TransactionStatus::Success;
        if succeeded && transaction.kind == TransactionKind::Refund {
            let back = GivenBack { at: transaction.processed_at, amount: transaction.amount };
            self.given_back.insert(transaction.id, back);
        } else {
            self.given_back.remove(&transaction.id);
        }
    }

    fn counted(&self) -> Option<&Sale> {
        self.sale.as_ref().filter(|sale| !sale.test && !self.deleted)
    }
}

fn sold(line: &Line) -> (LineId, Sold) {
    (line.id, Sold { quantity: line.quantity, price: line.price.shop, discount: line.discount.shop })
}

/// The days from `from` to `to`, both included, on which something was sold or given back; in order.
pub async fn daily(
    db: &Database,
    shop: &Shop,
    (from, to): (Date, Date),
    zone: &TimeZone,
) -> Result<Vec<SalesDay>, ReadError> {
    let mut days = Days { from, to, zone, days: BTreeMap::new() };
    let mut after = None;
    loop {
        let Page { documents, next } = db.select(&Sales::TABLE, days.select(shop, after)).await?;
        for document in &documents {
            days.add(&parse::<Sales>(&document.key.id, &document.data)?);
        }
        after = next;
        if after.is_none() {
            return Ok(days.finish());
        }
    }
}

struct Days<'a> {
    from: Date,
    to: Date,
    zone: &'a TimeZone,
    days: BTreeMap<(Date, Currency), Sums>,
}

#[derive(Default)]
struct Sums {
    orders: u64,
    units: u64,
    gross: Decimal,
    discounts: Decimal,
    refunds: Decimal,
}

impl Days<'_> {
    fn select<'a>(&self, shop: &'a Shop, after: Option<Cursor>) -> Select<'a> {
        let end = self.to.tomorrow().map_or(i64::MAX, |day| self.begin(day));
        let filters = vec![Filter::AtLeast("last_at", self.begin(self.from)), Filter::Below("first_at", end)];
        Select { shop, filters, order: Order::Descending("last_at"), after, limit: PAGE }
    }

    /// In microseconds since 1970. A day before all time begins with it.
    fn begin(&self, day: Date) -> i64 {
        day.to_zoned(self.zone.clone()).map_or(i64::MIN, |start| start.timestamp().as_microsecond())
    }

    fn add(&mut self, row: &SalesRow) {
        let Some(sale) = row.counted() else { return };
        if let Some(day) = self.day(sale.placed_at, sale.currency) {
            day.orders += 1;
            for line in row.lines.values() {
                day.units += u64::from(line.quantity);
                day.gross += line.price.amount() * Decimal::from(line.quantity);
                day.discounts += line.discount.amount();
            }
        }
        for back in row.given_back.values() {
            if let Some(day) = self.day(back.at, back.amount.currency()) {
                day.refunds += back.amount.amount();
            }
        }
    }

    fn day(&mut self, at: Timestamp, currency: Currency) -> Option<&mut Sums> {
        let date = self.zone.to_datetime(at).date();
        let inside = (self.from..=self.to).contains(&date);
        inside.then(|| self.days.entry((date, currency)).or_default())
    }

    fn finish(self) -> Vec<SalesDay> {
        let day = |((date, currency), sums): ((Date, Currency), Sums)| {
            let money = |amount| Money::new(amount, currency);
            let Sums { orders, units, gross, discounts, refunds } = sums;
            let net = money(gross - discounts - refunds);
            let (gross, discounts, refunds) = (money(gross), money(discounts), money(refunds));
            SalesDay { date, currency, orders, units, gross, discounts, refunds, net }
        };
        self.days.into_iter().map(day).collect()
    }
}
