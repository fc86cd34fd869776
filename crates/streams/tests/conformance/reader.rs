use std::time::Duration;

use aggregates::{Customer, Order};
use bytes::Bytes;
use events::{AggregateKind, subject};
use streams::{
    AppendError, Broker, BrokerSettings, ConnectError, Entry, EventReader, EventStore, Inbox, InboxMessage, Quarantine,
    ReadError, Stream, events_head, stream_epoch,
};
use testkit::{Fixture, NatsServer, Proxy};

use crate::orders::{cause, customer, order, registration, shop, transaction};
use crate::probe::message;
use crate::subscription::odd_headers;

const WAIT: Duration = Duration::from_secs(5);
/// In every event that is delivered.
const EVENT: &str = "ce-type:";

/// Everything up to the head.
async fn read_all(reader: &mut EventReader, head: u64, batch: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    while reader.position() < head {
        entries.extend(reader.next_batch(batch, WAIT).await.unwrap());
    }
    entries
}

fn positions(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.position).collect()
}

async fn fill(fixture: &Fixture, orders: u64) {
    fill_from(fixture, 1, orders).await;
}

async fn fill_from(fixture: &Fixture, first: u64, last: u64) {
    let store = EventStore::new(&fixture.broker);
    for id in first..=last {
        store.execute::<Order>(&order("reader", id), transaction(id), &cause(id)).await.unwrap();
    }
}

#[tokio::test]
async fn the_log_is_read_from_any_position_whatever_the_batch() {
    let fixture = Fixture::single(&[]).await;
    fill(&fixture, 30).await;
    for (after, batch) in [(0, 1), (0, 7), (0, 1000), (29, 10), (30, 10)] {
        let mut reader = EventReader::open(&fixture.broker, after).await.unwrap();
        let entries = read_all(&mut reader, 30, batch).await;
        let mut other = EventReader::open_in_bulk(&fixture.broker, after).await.unwrap();
        assert_eq!(read_all(&mut other, 30, batch).await, entries, "on a connection of its own");
        assert_eq!(positions(&entries), (after + 1..=30).collect::<Vec<_>>());
        assert!(entries.iter().all(|entry| entry.event.as_ref().is_some_and(|event| event.position == entry.position)));
        assert_eq!(reader.next_batch(batch, Duration::ZERO).await.unwrap(), [], "the head is the end");
    }
}

#[tokio::test]
async fn kinds_that_are_not_asked_for_are_passed_over() {
    let fixture = Fixture::single(&[]).await;
    fill(&fixture, 2).await;
    let store = EventStore::new(&fixture.broker);
    store.execute::<Customer>(&customer("reader", 1), registration(), &cause("birth")).await.unwrap();
    let mut reader = EventReader::open(&fixture.broker, 0).await.unwrap().only([AggregateKind::Customer]);
    let entries = read_all(&mut reader, 3, 10).await;
    assert_eq!(entries.iter().map(|entry| entry.event.is_some()).collect::<Vec<_>>(), [false, false, true]);
}

#[tokio::test]
async fn an_unknown_type_is_passed_over_and_a_newer_version_is_not() {
    let fixture = Fixture::single(&[]).await;
    let jetstream = async_nats::jetstream::new(async_nats::connect(fixture.url()).await.unwrap());
    for (wire_type, version) in [("order.invented_later", 1), ("order.transaction_recorded", 99)] {
        let subject = subject::event(&order("reader", 1));
        let headers = odd_headers(wire_type, version);
        jetstream.publish_with_headers(subject, headers, "{}".into()).await.unwrap().await.unwrap();
    }
    let mut reader = EventReader::open(&fixture.broker, 0).await.unwrap();
    let first = reader.next_batch(1, WAIT).await.unwrap();
    assert_eq!(first, [Entry { position: 1, event: None }]);
    for _ in 0..2 {
        let refused = reader.next_batch(1, WAIT).await;
        assert!(matches!(refused, Err(ReadError::Unreadable { position: 2, .. })), "{refused:?}");
        assert_eq!(reader.position(), 1);
    }
}

#[tokio::test]
async fn a_reader_goes_on_after_its_server_was_killed() {
    let mut fixture = Fixture::single(&[]).await;
    fill(&fixture, 10).await;
    for in_bulk in [false, true] {
        goes_on(&mut fixture, in_bulk).await;
    }
}

/// Everything up to the head, whatever is away for some time.
async fn read_through(reader: &mut EventReader, head: u64) -> Vec<Entry> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    let mut rest = Vec::new();
    while reader.position() < head {
        assert!(tokio::time::Instant::now() < deadline, "the reader does not go on");
        match reader.next_batch(100, Duration::from_millis(100)).await {
            Ok(entries) => rest.extend(entries),
            Err(error) => assert!(matches!(error, ReadError::Unavailable(_)), "{error}"),
        }
    }
    rest
}

