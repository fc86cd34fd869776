//! The log written down, put back, copied; and a broker that only seems to write.

use std::ops::RangeInclusive;
use std::time::Duration;

use aggregates::Order;
use events::AggregateKey;
use streams::{Archived, CopyError, EventReader, EventStore, LogImport, ReadError, StreamCopy, Timers, events_head};
use testkit::{Fixture, RawPublisher};

use crate::orders::{cause, order, transaction};

const WAIT: Duration = Duration::from_millis(300);

async fn together(store: &EventStore, key: &AggregateKey, ids: RangeInclusive<u64>) -> usize {
    let command = async |id| {
        let receipt = store.execute::<Order>(key, transaction(id), &cause(format!("{}-{id}", key.id))).await;
        receipt.unwrap().appended
    };
    futures::future::join_all(ids.map(command)).await.into_iter().sum()
}

/// Every event as a line.
async fn written(fixture: &Fixture) -> Vec<Vec<u8>> {
    let head = events_head(&fixture.broker).await.unwrap();
    let mut reader = EventReader::open(&fixture.broker, 0).await.unwrap();
    let mut lines = Vec::new();
    while reader.position() < head {
        for raw in reader.next_raw_batch(100, WAIT).await.unwrap() {
            let mut line = Vec::new();
            raw.archive(&mut line);
            lines.push(line);
        }
    }
    lines
}

/// Without the time at which the log stored it, which is the log's own.
fn told(lines: &[Vec<u8>]) -> Vec<Archived> {
    lines.iter().map(|line| Archived::parse(line).unwrap()).collect()
}

