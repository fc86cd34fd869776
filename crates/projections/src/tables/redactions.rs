//! `redactions`: one row per customer, or shop, that is to be forgotten: what was asked, by when, and since when it
//! is done.

use std::time::Duration;

use db::{Column, Database, Order, Select, Value};
use events::{AggregateKind, CustomerEvent, Event, OrderId, Recorded, Shop, ShopEvent, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::read::every;
use crate::{Found, Projection, ReadError};

pub struct Redactions;

/// Who is this near to being late needs somebody's attention.
const NEAR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Redaction {
    /// `customer/<id>`, or `shop`.
    pub of: String,
    pub requested_at: Timestamp,
    pub due_at: Timestamp,
    /// Why an operator asked, who was the last to say so.
    pub reason: Option<String>,
    /// Those that have to go with the customer.
    pub orders: Vec<OrderId>,
    /// When the log says that all of it is done; none while something is open.
    pub redacted_at: Option<Timestamp>,
}

/// How a request stands to its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    Done,
    Open,
    /// In seven days or fewer.
    Near,
    Overdue,
}

impl Redaction {
    pub fn due(&self, now: Timestamp) -> Due {
        match self.redacted_at {
            Some(_) => Due::Done,
            None => due(self.due_at, now),
        }
    }
}

/// How an open request stands that is due then.
pub fn due(due_at: Timestamp, now: Timestamp) -> Due {
    match due_at {
        at if at <= now => Due::Overdue,
        at if at <= now + NEAR => Due::Near,
        _ => Due::Open,
    }
}

/// What is still to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OpenRedactions {
    /// Customers and shops that are to be forgotten.
    pub open: usize,
    /// By when the first of them has to be; none when there is none.
    pub due_at: Option<Timestamp>,
}

/// What these shops have still to do.
pub async fn open(db: &Database, shops: impl IntoIterator<Item = &Shop>) -> Result<OpenRedactions, ReadError> {
    let mut all = OpenRedactions::default();
    for shop in shops {
        for Found { view, .. } in list(db, shop).await?.into_iter().filter(|found| found.view.redacted_at.is_none()) {
            all.open += 1;
            all.due_at = Some(all.due_at.map_or(view.due_at, |first| first.min(view.due_at)));
        }
    }
    Ok(all)
}

impl Projection for Redactions {
    const NAME: &'static str = "redactions";
    const VERSION: u32 = 2;
    const COLUMNS: &'static [Column] = &[Column::integer("due_at")];
    const INDEXES: &'static [&'static [&'static str]] = &[&["due_at"]];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Customer, AggregateKind::Shop];

    type Row = Redaction;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Customer(CustomerEvent::RedactionRequested(_) | CustomerEvent::Redacted(_)) => {
                vec![format!("customer/{}", event.envelope.key.id)]
            }
            Event::Shop(ShopEvent::RedactionRequested(_) | ShopEvent::Redacted(_)) => vec!["shop".to_owned()],
            _ => Vec::new(),
        }
    }

    fn project(id: &str, row: Option<Redaction>, event: &Recorded<Event>) -> Option<Redaction> {
        let asked = |requested_at, due_at, orders: &[OrderId], reason| {
            let (of, orders) = (id.to_owned(), orders.to_vec());
            Some(Redaction { of, requested_at, due_at, reason, orders, redacted_at: None })
        };
        match &event.event {
            Event::Customer(CustomerEvent::RedactionRequested(told)) => {
                let reason = told.reason.clone().or_else(|| row?.reason);
                asked(told.at, told.due_at, &told.orders, reason)
            }
            // Each is a request of its own, and they come in any order: the latest counts.
            Event::Shop(ShopEvent::RedactionRequested(told)) => {
                let newest = row.as_ref().is_none_or(|row| row.requested_at < told.at);
                if newest { asked(told.at, told.due_at, &[], None) } else { row }
            }
            Event::Customer(CustomerEvent::Redacted(told)) => {
                // More may have been asked for since.
                let whole = |row: &Redaction| row.requested_at == told.at && row.orders == told.orders;
                row.map(|row| Redaction { redacted_at: whole(&row).then_some(event.recorded_at), ..row })
            }
            Event::Shop(ShopEvent::Redacted(told)) => {
                let whole = |row: &Redaction| row.requested_at == told.at;
                row.map(|row| Redaction { redacted_at: whole(&row).then_some(event.recorded_at), ..row })
            }
            _ => row,
        }
    }

    fn columns(row: &Redaction) -> Vec<Value> {
        vec![Value::Integer(row.due_at.as_second())]
    }
}

/// All of a shop, those due last first.
pub async fn list(db: &Database, shop: &Shop) -> Result<Vec<Found<Redaction>>, ReadError> {
    let order = Order::Descending("due_at");
    every::<Redactions>(db, Select { shop, filters: Vec::new(), order, after: None, limit: u32::MAX }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_near_a_week_before_and_over_when_it_has_come() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (asked, due_at) = (at("2026-06-01T00:00:00Z"), at("2026-07-01T00:00:00Z"));
        let mut row = Redaction {
            of: String::new(),
            requested_at: asked,
            due_at,
            reason: None,
            orders: vec![],
            redacted_at: None,
        };
        let cases = [
            ("2026-06-23T23:59:59Z", Due::Open),
            ("2026-06-24T00:00:00Z", Due::Near),
            ("2026-06-30T23:59:59Z", Due::Near),
            ("2026-07-01T00:00:00Z", Due::Overdue),
        ];
        for (now, expected) in cases {
            assert_eq!(row.due(at(now)), expected, "{now}");
        }
        row.redacted_at = Some(asked);
        assert_eq!(row.due(at("2027-01-01T00:00:00Z")), Due::Done);
    }
}
