//! The service that waits for customers, against a real broker with its timers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::sync::Arc;
use std::time::Duration;

use aggregates::{Checkout, CheckoutCommand, CheckoutSnapshot, Order, OrderCommand, OrderSnapshot};
use events::{AggregateKey, AggregateKind, AsOf, CheckoutContent, Money, Timestamp};
use handlers::checkouts::{AbandonCheckouts, Checkouts, CheckoutsSettings, WatchCheckouts};
use jiff::SignedDuration;
use streams::{Cause, EventStore, Step, Subscriber, Subscription, SubscriptionSettings};
use testkit::{Fixture, Unsealed};
use tokio::time::{Instant, sleep};

const WAIT: SignedDuration = SignedDuration::from_secs(2);

struct Service {
    store: EventStore,
    watch: Subscription<WatchCheckouts>,
    abandon: Subscription<AbandonCheckouts>,
    words: u64,
    _fixture: Fixture,
}

impl Service {
    async fn start() -> Self {
        let fixture = Fixture::single(&handlers::checkouts::durables()).await;
        let service = Checkouts::new(&fixture.broker, CheckoutsSettings { abandoned_after: WAIT });
        let store = EventStore::new(&fixture.broker).sealed_by(Arc::new(Unsealed));
        let (watch, abandon) = (open(&fixture, service.watch).await, open(&fixture, service.abandon).await);
        Self { store, watch, abandon, words: 0, _fixture: fixture }
    }

    fn cause(&mut self) -> Cause {
        self.words += 1;
        let id = Cause::inbox_id(self.words);
        Cause { id: id.clone(), correlation_id: id, trace_parent: None }
    }

    /// The customer is at the checkout, so many seconds ago.
    async fn seen(&mut self, token: &str, seconds_ago: i64) {
        let at = Timestamp::now() - SignedDuration::from_secs(seconds_ago);
        let as_of = AsOf { updated_at: at, triggered_at: None, digest: String::new() };
        let snapshot = CheckoutSnapshot { as_of, created_at: at, completed_at: None, content: content() };
        let (cause, command) = (self.cause(), CheckoutCommand::Snapshot(Box::new(snapshot)));
        self.store.execute::<Checkout>(&checkout(token), command, &cause).await.unwrap();
        self.react().await;
    }

    async fn order(&mut self, token: &str) {
        let cause = self.cause();
        let key = AggregateKey::new(AggregateKind::Order, &"acme".parse().unwrap(), 7);
        let command = OrderCommand::Snapshot(Box::new(order(token)));
        self.store.execute::<Order>(&key, command, &cause).await.unwrap();
        self.react().await;
    }

    async fn react(&mut self) {
        calm(self.watch.step().await.unwrap());
        calm(self.abandon.step().await.unwrap());
    }

    async fn types(&self, token: &str) -> Vec<&'static str> {
        let events = self.store.events(&checkout(token)).await.unwrap();
        events.iter().map(|recorded| recorded.event.wire_type()).collect()
    }

    /// Until the checkout's last event is this one.
    async fn until(&mut self, token: &str, last: &str) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.types(token).await.last() != Some(&last) {
            assert!(Instant::now() < deadline, "{token}: {:?}", self.types(token).await);
            sleep(Duration::from_millis(50)).await;
            self.react().await;
        }
    }
}

async fn open<S: Subscriber>(fixture: &Fixture, subscriber: S) -> Subscription<S> {
    Subscription::open(&fixture.broker, subscriber, SubscriptionSettings::default()).await.unwrap()
}

fn calm(step: Step) {
    assert_eq!((step.dead, step.retried, step.unavailable), (0, 0, None));
}

fn checkout(token: &str) -> AggregateKey {
    AggregateKey::new(AggregateKind::Checkout, &"acme".parse().unwrap(), token)
}

fn zero() -> Money {
    Money::zero("EUR".parse().unwrap())
}

fn content() -> CheckoutContent {
    CheckoutContent {
        cart_token: None,
        customer_id: None,
        email: None,
        phone: None,
        locale: None,
        accepts_marketing: false,
        total: zero(),
        lines: Vec::new(),
        recovery_url: None,
    }
}

fn order(token: &str) -> OrderSnapshot {
    let placed = OrderSnapshot::placed(Timestamp::now(), "EUR".parse().unwrap());
    OrderSnapshot { checkout_token: Some(token.to_owned()), ..placed }
}

#[tokio::test]
async fn a_checkout_is_given_up_once_its_customer_stays_away_and_is_recovered_by_its_order() {
    let mut service = Service::start().await;
    service.seen("left", 60).await;
    service.until("left", "checkout.abandoned").await;
    service.order("left").await;
    service.until("left", "checkout.recovered").await;
    assert_eq!(service.types("left").await, ["checkout.started", "checkout.abandoned", "checkout.recovered"]);
}

#[tokio::test]
async fn a_customer_who_comes_back_or_orders_in_time_is_not_given_up() {
    let mut service = Service::start().await;
    service.seen("bought", 0).await;
    service.order("bought").await;
    service.until("bought", "checkout.completed").await;
    let started = Timestamp::now();
    service.seen("back", 1).await;
    service.seen("back", 0).await;
    service.until("back", "checkout.abandoned").await;
    assert!(Timestamp::now() >= started + WAIT, "the second visit moved the timer");
    assert_eq!(service.types("back").await, ["checkout.started", "checkout.touched", "checkout.abandoned"]);
    assert_eq!(service.types("bought").await, ["checkout.started", "checkout.completed"]);
}
