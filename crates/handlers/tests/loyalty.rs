//! The loyalty service against a real broker, timers and all.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aggregates::{
    Customer, CustomerCommand, LoyaltyAccount, LoyaltyCommand, Order, OrderCommand, OrderSnapshot, Program, Tier,
};
use events::{
    AggregateKey, AggregateKind, AsOf, CustomerId, DomainEvents, Event, FinancialStatus, Line, LineId, LoyaltyEvent,
    Money, MoneySet, OrderContact, OrderId, Recorded, Refund, RefundId, RefundLine, RestockType, Shop, Timestamp,
};
use handlers::loyalty::{AgePoints, AwardPoints, Loyalty, LoyaltySettings, MergeAccounts, SchedulePoints, simulate};
use jiff::{SignedDuration, Unit};
use rust_decimal::Decimal;
use streams::{Cause, EventStore, Subscriber, Subscription, SubscriptionSettings, status};
use testkit::{Fixture, Unsealed};
use tokio::time::{Instant, sleep};

/// The service, driven step by step.
struct Service {
    store: EventStore,
    award: Subscription<AwardPoints>,
    schedule: Subscription<SchedulePoints>,
    age: Subscription<AgePoints>,
    merge: Subscription<MergeAccounts>,
    words: u64,
    fixture: Fixture,
}

impl Service {
    async fn start(settings: LoyaltySettings) -> Self {
        let fixture = Fixture::single(&handlers::loyalty::durables()).await;
        let Loyalty { award_points, schedule_points, age_points, merge_accounts } =
            Loyalty::new(&fixture.broker, settings);
        Self {
            store: EventStore::new(&fixture.broker).sealed_by(Arc::new(Unsealed)),
            award: subscribe(&fixture, award_points).await,
            schedule: subscribe(&fixture, schedule_points).await,
            age: subscribe(&fixture, age_points).await,
            merge: subscribe(&fixture, merge_accounts).await,
            words: 0,
            fixture,
        }
    }

    async fn with(program: Program) -> Self {
        Self::start(LoyaltySettings { program, without: BTreeSet::new() }).await
    }

    async fn say<A: aggregates::Decider>(&mut self, key: &AggregateKey, command: A::Command) {
        self.words += 1;
        let id = Cause::inbox_id(self.words);
        let cause = Cause { correlation_id: id.clone(), id, trace_parent: None };
        self.store.execute::<A>(key, command, &cause).await.unwrap();
    }

    async fn order(&mut self, order: OrderSnapshot) {
        let command = OrderCommand::Snapshot(Box::new(order));
        self.say::<Order>(&order_key(), command).await;
    }

    async fn merge(&mut self, from: u64, into: u64) {
        let key = AggregateKey::new(AggregateKind::Customer, &shop(), from);
        let as_of = AsOf { updated_at: Timestamp::now(), triggered_at: None, digest: String::new() };
        self.say::<Customer>(&key, CustomerCommand::Merge { as_of, into: customer(into) }).await;
    }

    /// Handles what is there, and what comes of it.
    async fn react(&mut self) {
        for _ in 0..3 {
            let accounts = [self.merge.step().await, self.award.step().await];
            let steps = accounts.into_iter().chain([self.schedule.step().await, self.age.step().await]);
            for step in steps.map(Result::unwrap) {
                assert_eq!((step.dead, step.retried, step.unavailable), (0, 0, None));
            }
        }
    }

