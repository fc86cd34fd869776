//! `checkout_contacts`: one row per checkout, what stands in it and how whoever began it is reached.
//!
//! A local copy for services, not shown by the API.

use db::{Column, Database, Value};
use events::{AggregateKind, CheckoutContent, CheckoutEvent, Event, Recorded, Shop};
use serde::{Deserialize, Serialize};

use crate::read::one;
use crate::{Found, Projection, ReadError};

pub struct CheckoutContacts;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckoutContactRow {
    /// None before its first snapshot.
    pub content: Option<CheckoutContent>,
    /// An order came of it.
    pub completed: bool,
}

impl Projection for CheckoutContacts {
    const NAME: &'static str = "checkout_contacts";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[];
    const INDEXES: &'static [&'static [&'static str]] = &[];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Checkout];

    type Row = CheckoutContactRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Checkout(_) => vec![event.envelope.key.id.clone()],
            _ => Vec::new(),
        }
    }

    fn project(_: &str, row: Option<CheckoutContactRow>, event: &Recorded<Event>) -> Option<CheckoutContactRow> {
        let Event::Checkout(event) = &event.event else { return row };
        let mut row = row.unwrap_or_default();
        match event {
            CheckoutEvent::Started(event) => row.content = Some(event.content.clone()),
            CheckoutEvent::Updated(event) => row.content = Some(event.content.clone()),
            CheckoutEvent::Completed(_) | CheckoutEvent::Recovered(_) => row.completed = true,
            CheckoutEvent::Touched(_) | CheckoutEvent::Abandoned(_) => {}
        }
        Some(row)
    }

    fn columns(_: &CheckoutContactRow) -> Vec<Value> {
        Vec::new()
    }
}

pub async fn get(db: &Database, shop: &Shop, token: &str) -> Result<Option<Found<CheckoutContactRow>>, ReadError> {
    one::<CheckoutContacts>(db, shop, token).await
}
