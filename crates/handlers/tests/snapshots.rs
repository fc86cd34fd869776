//! An item with a long history is loaded with a snapshot, and is the same without it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use aggregates::{Adjustment, Stock, StockCommand};
use db::Database;
use events::{AggregateKey, AggregateKind, LocationId, Observation, Shop, StockChange, Timestamp};
use handlers::inventory::{Inventory, InventorySettings};
use streams::{Cause, EventStore};
use tempfile::TempDir;
use testkit::Fixture;
use tokio::task::JoinSet;

const EVENTS: u64 = 1_200;

fn key() -> AggregateKey {
    let shop: Shop = "acme".parse().unwrap();
    AggregateKey::new(AggregateKind::Stock, &shop, 70)
}

fn cause(number: u64) -> Cause {
    Cause { id: format!("test:{number}"), correlation_id: "test".to_owned(), trace_parent: None }
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + i64::try_from(second).unwrap()).unwrap()
}

fn adjust(number: u64) -> StockCommand {
    StockCommand::Adjust(Adjustment {
        location_id: LocationId::new(9).unwrap(),
        change: StockChange::By(1),
        reason: "delivery".to_owned(),
        idempotency_key: number.to_string(),
        at: at(number),
    })
}

async fn open(fixture: &Fixture, folder: &TempDir) -> EventStore {
    let url = format!("sqlite://{}", folder.path().join("inventory.db").display());
    let db = Database::open(&url).await.unwrap();
    Inventory::open(&fixture.connect().await, db, InventorySettings::default()).await.unwrap().store
}

#[tokio::test]
async fn a_long_history_is_the_same_with_its_snapshot_and_without() {
    let (fixture, folder) = (Fixture::single(&[]).await, TempDir::new().unwrap());
    let store = open(&fixture, &folder).await;
    let observation = Observation { at: at(0), triggered_at: None, available: 0 };
    let opened = StockCommand::Observe { location_id: LocationId::new(9).unwrap(), observation };
    store.execute::<Stock>(&key(), opened, &cause(0)).await.unwrap();
    let mut writers = JoinSet::new();
    for number in 1..=EVENTS {
        let store = store.clone();
        writers.spawn(async move { store.execute::<Stock>(&key(), adjust(number), &cause(number)).await.unwrap() });
    }
    let receipts = writers.join_all().await;
    assert!(receipts.iter().all(|receipt| receipt.appended >= 1), "each is told what became of its own command");
    assert_eq!(store.conflicts(), 0, "commands that wait together are decided together");

    let plain = EventStore::new(&fixture.broker).load::<Stock>(&key(), 0).await.unwrap();
    assert_eq!(plain.state.levels()[0].available, i64::try_from(EVENTS).unwrap());
    let again = snapshot_of(&fixture, &folder).await;
    let loaded = again.load::<Stock>(&key(), 0).await.unwrap();
    assert_eq!((loaded.state, loaded.version, loaded.position), (plain.state, plain.version, plain.position));
}

/// A store that has begun with a snapshot: it is written beside the commands, so it may take a moment.
async fn snapshot_of(fixture: &Fixture, folder: &TempDir) -> EventStore {
    for _ in 0..200 {
        let store = open(fixture, folder).await;
        if store.snapshot_version(&key()).await.is_some_and(|version| version >= 500) {
            return store;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no snapshot was kept");
}

#[tokio::test]
async fn a_snapshot_of_another_log_is_not_believed() {
    let (old, folder) = (Fixture::single(&[]).await, TempDir::new().unwrap());
    let store = open(&old, &folder).await;
    let observation = Observation { at: at(0), triggered_at: None, available: 0 };
    let opened = StockCommand::Observe { location_id: LocationId::new(9).unwrap(), observation };
    store.execute::<Stock>(&key(), opened.clone(), &cause(0)).await.unwrap();
    for number in 1..=600 {
        store.execute::<Stock>(&key(), adjust(number), &cause(number)).await.unwrap();
    }
    drop(snapshot_of(&old, &folder).await);
    let new = Fixture::single(&[]).await;
    let store = open(&new, &folder).await;
    store.execute::<Stock>(&key(), opened, &cause(0)).await.unwrap();
    let loaded = store.load::<Stock>(&key(), 0).await.unwrap();
    assert_eq!(loaded.state.levels()[0].available, 0);
}
