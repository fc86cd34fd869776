//! A database of a test's own, with all read models in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use db::{Column, Database, Digest, Document, Log, Order, Select, Value};
use events::{AggregateKind, Event, Recorded, Shop};

use super::ground::{Ground, Place};
use super::history::SHOPS;
use crate::fold::{Progress, Stretch, stage, write};
use crate::{ALL, Projection, ReadModel, ensure};

/// Counts its aggregate's events, and so shows any that is folded twice or not at all.
struct Tally;

impl Projection for Tally {
    const NAME: &'static str = "tally";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[];
    const INDEXES: &'static [&'static [&'static str]] = &[];
    const KINDS: &'static [AggregateKind] = &AggregateKind::ALL;

    type Row = u64;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        vec![format!("{}-{}", event.envelope.key.kind, event.envelope.key.id)]
    }

    fn project(_: &str, row: Option<u64>, _: &Recorded<Event>) -> Option<u64> {
        Some(row.unwrap_or_default() + 1)
    }

    fn columns(_: &u64) -> Vec<Value> {
        Vec::new()
    }
}

/// All read models, and the tally.
pub(super) fn models() -> Vec<ReadModel> {
    [ALL, &[ReadModel::of::<Tally>()]].concat()
}

pub(super) struct World {
    place: Place,
    pub(super) db: Database,
    models: Vec<Progress>,
}

impl World {
    /// In a SQLite file.
    pub(super) async fn new() -> Self {
        Self::on(Ground::Sqlite).await
    }

    pub(super) async fn on(ground: Ground) -> Self {
        let place = ground.place();
        let (db, models) = open(&place).await;
        Self { place, db, models }
    }

    /// As after kill -9: the database as it is, and nothing of what was in memory.
    pub(super) async fn restart(&mut self) {
        (self.db, self.models) = open(&self.place).await;
    }

    /// Folds the events in one transaction.
    pub(super) async fn write(&mut self, events: &[Recorded<Event>]) {
        let Some(stretch) = stretch(events) else { return };
        write(&self.db, &mut self.models, &stretch).await.unwrap();
    }

    /// Folds the events, and dies before the commit.
    pub(super) async fn crash(&mut self, events: &[Recorded<Event>]) {
        let Some(stretch) = stretch(events) else { return };
        let staged = stage(&self.db, &self.models, &stretch).await.unwrap();
        drop(staged);
        self.restart().await;
    }

    /// Reads up to `end` and finds nothing that it knows.
    pub(super) async fn pass(&mut self, end: u64) {
        write(&self.db, &mut self.models, &Stretch { events: Arc::default(), end }).await.unwrap();
    }

    /// Every row of every model, with its position.
    pub(super) async fn rows(&self) -> Vec<(&'static str, Vec<Document>)> {
        rows(&self.db).await
    }

    /// As they are kept with the builds.
    pub(super) async fn checksums(&self) -> BTreeMap<String, Digest> {
        self.db.builds().await.unwrap().into_iter().map(|build| (build.name, build.digest)).collect()
    }

    /// As they follow from what is in the tables.
    pub(super) async fn checksums_of_rows(&self) -> BTreeMap<String, Digest> {
        let checksum = |rows: Vec<Document>| {
            rows.iter().fold(Digest::default(), |mut digest, row| {
                digest.add(&row.key, &row.data, row.position);
                digest
            })
        };
        self.rows().await.into_iter().map(|(name, rows)| (name.to_owned(), checksum(rows))).collect()
    }

    /// [`Self::rows`] without positions.
    pub(super) async fn contents(&self) -> Vec<(&'static str, Vec<Document>)> {
        let mut rows = self.rows().await;
        rows.iter_mut().flat_map(|(_, documents)| documents).for_each(|document| document.position = 0);
        rows
    }
}

pub(super) async fn rows(db: &Database) -> Vec<(&'static str, Vec<Document>)> {
    let mut rows = Vec::new();
    for model in models() {
        let mut documents = Vec::new();
        for shop in SHOPS {
            let shop: Shop = shop.parse().unwrap();
            let select = Select { shop: &shop, filters: Vec::new(), order: Order::Id, after: None, limit: u32::MAX };
            documents.extend(db.select(&model.table, select).await.unwrap().documents);
        }
        rows.push((model.name, documents));
    }
    rows
}

async fn open(place: &Place) -> (Database, Vec<Progress>) {
    let db = place.open("test").await;
    ensure(&db, &self::models()).await.unwrap();
    let log = Log { epoch: "test".to_owned(), head: u64::MAX };
    let mut models = Vec::new();
    for model in self::models() {
        let build = db.live(model.name).await.unwrap().unwrap();
        db.resume(model.name, build.number, &log).await.unwrap();
        models.push(Progress::new(model, &build));
    }
    (db, models)
}

fn stretch(events: &[Recorded<Event>]) -> Option<Stretch> {
    let end = events.last()?.position;
    Some(Stretch { events: Arc::new(events.to_vec()), end })
}
