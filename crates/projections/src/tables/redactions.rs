//! `redactions`: one row per customer, or shop, that is to be forgotten: what was asked, by when, and since when it
//! is done.

use db::{Column, Database, Order, Select, Value};
use events::{AggregateKind, CustomerEvent, Event, OrderId, Recorded, Shop, ShopEvent, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::read::every;
use crate::{Found, Projection, ReadError};

pub struct Redactions;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Redaction {
    /// `customer/<id>`, or `shop`.
    pub of: String,
    pub requested_at: Timestamp,
    pub due_at: Timestamp,
    /// Those that have to go with the customer.
    pub orders: Vec<OrderId>,
    /// When the log says that all of it is done; none while something is open.
    pub redacted_at: Option<Timestamp>,
}

impl Projection for Redactions {
    const NAME: &'static str = "redactions";
    const VERSION: u32 = 1;
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
        let asked = |requested_at, due_at, orders: &[OrderId]| {
            let (of, orders) = (id.to_owned(), orders.to_vec());
            Some(Redaction { of, requested_at, due_at, orders, redacted_at: None })
        };
        match &event.event {
            Event::Customer(CustomerEvent::RedactionRequested(told)) => asked(told.at, told.due_at, &told.orders),
            // Each is a request of its own, and they come in any order: the latest counts.
            Event::Shop(ShopEvent::RedactionRequested(told)) => {
                let newest = row.as_ref().is_none_or(|row| row.requested_at < told.at);
                if newest { asked(told.at, told.due_at, &[]) } else { row }
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