async fn import(fixture: &Fixture, events: &[Archived]) -> Result<u64, CopyError> {
    let mut import = LogImport::begin(&fixture.broker).await?;
    for event in events {
        import.append(event).await?;
    }
    import.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_comes_back_from_its_archive_as_it_was_however_often_it_is_cut_off() {
    let origin = Fixture::single(&[]).await;
    let store = EventStore::new(&origin.broker);
    for id in 1..=300 {
        // Those that wait together are appended as one atomic batch.
        together(&store, &order("archive", id), 1..=(if id % 50 == 0 { 20 } else { 1 })).await;
    }
    let headers = [
        ("ce-type", "order.dreamt"),
        ("ce-id", "x"),
        ("ce-dataschema", "events/order.dreamt/v1.json"),
        ("ce-time", "2026-01-01T00:00:00Z"),
        ("ce-aggregateversion", "1"),
        ("ce-correlationid", "x"),
        ("ce-causationid", "x"),
    ];
    let headers = headers.map(|(name, value)| (name, value.to_owned()));
    RawPublisher::connect(&origin.url()).await.publish(unknown(), &headers, b"{}".to_vec()).await;
    let lines = written(&origin).await;
    let events = told(&lines);

    let copy = Fixture::single(&[]).await;
    assert_eq!(import(&copy, &events[..100]).await.unwrap(), 100);
    assert_eq!(import(&copy, &events).await.unwrap(), events.len() as u64, "it goes on where it was");
    assert_eq!(import(&copy, &events).await.unwrap(), events.len() as u64, "again is nothing");
    assert_eq!(told(&written(&copy).await), events);
    let there = EventStore::new(&copy.broker).load::<Order>(&order("archive", 7), 0).await.unwrap();
    let here = EventStore::new(&origin.broker).load::<Order>(&order("archive", 7), 0).await.unwrap();
    assert_eq!(there, here);
    let more = EventStore::new(&copy.broker);
    let receipt = more.execute::<Order>(&order("archive", 7), transaction(99), &cause("more".to_owned())).await;
    assert_eq!(receipt.unwrap().position, events.len() as u64 + 1, "it is a log like any other");
}

fn unknown() -> String {
    events::subject::event(&order("archive", 9_999))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_goes_into_its_own_log_only() {
    let origin = Fixture::single(&[]).await;
    let store = EventStore::new(&origin.broker);
    for id in 1..=20 {
        store.execute::<Order>(&order("own", id), transaction(id), &cause(format!("{id}"))).await.unwrap();
    }
    let events = told(&written(&origin).await);
    let other = Fixture::single(&[]).await;
    let theirs = EventStore::new(&other.broker);
    theirs.execute::<Order>(&order("theirs", 1), transaction(1), &cause("1".to_owned())).await.unwrap();
    assert!(matches!(import(&other, &events).await, Err(CopyError::OtherLog { position: 1 })));
    assert_eq!(events_head(&other.broker).await.unwrap(), 1, "nothing was appended");

    let empty = Fixture::single(&[]).await;
    let without_one = [&events[..3], &events[4..]].concat();
    assert!(matches!(import(&empty, &without_one).await, Err(CopyError::Gap { expected: 4, found: 5 })));
    let mut moved = events[3].clone();
    moved.subject = events[4].subject.clone();
    let damaged = [&events[..3], &[moved]].concat();
    assert!(matches!(import(&empty, &damaged).await, Err(CopyError::Unreadable { position: 4, .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_copied_to_a_stream_of_ones_own_once() {
    let fixture = Fixture::single(&[]).await;
    let store = EventStore::new(&fixture.broker);
    for id in 1..=50 {
        store.execute::<Order>(&order("copy", id), transaction(id), &cause(format!("{id}"))).await.unwrap();
    }
    let client = async_nats::connect(fixture.servers[0].url()).await.unwrap();
    let config = async_nats::jetstream::stream::Config {
        name: "MINE".to_owned(),
        subjects: vec!["mine.>".to_owned()],
        ..Default::default()
    };
    let mut mine = async_nats::jetstream::new(client).create_stream(config).await.unwrap();
    for _ in 0..2 {
        let mut copy = StreamCopy::begin(&fixture.broker, "MINE", "mine").unwrap();
        let mut reader = EventReader::open(&fixture.broker, 0).await.unwrap();
        for raw in reader.next_raw_batch(1_000, WAIT).await.unwrap() {
            copy.append(&raw).await.unwrap();
        }
        assert_eq!(copy.settle().await.unwrap(), 50);
    }
    assert_eq!(mine.info().await.unwrap().state.messages, 50, "the same event is there once");
    let first = mine.get_raw_message(1).await.unwrap();
    assert_eq!(first.subject.as_str(), format!("mine.{}", events::subject::event(&order("copy", 1))));
    assert_eq!(first.headers.get("ce-type").unwrap().as_str(), "order.transaction_recorded");
    for (stream, prefix) in [("EVENTS", "mine"), ("INBOX", "mine"), ("a b", "mine"), ("MINE", "a.b"), ("MINE", "")] {
        let refused = StreamCopy::begin(&fixture.broker, stream, prefix);
        assert!(matches!(refused, Err(CopyError::Log(ReadError::Missing(_)))), "{stream} {prefix}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsing_broker_stores_nothing_and_is_believed() {
    let fixture = Fixture::single(&[]).await;
    let real = EventStore::new(&fixture.broker);
    real.execute::<Order>(&order("stage", 1), transaction(1), &cause("1".to_owned())).await.unwrap();
    let (broker, mut rehearsal) = fixture.broker.rehearse();
    let store = EventStore::new(&broker);
    let key = order("stage", 1);
    let receipt = store.execute::<Order>(&key, transaction(2), &cause("2".to_owned())).await.unwrap();
    assert_eq!(receipt.appended, 1);
    let again = store.execute::<Order>(&key, transaction(2), &cause("3".to_owned())).await.unwrap();
    assert_eq!(again.appended, 0, "it sees what it decided before");
    assert_eq!(together(&store, &key, 3..=40).await, 38, "a batch is noted one by one");
    Timers::new(&broker, "stage").set("a", "2030-01-01T00:00:00Z".parse().unwrap(), &1).await.unwrap();
    let noted = rehearsal.take();
    assert_eq!(noted.len(), 40);
    assert_eq!(noted[0].wire_type.as_deref(), Some("order.transaction_recorded"));
    assert_eq!(noted[0].subject, events::subject::event(&key));
    assert_eq!((noted[39].subject.as_str(), &noted[39].wire_type), ("timers.stage.a", &None));
    assert_eq!(rehearsal.take(), []);
    assert_eq!(events_head(&fixture.broker).await.unwrap(), 1, "nothing was stored");
    assert_eq!(real.load::<Order>(&key, 0).await.unwrap().version, 1);
}