    /// Reacts until this was recorded; the server's timers are good to about a second.
    async fn until(&mut self, customer: u64, wire_type: &str) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !self.types(customer).await.contains(&wire_type) {
            assert!(Instant::now() < deadline, "no {wire_type}: {:?}", self.types(customer).await);
            sleep(Duration::from_millis(100)).await;
            self.react().await;
        }
    }

    async fn account(&self, customer: u64) -> LoyaltyAccount {
        self.store.load(&account_key(customer), 0).await.unwrap().state
    }

    async fn balance(&self, customer: u64) -> (i64, i64) {
        let balance = self.account(customer).await.balance();
        (balance.points, balance.pending)
    }

    async fn events(&self, customer: u64) -> Vec<LoyaltyEvent> {
        let events = self.store.events(&account_key(customer)).await.unwrap();
        let loyalty = |recorded: Recorded<Event>| match recorded.event {
            Event::Loyalty(event) => Some(event),
            _ => None,
        };
        events.into_iter().filter_map(loyalty).collect()
    }

    async fn types(&self, customer: u64) -> Vec<&'static str> {
        self.events(customer).await.iter().map(DomainEvents::wire_type).collect()
    }
}

async fn subscribe<S: Subscriber>(fixture: &Fixture, subscriber: S) -> Subscription<S> {
    Subscription::open(&fixture.broker, subscriber, SubscriptionSettings::default()).await.unwrap()
}

fn shop() -> Shop {
    "acme".parse().unwrap()
}

fn order_key() -> AggregateKey {
    AggregateKey::new(AggregateKind::Order, &shop(), 1)
}

fn account_key(customer: u64) -> AggregateKey {
    AggregateKey::new(AggregateKind::Loyalty, &shop(), customer)
}

