//! From a delivery in the inbox to events, on a real broker.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Arc;

use aggregates::Order;
use bytes::Bytes;
use events::{AggregateKey, AggregateKind, Event, Recorded, Shop, subject};
use http::{HeaderMap, HeaderName};
use recorder::Recorder;
use shopify::encode_block;
use streams::status::Status;
use streams::{EventStore, Inbox, InboxMessage, Quarantine, Subscriber, Subscription, SubscriptionSettings};
use testkit::{Fixture, Unsealed};

/// An inbox, and the recorder that reads it.
struct House {
    fixture: Fixture,
    inbox: Inbox,
    store: EventStore,
    recorder: Subscription<Recorder>,
    sent: u32,
}

const EVENT_ID: &str = "98880550-7158-44d4-b7cd-2c97c8a091b5";

fn shop() -> Shop {
    "acme".parse().unwrap()
}

impl House {
    async fn open() -> Self {
        let fixture = Fixture::single(&[Recorder::durable()]).await;
        let store = EventStore::new(&fixture.broker).sealed_by(Arc::new(Unsealed));
        let recorder = Recorder::new(store.clone(), Quarantine::new(&fixture.broker), [shop()]);
        let recorder = Subscription::open(&fixture.broker, recorder, SubscriptionSettings::default()).await.unwrap();
        Self { inbox: Inbox::new(&fixture.broker), fixture, store, recorder, sent: 0 }
    }

    /// As ingress does it, under a message id of its own.
    async fn deliver(&mut self, shop: Option<&Shop>, topic: &str, body: &str) -> u64 {
        self.sent += 1;
        let headers = HashMap::from([
            ("x-shopify-topic", topic),
            ("x-shopify-event-id", EVENT_ID),
            ("x-shopify-triggered-at", "2026-03-29T18:00:30Z"),
        ]);
        let headers = headers.into_iter().filter(|(_, value)| !value.is_empty());
        let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let message = InboxMessage {
            subject: subject::inbox(shop, topic),
            message_id: self.sent.to_string(),
            headers: encode_block(&HeaderMap::from_iter(headers)),
            body: Bytes::copy_from_slice(body.as_bytes()),
            trace_parent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        };
        self.inbox.append(message).await.unwrap().sequence
    }

    /// Handles all that is there; fails when anything is left.
    async fn record(&mut self) -> Status {
        let step = self.recorder.step().await.unwrap();
        assert_eq!((step.retried, step.dead, step.unavailable, step.parked), (0, 0, None, 0));
        let status = streams::status::read(&self.fixture.broker, &[Recorder::durable()]).await.unwrap();
        assert!(status.is_settled(), "{status:?}");
        status
    }

    async fn types(&self, kind: AggregateKind, id: &str) -> Vec<&'static str> {
        self.events(kind, id).await.iter().map(|recorded| recorded.event.wire_type()).collect()
    }

    async fn events(&self, kind: AggregateKind, id: &str) -> Vec<Recorded<Event>> {
        self.store.events(&AggregateKey::new(kind, &shop(), id)).await.unwrap()
    }
}

fn order(id: u64, updated_at: &str, status: &str) -> String {
    format!(
        r##"{{"id":{id},"name":"#1","created_at":"2026-03-29T20:00:26+02:00","updated_at":"{updated_at}",
            "currency":"EUR","financial_status":"{status}","fulfillment_status":null,"total_price":"10.00",
            "current_total_price":"10.00","subtotal_price":"10.00","total_tax":"0.00","total_discounts":"0.00",
            "shipping_lines":[],"line_items":[{{"id":1,"title":"Tea","quantity":1,"price":"10.00"}}]}}"##
    )
}

const AT: &str = "2026-03-29T20:00:26+02:00";
const LATER: &str = "2026-03-29T20:00:40+02:00";

#[tokio::test]
async fn a_webhook_becomes_events_that_name_their_cause() {
    let mut house = House::open().await;
    let sequence = house.deliver(Some(&shop()), "orders/create", &order(9_007_199_254_740_993, AT, "paid")).await;
    house.record().await;

    let events = house.events(AggregateKind::Order, "9007199254740993").await;
    let types: Vec<_> = events.iter().map(|recorded| recorded.event.wire_type()).collect();
    assert_eq!(types, ["order.placed", "order.paid"]);
    for recorded in events {
        let envelope = recorded.envelope;
        assert_eq!(envelope.causation_id, format!("inbox:{sequence}"));
        assert_eq!(envelope.correlation_id, EVENT_ID);
        assert!(envelope.trace_parent.is_some());
        assert_eq!(envelope.time, AT.parse().unwrap());
    }
}

