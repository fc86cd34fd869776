//! `conversations`: one row per merchant action, with the aggregates that it led to events of.
//!
//! An index for the trace, not shown by the API: reactions carry the correlation id of their cause, and the
//! broker finds nothing by a header.

use std::collections::BTreeMap;

use db::{Column, Database, Value};
use events::{AggregateKey, AggregateKind, Event, Recorded, Shop};
use serde::{Deserialize, Serialize};

use crate::read::one;
use crate::{Projection, ReadError};

/// What its readers wait for.
pub const READS: &[&str] = &[Conversations::NAME];

/// More than an action of a merchant leads to; a row is written whenever one more is.
pub(crate) const MOST: usize = 500;

pub struct Conversations;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// `<kind>/<id>`, with the version of the last event that belongs to it.
    aggregates: BTreeMap<String, u64>,
    /// There are more, which only the log knows.
    more: bool,
}

impl Projection for Conversations {
    const NAME: &'static str = "conversations";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[];
    const INDEXES: &'static [&'static [&'static str]] = &[];
    const KINDS: &'static [AggregateKind] = &AggregateKind::ALL;

    type Row = Conversation;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        vec![event.envelope.correlation_id.clone()]
    }

    fn project(_: &str, row: Option<Conversation>, event: &Recorded<Event>) -> Option<Conversation> {
        let mut row = row.unwrap_or_default();
        let AggregateKey { kind, id, .. } = &event.envelope.key;
        let last = row.aggregates.entry(format!("{kind}/{id}")).or_default();
        *last = event.envelope.aggregate_version.max(*last);
        // The last by name, so that it is the same ones whatever came first.
        if row.aggregates.len() > MOST {
            row.aggregates.pop_last();
            row.more = true;
        }
        Some(row)
    }

    fn columns(_: &Conversation) -> Vec<Value> {
        Vec::new()
    }
}

impl Conversation {
    /// The aggregates in `shop`, each with the version of the last event that belongs to it; none when they
    /// are too many to be kept.
    pub fn aggregates(&self, shop: &Shop) -> Option<Vec<(AggregateKey, u64)>> {
        let key = |name: &str| {
            let (kind, id) = name.split_once('/')?;
            Some(AggregateKey::new(kind.parse().ok()?, shop, id))
        };
        let known = self.aggregates.iter().filter_map(|(name, last)| Some((key(name)?, *last)));
        (!self.more).then(|| known.collect())
    }
}

pub async fn get(db: &Database, shop: &Shop, correlation_id: &str) -> Result<Option<Conversation>, ReadError> {
    Ok(one::<Conversations>(db, shop, correlation_id).await?.map(|found| found.view))
}
