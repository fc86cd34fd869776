use events::AggregateKind::{Customer, Order};
use events::{AggregateKey, Event};
use recorder::{Outcome, Recorder};
use streams::{Failure, InboxDelivery, Quarantine, Quarantined, Subscriber, Subscription, SubscriptionSettings};

use crate::house::{AT, House, LATER, Sent, acme, order};

/// A recorder from before a fix: it can read nothing.
struct Older(Quarantine);

impl Subscriber for Older {
    const NAME: &'static str = Recorder::NAME;
    type Message = InboxDelivery;

    async fn handle(&self, delivery: &InboxDelivery) -> Result<(), Failure> {
        let shop = delivery.subject.split('.').nth(1).unwrap().parse().unwrap();
        self.0.put(Some(&shop), "wrong_shape", delivery).await.map(drop).map_err(Failure::unavailable)
    }
}

async fn quarantined_by_an_older_recorder(house: &House) {
    let older = Older(house.quarantine.clone());
    let older = Subscription::open(&house.fixture.broker, older, SubscriptionSettings::default()).await;
    assert_eq!(older.unwrap().step().await.unwrap().dead, 0);
}

async fn open(house: &House) -> Vec<Quarantined> {
    house.quarantine.list(None, false, 100).await.unwrap()
}

/// What the log says of an aggregate: ids, causes and all.
async fn told(house: &House, key: &AggregateKey) -> Vec<(String, String, u64, Event)> {
    let events = house.store.events(key).await.unwrap();
    events
        .into_iter()
        .map(|it| (it.envelope.id.to_string(), it.envelope.causation_id, it.envelope.aggregate_version, it.event))
        .collect()
}

const CUSTOMER: &str = r#"{"id":4,"updated_at":"2026-03-29T18:00:26Z","state":"disabled"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn after_a_fix_a_retry_records_what_a_good_delivery_would_have() {
    let (mut house, mut good) = (House::open().await, House::open().await);
    for house in [&mut house, &mut good] {
        house.deliver(acme("orders/create", "a", &order(1, AT, "pending"))).await;
        house.deliver(acme("orders/paid", "b", &order(1, LATER, "paid"))).await;
        house.deliver(acme("customers/create", "c", CUSTOMER)).await;
    }
    good.record().await;
    quarantined_by_an_older_recorder(&house).await;
    let items = open(&house).await;
    assert_eq!((items.len(), house.status().await.events.messages), (3, 0));

    let fixed = house.recorder(&["acme"]);
    for item in &items {
        assert_eq!(fixed.would_release(item, false).await.unwrap(), Outcome::Recorded);
        assert_eq!(fixed.release(item, "the decoder was fixed", false).await.unwrap(), Outcome::Recorded);
    }
    for (kind, id) in [(Order, 1), (Customer, 4)] {
        let key = AggregateKey::new(kind, &"acme".parse().unwrap(), id);
        assert_eq!(told(&house, &key).await, told(&good, &key).await);
    }
    assert!(open(&house).await.is_empty());
    assert!(house.quarantine.counts().await.unwrap().is_empty());
    let all = house.quarantine.list(None, true, 100).await.unwrap();
    assert_eq!(all.len(), 3, "what was settled is still there to see");
    for (item, before) in all.iter().zip(&items) {
        let settled = item.settled.as_ref().unwrap();
        assert_eq!((settled.outcome.as_str(), settled.why.as_str()), ("recorded", "the decoder was fixed"));
        assert_eq!((&item.delivery, item.reason.as_str()), (&before.delivery, "wrong_shape"));
    }
    assert_eq!(house.outcome(1).await, "recorded");

    // Once more, with what was listed before: nothing is left to do.
    let head = house.status().await;
    for item in &items {
        let outcome = fixed.release(item, "again", false).await.unwrap();
        assert!(matches!(outcome, Outcome::Dropped(_)), "{outcome}");
    }
    assert_eq!(house.status().await.events, head.events);
    assert_eq!(house.quarantine.list(None, true, 100).await.unwrap(), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_cannot_be_read_stays() {
    let mut house = House::open().await;
    house.deliver(acme("orders/create", "a", "{")).await;
    house
        .deliver(Sent { shop: Some("new"), topic: "orders/create", webhook_id: "b", body: &order(1, AT, "paid") })
        .await;
    house.record().await;
    let items = open(&house).await;
    assert_eq!(items.iter().map(|item| item.reason.as_str()).collect::<Vec<_>>(), ["not_json", "unknown_shop"]);
    let recorder = house.recorder(&["acme"]);
    for item in &items {
        let outcome = recorder.release(item, "try", false).await.unwrap();
        assert_eq!(outcome.reason(), item.reason);
    }
    assert_eq!(open(&house).await, items);

    // The shop is configured now.
    let recorder = house.recorder(&["acme", "new"]);
    assert_eq!(recorder.release(&items[1], "configured", false).await.unwrap(), Outcome::Recorded);
    let key = AggregateKey::new(Order, &"new".parse().unwrap(), 1);
    assert_eq!(told(&house, &key).await.len(), 2);
    assert_eq!(open(&house).await, items[..1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_body_leaves_quarantine_by_force_only() {
    let mut house = House::open().await;
    let body = order(1, AT, "paid");
    house.deliver(Sent { shop: Some("other"), topic: "orders/create", webhook_id: "a", body: &body }).await;
    house.deliver(acme("orders/create", "b", &body)).await;
    house.record().await;
    let items = open(&house).await;
    assert_eq!(items.len(), 1);
    let recorder = house.recorder(&["acme"]);
    assert_eq!(recorder.release(&items[0], "hm", false).await.unwrap(), Outcome::Quarantined("other_shop"));
    assert!(house.events(Order, 1).await.is_empty());
    assert_eq!(recorder.would_release(&items[0], true).await.unwrap(), Outcome::Recorded);
    assert_eq!(recorder.release(&items[0], "it was ours", true).await.unwrap(), Outcome::Recorded);
    assert_eq!(house.events(Order, 1).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_was_put_there_twice_is_one() {
    let mut house = House::open().await;
    house.deliver(acme("orders/create", "a", "{")).await;
    house.record().await;
    let item = open(&house).await.remove(0);
    house.quarantine.put(item.shop.as_ref(), "not_json_either", &item.delivery).await.unwrap();
    house.quarantine.put(None, "not_json", &InboxDelivery { sequence: 99, ..item.delivery.clone() }).await.unwrap();
    assert_eq!(open(&house).await.len(), 2);
    let listed = house.quarantine.list(item.shop.as_ref(), false, 100).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&item));
    assert_eq!(house.quarantine.get(item.sequence).await.unwrap(), Some(item));
}