async fn goes_on(fixture: &mut Fixture, in_bulk: bool) {
    let broker = &fixture.connect().await;
    let opened = if in_bulk { EventReader::open_in_bulk(broker, 0).await } else { EventReader::open(broker, 0).await };
    let mut reader = opened.unwrap();
    assert_eq!(reader.next_batch(4, WAIT).await.unwrap().len(), 4);
    fixture.servers[0].restart().await;
    let rest = read_through(&mut reader, 10).await;
    assert_eq!(positions(&rest), (5..=10).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_was_lost_on_the_way_is_read_again() {
    let fixture = Fixture::single(&[]).await;
    let proxy = Proxy::in_front_of(fixture.servers[0].port()).await;
    let lossy = Broker::connect(&BrokerSettings::new(proxy.address().to_string(), "lossy")).await.unwrap();
    fill(&fixture, 3).await;
    let mut reader = EventReader::open(&lossy, 0).await.unwrap();
    let mut entries = read_all(&mut reader, 3, 10).await;
    proxy.lose(EVENT, 1);
    fill_from(&fixture, 4, 4).await;
    assert_eq!(reader.next_batch(10, Duration::from_millis(300)).await.unwrap(), []);
    assert_eq!(proxy.left(), 0, "an event was really lost");
    fill_from(&fixture, 5, 5).await;
    entries.extend(read_all(&mut reader, 5, 10).await);
    assert_eq!(positions(&entries), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_reader_of_much_makes_another_connection_when_its_own_is_cut() {
    let fixture = Fixture::single(&[]).await;
    fill(&fixture, 10).await;
    let proxy = Proxy::in_front_of(fixture.servers[0].port()).await;
    let far = Broker::connect(&BrokerSettings::new(proxy.address().to_string(), "far")).await.unwrap();
    let mut reader = EventReader::open_in_bulk(&far, 0).await.unwrap();
    let mut entries = reader.next_batch(4, WAIT).await.unwrap();
    proxy.cut();
    fill_from(&fixture, 11, 12).await;
    proxy.mend();
    entries.extend(read_through(&mut reader, 12).await);
    assert_eq!(positions(&entries), (1..=12).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_made_anew_is_another_one() {
    let mut fixture = Fixture::single(&[]).await;
    assert_eq!(events_head(&fixture.broker).await.unwrap(), 0);
    let epoch = stream_epoch(&fixture.broker, Stream::Events).await.unwrap();
    fixture.servers[0].restart().await;
    let broker = fixture.connect().await;
    assert_eq!(stream_epoch(&broker, Stream::Events).await.unwrap(), epoch, "a restart makes no other stream");
    let jetstream = async_nats::jetstream::new(async_nats::connect(fixture.url()).await.unwrap());
    jetstream.delete_stream("EVENTS").await.unwrap();
    assert!(matches!(events_head(&broker).await, Err(ReadError::Missing(_))));
    // The server clears the old one away in its own time, and makes no other before.
    let deadline = tokio::time::Instant::now() + WAIT;
    while let Err(error) = streams::topology::ensure(&broker, &testkit::topology_settings(), &[]).await {
        assert!(tokio::time::Instant::now() < deadline, "{error}");
    }
    assert_ne!(stream_epoch(&broker, Stream::Events).await.unwrap(), epoch);
}

#[tokio::test]
async fn a_delivery_is_kept_byte_for_byte_and_once() {
    let fixture = Fixture::single(&[]).await;
    let inbox = Inbox::new(&fixture.broker);
    let odd = InboxMessage {
        headers: Bytes::from_static(b"A: \x00\xff\r\n\r\nB"),
        body: Bytes::from_static(b"\x00\xffnot json\r\n"),
        message_id: "with\r\nline breaks".to_owned(),
        trace_parent: Some("00-trace\r\nNats-Rollup: all".to_owned()),
        ..message("reader", "x")
    };
    let first = inbox.append(odd.clone()).await.unwrap();
    assert!(!first.duplicate);
    let again = inbox.append(odd.clone()).await.unwrap();
    assert_eq!((again.sequence, again.duplicate), (first.sequence, true));
    let kept = inbox.read(first.sequence).await.unwrap().unwrap();
    assert_eq!((&kept.body, &kept.headers, &kept.subject), (&odd.body, &odd.headers, &odd.subject));
    assert_eq!(kept.trace_parent.as_deref(), Some("00-trace  Nats-Rollup: all"));
    assert_eq!(inbox.read(first.sequence + 1).await.unwrap(), None);
    let quarantine = Quarantine::new(&fixture.broker);
    let one = quarantine.put(Some(&shop("reader")), "not_json", &kept).await.unwrap();
    let two = quarantine.put(Some(&shop("reader")), "not_json", &kept).await.unwrap();
    assert_eq!((one.sequence, one.duplicate, two.duplicate), (two.sequence, false, true));
}

#[tokio::test]
async fn what_is_too_large_or_cannot_be_kept_is_an_error() {
    let mut fixture = Fixture::single(&[]).await;
    let inbox = Inbox::new(&fixture.broker);
    let large = InboxMessage { body: vec![b'x'; fixture.broker.max_payload() + 1].into(), ..message("reader", "x") };
    assert!(matches!(inbox.append(large).await, Err(AppendError::TooLarge { .. })));
    fixture.servers[0].kill();
    let gone = inbox.append(message("reader", "y")).await;
    assert!(matches!(gone, Err(AppendError::Unavailable(_) | AppendError::Unconfirmed)), "{gone:?}");
}

#[tokio::test]
async fn a_stream_at_its_limit_says_so_at_once() {
    let server = NatsServer::start().await;
    let broker = server.connect().await;
    let settings = streams::topology::TopologySettings { max_bytes: 100_000, ..testkit::topology_settings() };
    streams::topology::ensure(&broker, &settings, &[]).await.unwrap();
    let inbox = Inbox::new(&broker);
    let mut full = None;
    for n in 0..100 {
        let text = format!("{n:0>5000}");
        full = inbox.append(message("reader", &text)).await.err();
        if full.is_some() {
            break;
        }
    }
    assert!(matches!(full, Some(AppendError::Full)), "{full:?}");
}

#[tokio::test]
async fn without_a_server_connecting_fails_and_says_where() {
    let mut server = NatsServer::start().await;
    server.kill();
    let refused = Broker::connect(&BrokerSettings::new(server.url().replace("//", "//me:secret@"), "test")).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }));
    assert!(error.to_string().contains(&server.port().to_string()) && !error.to_string().contains("secret"));
}
