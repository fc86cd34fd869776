//! The engine on a real log.

use std::time::Duration;

use db::{Checkpoint, Database, ResumeError};
use events::*;
use streams::Broker;
use tempfile::TempDir;
use testkit::{Fixture, RawPublisher};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::fixtures::*;
use super::history::{Step, log, recorded};
use super::world::{models, rows};
use crate::{ALL, Engine, EngineError, ReadModel, customers, order_lines, orders, wait_for};

pub(super) const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn live_in_steps_and_a_rebuild_give_the_same_rows() {
    let fixture = Fixture::single(&[]).await;
    let (folder, log) = (Folder::new(), log(&(0..300).map(Step::from).collect::<Vec<_>>()));
    let live = folder.open("live").await;
    let mut engine = engine(&live, &fixture.broker, &models()).await;
    let publisher = RawPublisher::connect(&fixture.url()).await;
    for (index, event) in log.iter().enumerate() {
        append(&publisher, event).await;
        if index % 37 == 0 {
            engine.step().await.unwrap();
        }
    }
    let head = engine.step().await.unwrap();
    assert_eq!(head, 300);

    let rebuilt = folder.open("rebuilt").await;
    self::engine(&rebuilt, &fixture.broker, &models()).await.step().await.unwrap();
    assert_eq!(rows(&live).await, rows(&rebuilt).await);
    assert!(rows(&live).await.iter().all(|(_, rows)| !rows.is_empty()));
}

#[tokio::test]
async fn a_service_folds_what_it_needs_into_a_file_of_its_own() {
    let fixture = Fixture::single(&[]).await;
    let folder = Folder::new();
    let publisher = RawPublisher::connect(&fixture.url()).await;
    append(&publisher, &order(1)).await;
    let db = folder.open("inventory").await;
    let mut engine = engine(&db, &fixture.broker, &[ReadModel::of::<order_lines::OrderLines>()]).await;
    assert_eq!(engine.step().await.unwrap(), 1);
    let lines = order_lines::of_variant(&db, &acme(), VariantId::new(71).unwrap()).await.unwrap();
    assert_eq!(lines.len(), 1);

    // One that is added later starts from the beginning, the others stay where they are.
    append(&publisher, &order(2)).await;
    let both = [ReadModel::of::<order_lines::OrderLines>(), ReadModel::of::<orders::Orders>()];
    let mut engine = self::engine(&db, &fixture.broker, &both).await;
    engine.step().await.unwrap();
    for id in [1, 2] {
        assert!(orders::get(&db, &acme(), OrderId::new(id).unwrap()).await.unwrap().is_some());
    }
    assert!(db.checkpoints().await.unwrap().iter().all(|checkpoint| checkpoint.position == 2));
}

#[tokio::test]
async fn an_event_of_a_type_unknown_here_is_passed_over() {
    let fixture = Fixture::single(&[]).await;
    let folder = Folder::new();
    let publisher = RawPublisher::connect(&fixture.url()).await;
    append(&publisher, &order(1)).await;
    let mut exploded = order(1);
    exploded.envelope.wire_type = "order.exploded".to_owned();
    append(&publisher, &exploded).await;
    let db = folder.open("live").await;
    assert_eq!(engine(&db, &fixture.broker, ALL).await.step().await.unwrap(), 2);
    let order = orders::get(&db, &acme(), OrderId::new(1).unwrap()).await.unwrap().unwrap();
    assert_eq!(order.position, 1);
}

#[tokio::test]
async fn an_event_of_a_newer_version_stops_the_engine_for_all_to_see() {
    let fixture = Fixture::single(&[]).await;
    let folder = Folder::new();
    let publisher = RawPublisher::connect(&fixture.url()).await;
    append(&publisher, &order(1)).await;
    let mut newer = order(2);
    newer.envelope.schema_version = 99;
    append(&publisher, &newer).await;

    let db = folder.open("live").await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(engine(&db, &fixture.broker, ALL).await.run(shutdown.clone()));
    let seen = until(&db, |checkpoint| checkpoint.error.is_some()).await;
    assert!(seen.error.is_some_and(|error| error.contains("newer than this binary")));
    assert!(seen.position < 2);
    shutdown.cancel();
    timeout(PATIENCE, running).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_engine_outlives_the_broker_and_goes_on_when_it_is_back() {
    let mut fixture = Fixture::single(&[]).await;
    let folder = Folder::new();
    let db = folder.open("live").await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(engine(&db, &fixture.broker, ALL).await.run(shutdown.clone()));
    let publisher = RawPublisher::connect(&fixture.url()).await;
    append(&publisher, &order(1)).await;
    wait_for(&db, orders::READS, 1, PATIENCE).await.unwrap();

    let before = db.checkpoints().await.unwrap().remove(0).heartbeat_at;
    until(&db, |checkpoint| checkpoint.heartbeat_at > before).await;

    fixture.servers[0].restart().await;
    let publisher = RawPublisher::connect(&fixture.url()).await;
    append(&publisher, &order(2)).await;
    wait_for(&db, customers::READS, 2, PATIENCE).await.unwrap();
    until(&db, |checkpoint| checkpoint.error.is_none()).await;
    shutdown.cancel();
    timeout(PATIENCE, running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_log_made_anew_is_refused() {
    let folder = Folder::new();
    let db = folder.open("live").await;
    {
        let fixture = Fixture::single(&[]).await;
        append(&RawPublisher::connect(&fixture.url()).await, &order(1)).await;
        engine(&db, &fixture.broker, ALL).await.step().await.unwrap();
    }
    let fixture = Fixture::single(&[]).await;
    append(&RawPublisher::connect(&fixture.url()).await, &order(1)).await;
    let refused = engine(&db, &fixture.broker, ALL).await.step().await;
    assert!(matches!(refused, Err(EngineError::Resume(ResumeError::OtherLog { .. }))), "{refused:?}");
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn open(&self, name: &str) -> Database {
        Database::open(&format!("sqlite://{}", self.0.path().join(name).display())).await.unwrap()
    }
}

pub(super) async fn engine(db: &Database, broker: &Broker, models: &[ReadModel]) -> Engine {
    Engine::open(db.clone(), broker.clone(), models).await.unwrap()
}

/// `order.placed`.
fn order(id: u64) -> Recorded<Event> {
    let key = AggregateKey::new(AggregateKind::Order, &acme(), id);
    recorded(id, key, OrderEvent::from(placed(0, None)).into_event())
}

pub(super) async fn append(publisher: &RawPublisher, event: &Recorded<Event>) {
    let body = event.event.encode().unwrap();
    publisher.publish(event.envelope.subject(), &event.envelope.headers(), body).await;
}

/// The first checkpoint, once it is so.
async fn until(db: &Database, so: impl Fn(&Checkpoint) -> bool) -> Checkpoint {
    let seen = async {
        loop {
            let first = db.checkpoints().await.unwrap().into_iter().next();
            if let Some(checkpoint) = first.filter(&so) {
                return checkpoint;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, seen).await.unwrap()
}
