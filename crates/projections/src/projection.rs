use std::collections::BTreeMap;

use db::{Code, Column, Database, Digest, Document, RowKey, Table, Value};
use events::{AggregateKind, Event, Recorded};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fingerprint;
use crate::fold::{Folded, RowError, fold};

/// A read model as a pure fold by key: no clock, no I/O, nothing but the row and the event.
///
/// Events come in the order of the log and carry values, not deltas: the fold overwrites.
pub trait Projection: 'static {
    /// The table's name, and the checkpoint's.
    const NAME: &'static str;
    /// Raised whenever rows would come out otherwise: a new version is folded from the start.
    const VERSION: u32;
    /// What rows are found by besides their key.
    const COLUMNS: &'static [Column];
    const INDEXES: &'static [&'static [&'static str]];
    /// As readers find it: the live build, whichever that is.
    const TABLE: Table =
        Table { name: Self::NAME, version: Table::LIVE, columns: Self::COLUMNS, indexes: Self::INDEXES };

    /// The aggregates whose events reach it; other events are not even parsed for it.
    const KINDS: &'static [AggregateKind];

    type Row: Serialize + DeserializeOwned;

    /// The ids, inside the event's shop, of the rows that the event reaches; known from the event alone.
    fn keys(event: &Recorded<Event>) -> Vec<String>;

    /// The row `id` after the event; none when there is no such row (any more).
    fn project(id: &str, row: Option<Self::Row>, event: &Recorded<Event>) -> Option<Self::Row>;

    /// The values of [`Self::COLUMNS`], in their order.
    fn columns(row: &Self::Row) -> Vec<Value>;
}

/// A projection without its type, so that all of them fit in one list.
#[derive(Debug, Clone, Copy)]
pub struct ReadModel {
    pub name: &'static str,
    pub version: u32,
    /// As readers find it.
    pub table: Table,
    pub kinds: &'static [AggregateKind],
    keys: fn(&Recorded<Event>) -> Vec<String>,
    fold: Fold,
}

type Fold = fn(&[Recorded<Event>], Touched, Vec<Document>) -> Result<Folded, RowError>;

/// Which rows some events reach, each with the indices of its events in order.
pub(crate) type Touched = BTreeMap<RowKey, Vec<usize>>;

impl ReadModel {
    pub const fn of<P: Projection>() -> Self {
        Self { name: P::NAME, version: P::VERSION, table: P::TABLE, kinds: P::KINDS, keys: P::keys, fold: fold::<P> }
    }

    /// What folds it: a build of other code is another model.
    pub fn code(&self) -> Code {
        Code { version: self.version, fingerprint: fingerprint::of(self.name).to_owned() }
    }

    /// The ids, inside the event's shop, of the rows that the event reaches.
    pub fn reached(&self, event: &Recorded<Event>) -> Vec<String> {
        if self.kinds.contains(&event.envelope.key.kind) { (self.keys)(event) } else { Vec::new() }
    }

    /// What this code makes of these events, as one number: rows, columns and positions.
    pub fn fingerprint_over(&self, events: &[Recorded<Event>]) -> Result<String, RowError> {
        let mut digest = Digest::default();
        for change in self.fold(events, self.touched(events, 0), Vec::new())?.born {
            if let Some(content) = change.content {
                digest.add(&change.key, &format!("{} {:?}", content.data, content.columns), change.position);
            }
        }
        Ok(digest.to_string())
    }

    /// The rows that the events later than `after` reach.
    pub(crate) fn touched(&self, events: &[Recorded<Event>], after: u64) -> Touched {
        let mut touched = Touched::new();
        let reaches = |event: &Recorded<Event>| event.position > after && self.kinds.contains(&event.envelope.key.kind);
        for (index, event) in events.iter().enumerate().filter(|(_, event)| reaches(event)) {
            for id in (self.keys)(event) {
                let key = RowKey { shop: event.envelope.key.shop.clone(), id };
                touched.entry(key).or_default().push(index);
            }
        }
        touched
    }

    /// The touched rows after their events; `held` are those of them that are stored.
    pub(crate) fn fold(
        &self,
        events: &[Recorded<Event>],
        touched: Touched,
        held: Vec<Document>,
    ) -> Result<Folded, RowError> {
        (self.fold)(events, touched, held)
    }
}

/// Makes the tables of the models, so that they can be read before an engine runs.
pub async fn ensure(db: &Database, models: &[ReadModel]) -> Result<(), db::Error> {
    for model in models {
        db.adopt(&model.table, &model.code()).await?;
    }
    Ok(())
}
