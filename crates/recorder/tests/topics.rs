//! One body of every topic, from the inbox to its end, on a real broker.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use events::{AggregateKey, Shop, subject};
use http::{HeaderMap, HeaderName};
use recorder::Recorder;
use serde_json::value::RawValue;
use shopify::{End, Topic, encode_block};
use streams::status::Status;
use streams::{EventStore, Inbox, InboxMessage, Quarantine, Subscriber, Subscription, SubscriptionSettings};
use testkit::{Fixture, Unsealed};

const BODIES: &str = include_str!("../../shopify/tests/fixtures/topics.json");

struct House {
    fixture: Fixture,
    recorder: Subscription<Recorder>,
    sent: i64,
}

fn shop() -> Shop {
    "acme".parse().unwrap()
}

impl House {
    async fn open() -> Self {
        let fixture = Fixture::single(&[Recorder::durable()]).await;
        let recorder = Recorder::new(
            EventStore::new(&fixture.broker).sealed_by(Arc::new(Unsealed)),
            Quarantine::new(&fixture.broker),
            [shop()],
        );
        let recorder = Subscription::open(&fixture.broker, recorder, SubscriptionSettings::default()).await.unwrap();
        Self { fixture, recorder, sent: 0 }
    }

    /// Puts one delivery in the inbox, each triggered a second after the last, and records it.
    async fn record(&mut self, topic: &str, body: &str) -> Status {
        self.sent += 1;
        let triggered_at = events::Timestamp::from_second(1_774_900_000 + self.sent).unwrap().to_string();
        let headers = [
            ("x-shopify-topic", topic),
            ("x-shopify-api-version", "2026-07"),
            ("x-shopify-triggered-at", &triggered_at),
        ];
        let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let message = InboxMessage {
            subject: subject::inbox(Some(&shop()), topic),
            message_id: self.sent.to_string(),
            headers: encode_block(&HeaderMap::from_iter(headers)),
            body: Bytes::copy_from_slice(body.as_bytes()),
            trace_parent: None,
        };
        Inbox::new(&self.fixture.broker).append(message).await.unwrap();
        let step = self.recorder.step().await.unwrap();
        assert_eq!((step.retried, step.dead, step.unavailable, step.parked), (0, 0, None, 0), "{topic}");
        streams::status::read(&self.fixture.broker, &[Recorder::durable()]).await.unwrap()
    }
}

#[tokio::test]
async fn every_topic_ends_as_its_table_says_and_none_is_lost() {
    let bodies: BTreeMap<String, Box<RawValue>> = serde_json::from_str(BODIES).unwrap();
    let mut house = House::open().await;
    let (mut events, mut quarantined) = (0, 0);
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for topic in Topic::all() {
        let status = house.record(topic.name, bodies[topic.name].get()).await;
        let appended = status.events.last - events;
        let outcome = match &topic.end {
            _ if status.quarantine.messages > quarantined => "quarantined",
            End::Kept(reason) => reason,
            _ if appended == 0 => "unchanged",
            _ => "recorded",
        };
        assert!(appended == 0 || outcome == "recorded", "{} is kept, and {appended} events came of it", topic.name);
        println!("{:60} {outcome:22} {appended} event(s)", topic.name);
        *ends.entry(outcome).or_default() += 1;
        (events, quarantined) = (status.events.last, status.quarantine.messages);
    }
    println!("{ends:#?}");
    assert_eq!(quarantined, 0);
    let store = EventStore::new(&house.fixture.broker).sealed_by(Arc::new(Unsealed));
    for topic in Topic::all().filter(|topic| matches!(topic.end, End::Observed(_))) {
        let kind = topic.resource.parse().unwrap();
        let id = topic.id_of(bodies[topic.name].get().as_bytes()).unwrap();
        let recorded = store.events(&AggregateKey::new(kind, &shop(), id)).await.unwrap();
        let types: Vec<&str> = recorded.iter().map(|recorded| recorded.event.wire_type()).collect();
        assert_eq!(types.first(), Some(&format!("{}.observed", topic.resource).as_str()), "{}", topic.name);
    }
    let status = house.record("orders/eaten", "{}").await;
    assert_eq!((status.inbox.messages, status.quarantine.messages), (Topic::all().count() as u64 + 1, 1));
}