#[tokio::test]
async fn a_second_delivery_changes_nothing_and_an_older_one_adds_nothing() {
    let mut house = House::open().await;
    house.deliver(Some(&shop()), "orders/updated", &order(1, LATER, "paid")).await;
    let head = house.record().await.events.last;
    assert_eq!(head, 2);
    house.deliver(Some(&shop()), "orders/updated", &order(1, LATER, "paid")).await;
    house.deliver(Some(&shop()), "orders/create", &order(1, AT, "pending")).await;
    assert_eq!(house.record().await.events.last, head);
}

#[tokio::test]
async fn the_order_of_arrival_does_not_matter() {
    let (mut one, mut other) = (House::open().await, House::open().await);
    let bodies = [order(1, AT, "pending"), order(1, LATER, "paid")];
    let key = AggregateKey::new(AggregateKind::Order, &shop(), 1);
    for body in &bodies {
        one.deliver(Some(&shop()), "orders/updated", body).await;
    }
    for body in bodies.iter().rev() {
        other.deliver(Some(&shop()), "orders/updated", body).await;
    }
    one.record().await;
    other.record().await;
    let end = one.store.load::<Order>(&key, 0).await.unwrap();
    assert_eq!(other.store.load::<Order>(&key, 0).await.unwrap().state, end.state);
    assert_eq!(end.version, 2, "placed and paid: {:?}", one.types(AggregateKind::Order, "1").await);
}

#[tokio::test]
async fn every_kind_of_aggregate_is_recorded() {
    let mut house = House::open().await;
    let product = r#"{"id":2,"title":"Tea","updated_at":"2026-03-29T18:00:26Z","variants":[{"id":3,"title":"Green","price":"1.00"}]}"#;
    let customer = r#"{"id":4,"updated_at":"2026-03-29T18:00:26Z","state":"disabled"}"#;
    let level = r#"{"inventory_item_id":5,"location_id":6,"available":7,"updated_at":"2026-03-29T18:00:26Z"}"#;
    for (topic, body) in [
        ("products/create", product),
        ("customers/create", customer),
        ("inventory_levels/update", level),
        ("app/uninstalled", r#"{"id":8,"name":"Acme","myshopify_domain":"acme.myshopify.com"}"#),
    ] {
        house.deliver(Some(&shop()), topic, body).await;
    }
    house.record().await;
    assert_eq!(house.types(AggregateKind::Product, "2").await, ["product.created", "product.variant_added"]);
    assert_eq!(house.types(AggregateKind::Customer, "4").await, ["customer.registered"]);
    assert_eq!(house.types(AggregateKind::Stock, "5").await[0], "stock.observed");
    assert_eq!(house.types(AggregateKind::Shop, "acme").await, ["shop.uninstalled"]);
}

#[tokio::test]
async fn garbage_is_quarantined_once_and_holds_nothing_up() {
    let mut house = House::open().await;
    let bodies = ["", "{", "[]", r#"{"id":1,"id":2}"#, r#"{"id":1e400}"#, r#"{"note":"\u0000"}"#, "{}"];
    for body in bodies {
        house.deliver(Some(&shop()), "orders/create", body).await;
    }
    // The body of another topic, no topic, and a shop that is not ours.
    house.deliver(Some(&shop()), "customers/update", &order(1, AT, "paid")).await;
    house.deliver(Some(&shop()), "", &order(1, AT, "paid")).await;
    house.deliver(None, "orders/create", &order(1, AT, "paid")).await;
    house.deliver(Some(&"other".parse().unwrap()), "orders/create", &order(1, AT, "paid")).await;
    house.deliver(Some(&shop()), "orders/create", &order(2, AT, "pending")).await;

    let status = house.record().await;
    assert_eq!(status.quarantine.messages, bodies.len() as u64 + 4);
    assert_eq!((status.events.last, status.dead_letters.messages), (1, 0));
    assert_eq!(house.types(AggregateKind::Order, "2").await, ["order.placed"]);
}

#[tokio::test]
async fn a_topic_that_says_nothing_stays_in_the_inbox_and_an_unknown_one_is_quarantined() {
    let mut house = House::open().await;
    for topic in ["themes/publish", "locales/create", "../../x", "orders.*", ">"] {
        house.deliver(Some(&shop()), topic, "{}").await;
    }
    let status = house.record().await;
    assert_eq!((status.inbox.messages, status.quarantine.messages, status.events.messages), (5, 3, 0));
}

#[tokio::test]
async fn a_broker_that_is_away_costs_no_delivery() {
    let mut house = House::open().await;
    for id in 1..=20 {
        house.deliver(Some(&shop()), "orders/create", &order(id, AT, "pending")).await;
    }
    house.fixture.servers[0].restart().await;
    // The connection comes back by itself; until then a step may fail, and loses nothing.
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(120);
    loop {
        assert!(tokio::time::Instant::now() < deadline, "not recorded");
        let _ = house.recorder.step().await;
        let status = streams::status::read(&house.fixture.broker, &[Recorder::durable()]).await;
        if status.is_ok_and(|status| status.is_settled() && status.events.messages == 20) {
            return;
        }
    }
}