fn customer(id: u64) -> CustomerId {
    CustomerId::new(id).unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// Paid, three units at 33.34 and 0.02 off: 100.00; so many of them refunded.
fn order(second: i64, customer: u64, refunded: u32) -> OrderSnapshot {
    let placed_at = (Timestamp::now() - hours(48)).round(Unit::Second).unwrap();
    let updated_at = Timestamp::from_second(placed_at.as_second() + second).unwrap();
    let money = |cents: i64| MoneySet::same(Money::new(Decimal::new(cents, 2), "EUR".parse().unwrap()));
    let line_id = LineId::new(1).unwrap();
    let line = Line {
        id: line_id,
        product_id: None,
        variant_id: None,
        sku: None,
        title: "tea".to_owned(),
        quantity: 3,
        current_quantity: 3 - refunded,
        price: money(3_334),
        discount: money(2),
        gift_card: false,
        tracked: true,
    };
    let back = |number: u32| Refund {
        id: RefundId::new(number.into()).unwrap(),
        created_at: updated_at,
        note: None,
        lines: vec![RefundLine { line_id, quantity: 1, restock_type: RestockType::Return, location_id: None }],
        transactions: Vec::new(),
    };
    OrderSnapshot {
        as_of: AsOf { updated_at, triggered_at: None, digest: String::new() },
        contact: OrderContact { customer_id: CustomerId::new(customer), email: None, phone: None },
        lines: vec![line],
        financial_status: FinancialStatus::Paid,
        refunds: (1..=refunded).map(back).collect(),
        ..OrderSnapshot::placed(placed_at, "EUR".parse().unwrap())
    }
}

#[tokio::test]
async fn three_refunds_by_a_third_take_back_exactly_what_was_earned() {
    let mut service = Service::with(Program { validity_days: 0, ..Program::default() }).await;
    for (refunded, left) in [(0, 100), (1, 67), (2, 33), (3, 0)] {
        service.order(order(10 * i64::from(refunded), 7, refunded)).await;
        service.react().await;
        assert_eq!(service.balance(7).await, (left, 0), "after {refunded} refunds");
    }
    let clawed = |event: LoyaltyEvent| match event {
        LoyaltyEvent::PointsClawedBack(event) => Some(event.points),
        _ => None,
    };
    assert_eq!(service.events(7).await.into_iter().filter_map(clawed).collect::<Vec<_>>(), [33, 34, 33]);
}

#[tokio::test]
async fn what_was_not_acknowledged_is_handled_again_and_changes_nothing() {
    let mut service = Service::with(Program::default()).await;
    service.order(order(0, 7, 0)).await;
    service.order(order(10, 8, 1)).await;
    service.react().await;
    let told = (service.types(7).await, service.types(8).await);
    assert_eq!(service.balance(8).await, (67, 0));
    // Another service of the same name, that has seen nothing: every event is delivered twice more.
    let fresh = Loyalty::new(&service.fixture.broker, LoyaltySettings::default());
    let orders = service.store.events(&order_key()).await.unwrap();
    let accounts = service.store.events(&account_key(8)).await.unwrap();
    for event in orders.iter().chain(&orders) {
        fresh.award_points.handle(event).await.unwrap();
    }
    for event in accounts.iter().chain(&accounts) {
        fresh.schedule_points.handle(event).await.unwrap();
    }
    service.react().await;
    assert_eq!((service.types(7).await, service.types(8).await), told);
}

#[tokio::test]
async fn a_guests_order_earns_when_a_customer_is_attached_and_moves_with_it() {
    let mut service = Service::with(Program::default()).await;
    service.order(order(0, 0, 0)).await;
    service.react().await;
    service.order(order(10, 7, 0)).await;
    service.react().await;
    assert_eq!(service.balance(7).await, (100, 0));
    service.order(order(20, 8, 0)).await;
    service.react().await;
    assert_eq!((service.balance(7).await, service.balance(8).await), ((0, 0), (100, 0)));
}

#[tokio::test]
async fn points_become_active_and_expire_by_timers_that_outlive_the_service() {
    let second = SignedDuration::from_secs(3);
    let mut service = Service::with(Program { pending_days: 2, validity_days: 1, ..Program::default() }).await;
    // Placed two days ago but for a moment: pending, and soon active.
    let young = order(0, 7, 0);
    service.order(OrderSnapshot { placed_at: Timestamp::now() - hours(48) + second, ..young }).await;
    service.react().await;
    assert_eq!(service.balance(7).await, (0, 100));
    service.until(7, "loyalty.points_activated").await;
    assert_eq!(service.balance(7).await, (100, 0));

    let mut service = Service::with(Program { validity_days: 2, ..Program::default() }).await;
    let old = order(0, 7, 0);
    service.order(OrderSnapshot { placed_at: Timestamp::now() - hours(48) + second, ..old }).await;
    service.react().await;
    assert_eq!(service.balance(7).await, (100, 0));
    // The service of before is gone; the timer is the server's.
    let Loyalty { award_points, schedule_points, age_points, .. } =
        Loyalty::new(&service.fixture.broker, LoyaltySettings::default());
    service.award = subscribe(&service.fixture, award_points).await;
    service.schedule = subscribe(&service.fixture, schedule_points).await;
    service.age = subscribe(&service.fixture, age_points).await;
    service.until(7, "loyalty.points_expired").await;
    service.react().await;
    assert_eq!(service.balance(7).await, (0, 0));
    assert_eq!(service.types(7).await.iter().filter(|told| **told == "loyalty.points_expired").count(), 1);
    // A refund takes nothing that had run out.
    service.order(order(30, 7, 3)).await;
    service.react().await;
    assert_eq!(service.balance(7).await, (0, 0));
    assert!(status::read(&service.fixture.broker, &handlers::loyalty::durables()).await.unwrap().is_settled());
}

#[tokio::test]
async fn a_tier_is_reviewed_by_a_timer() {
    let silver = Tier { name: "silver".to_owned(), from: 50, multiplier: 2.into() };
    let program = Program { tiers: vec![silver], tier_window_days: 2, validity_days: 0, ..Program::default() };
    let mut service = Service::with(program).await;
    let moment = Timestamp::now() - hours(48) + SignedDuration::from_secs(3);
    let paid = order(0, 7, 0);
    let as_of = AsOf { updated_at: moment, ..paid.as_of.clone() };
    service.order(OrderSnapshot { placed_at: moment, as_of, ..paid }).await;
    service.react().await;
    assert_eq!(service.account(7).await.tier(), Some("silver"));
    let deadline = Instant::now() + Duration::from_secs(120);
    while service.account(7).await.tier().is_some() {
        assert!(Instant::now() < deadline, "the tier was not reviewed");
        service.react().await;
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_merged_customers_account_goes_on_in_the_others_and_later_orders_find_it() {
    let mut service = Service::with(Program::default()).await;
    service.order(order(0, 7, 0)).await;
    service.react().await;
    service.merge(7, 8).await;
    // The other one is merged in turn, before anybody has heard of the first.
    service.merge(8, 9).await;
    service.react().await;
    assert_eq!(service.account(7).await.closed_into(), Some(customer(8)));
    assert_eq!((service.balance(9).await, service.account(9).await.has_absorbed(customer(7))), ((100, 0), true));
    // Told again, it changes nothing.
    let told = [service.types(7).await, service.types(8).await, service.types(9).await];
    let merges = service.store.events(&AggregateKey::new(AggregateKind::Customer, &shop(), 7)).await.unwrap();
    let fresh = Loyalty::new(&service.fixture.broker, LoyaltySettings::default());
    for event in merges.iter().chain(&merges) {
        fresh.merge_accounts.handle(event).await.unwrap();
    }
    service.react().await;
    assert_eq!([service.types(7).await, service.types(8).await, service.types(9).await], told);
    // A refund of an order that Shopify still knows as the old customer's.
    service.order(order(10, 7, 1)).await;
    service.react().await;
    assert_eq!((service.balance(7).await, service.balance(9).await), ((100, 0), (67, 0)));
}

#[tokio::test]
async fn customers_that_are_merged_in_a_circle_are_refused() {
    let mut service = Service::with(Program::default()).await;
    service.merge(7, 8).await;
    service.react().await;
    service.merge(8, 7).await;
    let step = service.merge.step().await.unwrap();
    assert_eq!((step.dead, step.retried), (1, 0));
    assert_eq!(service.account(8).await.closed_into(), None, "one of them goes on");
}

#[tokio::test]
async fn an_order_of_a_merged_customer_is_settled_with_their_heir() {
    let mut service = Service::with(Program::default()).await;
    service.order(order(0, 7, 0)).await;
    service.react().await;
    let at = Timestamp::now();
    service.say::<LoyaltyAccount>(&account_key(7), LoyaltyCommand::Close { into: customer(8), at }).await;
    let closed = Box::new(service.account(7).await);
    let absorb = LoyaltyCommand::Absorb { from: customer(7), closed, program: Program::default(), at };
    service.say::<LoyaltyAccount>(&account_key(8), absorb).await;
    // Shopify still names the old customer; then it names the new one.
    service.order(order(10, 7, 1)).await;
    service.react().await;
    assert_eq!(service.balance(8).await, (67, 0));
    let told = service.types(8).await;
    service.order(order(20, 8, 1)).await;
    service.react().await;
    assert_eq!((service.balance(8).await, service.types(8).await), ((67, 0), told));
}

#[tokio::test]
async fn a_shop_without_a_program_gives_nothing_and_a_simulation_says_what_it_would_give() {
    let settings = LoyaltySettings { program: Program::default(), without: BTreeSet::from([shop()]) };
    let mut service = Service::start(settings).await;
    service.order(order(0, 7, 1)).await;
    service.react().await;
    assert!(service.types(7).await.is_empty());
    let program = Program { rate: 3.into(), ..Program::default() };
    let id = OrderId::new(1).unwrap();
    let simulation = simulate(&service.store, &shop(), id, &program).await.unwrap().unwrap();
    assert_eq!((simulation.earned, simulation.clawed_back, simulation.points), (300, 100, 200));
    assert_eq!((simulation.recorded, simulation.customer_id, simulation.lines[0].points), (0, Some(customer(7)), 200));
    assert_eq!(simulate(&service.store, &shop(), OrderId::new(2).unwrap(), &program).await.unwrap(), None);
}
