//! The laws that every service keeps, whatever it does: delivered twice, crashed at any step or replayed,
//! its effects are the same; a key that fails stops no other.
//!
//! A service that has no entry in [`open`] fails here, and so does a subscriber that is not driven.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use aggregates::Program;
use bytes::Bytes;
use db::Database;
use events::{Envelope, Event, Recorded, Shop, Timestamp, subject};
use handlers::checkouts::{self, Checkouts, CheckoutsSettings};
use handlers::inventory::{self, Inventory, InventorySettings};
use handlers::loyalty::{self, Loyalty, LoyaltySettings};
use handlers::notifications::{self, NotificationSettings, Notifications, ShopFacts};
use handlers::{SERVICES, Service};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use privacy::{Kek, Vault};
use projections::Engine;
use recorder::Recorder;
use simulator::{Delivery, Settings, Store};
use streams::{
    Broker, DeadLetters, Durable, EventReader, EventStore, Failure, Inbox, InboxMessage, LetterFilter, Quarantine,
    Step, Subscriber, Subscription, SubscriptionSettings, events_head,
};
use tempfile::TempDir;
use testkit::{Fixture, Unsealed};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How much a shop does in a story: enough for orders that are paid, edited, shipped, refunded, cancelled.
const ORDERS: usize = 25;
/// No handling waits for more answers than that.
const AWAITS: usize = 10_000;

/// The table of contents of the laws: how each service is opened, with everything at its default.
async fn open(service: &Service, ground: &Ground, db: Database) -> Opened {
    match service.name {
        inventory::NAME => {
            let settings = InventorySettings::default();
            let Inventory { copies, allocate_stock, .. } = Inventory::open(&ground.broker, db, settings).await.unwrap();
            Opened { copies: Some(copies), subscribers: vec![drive(ground, allocate_stock).await] }
        }
        loyalty::NAME => {
            // Points that expire do so by the clock of the server.
            let program = Program { validity_days: 0, ..Program::default() };
            let settings = LoyaltySettings { program, without: BTreeSet::new() };
            let Loyalty { award_points, schedule_points, age_points, merge_accounts } =
                Loyalty::new(&ground.broker, settings);
            let subscribers = vec![
                drive(ground, award_points).await,
                drive(ground, schedule_points).await,
                drive(ground, age_points).await,
                drive(ground, merge_accounts).await,
            ];
            Opened { copies: None, subscribers }
        }
        checkouts::NAME => {
            let settings = CheckoutsSettings { abandoned_after: SignedDuration::from_hours(24 * 36_500) };
            let Checkouts { watch, abandon } = Checkouts::new(&ground.broker, settings);
            Opened { copies: None, subscribers: vec![drive(ground, watch).await, drive(ground, abandon).await] }
        }
        notifications::NAME => {
            let service = Notifications::open(&ground.broker, db.clone(), vault(db).await, notification_settings())
                .await
                .unwrap();
            let Notifications { copies, request, send, wake } = service;
            let subscribers = vec![drive(ground, request).await, drive(ground, send).await, drive(ground, wake).await];
            Opened { copies: Some(copies), subscribers }
        }
        unknown => panic!("the service {unknown} is not opened here: give it an entry, and the laws hold for it"),
    }
}

/// It has nothing to open: what is said of people is not sealed here.
async fn vault(db: Database) -> Vault {
    Vault::open(db, vec![Kek::from([1; 32])]).await.unwrap()
}

/// Without a provider each message is suppressed in the end, and its time is always the same.
fn notification_settings() -> NotificationSettings {
    let now: Timestamp = "2026-01-05T00:00:00Z".parse().unwrap();
    NotificationSettings {
        enabled: true,
        shops: [(shop(), ShopFacts { time_zone: TimeZone::UTC })].into(),
        clock: Arc::new(move || now),
        ..NotificationSettings::default()
    }
}

/// A service whose subscribers are driven step by step.
struct Opened {
    copies: Option<Engine>,
    subscribers: Vec<Box<dyn Driven>>,
}

/// What services are opened on.
struct Ground {
    broker: Broker,
    mode: Mode,
    healed: Arc<AtomicBool>,
}

trait Driven {
    fn durable(&self) -> Durable;
    fn step(&mut self) -> Pin<Box<dyn Future<Output = Step> + '_>>;
}

impl<S: Subscriber> Driven for Subscription<S> {
    fn durable(&self) -> Durable {
        S::durable()
    }

    fn step(&mut self) -> Pin<Box<dyn Future<Output = Step> + '_>> {
        Box::pin(async { Subscription::step(self).await.unwrap() })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Each message is handled once.
    Plain,
    /// All messages of the lane that comes first are refused, until it is healed.
    Poisoned,
    /// Each message is handled as often as there are steps to crash at, and then twice to the end.
    Crashing,
}

async fn drive<S: Subscriber>(ground: &Ground, subscriber: S) -> Box<dyn Driven> {
    let Ground { broker, mode, healed } = ground;
    // One at a time, so that two worlds go the same way.
    let settings = SubscriptionSettings { lanes: 1, ..SubscriptionSettings::default() };
    match mode {
        Mode::Plain => Box::new(Subscription::open(broker, subscriber, settings).await.unwrap()),
        Mode::Crashing => Box::new(Subscription::open(broker, Crashing(subscriber), settings).await.unwrap()),
        Mode::Poisoned => {
            let poisoned = Poisoned { subscriber, victim: OnceLock::new(), healed: Arc::clone(healed) };
            Box::new(Subscription::open(broker, poisoned, settings).await.unwrap())
        }
    }
}

/// Handles a message until its first answer and crashes; then until its second; and so on. At last it is
/// handled to its end, and once more: the process has died before the delivery was acknowledged.
struct Crashing<S>(S);

impl<S: Subscriber> Subscriber for Crashing<S> {
    const NAME: &'static str = S::NAME;
    type Message = S::Message;

    fn filters() -> Vec<String> {
        S::filters()
    }

    fn lane(&self, message: &S::Message) -> String {
        self.0.lane(message)
    }

    fn hear(&self, message: &S::Message) {
        self.0.hear(message);
    }

    async fn handle(&self, message: &S::Message) -> Result<(), Failure> {
        for awaits in 0..AWAITS {
            if let Some(ended) = until(self.0.handle(message), awaits).await {
                ended?;
                return self.0.handle(message).await;
            }
        }
        panic!("a handling waits more than {AWAITS} times");
    }
}

/// Refuses the lane that comes first.
struct Poisoned<S> {
    subscriber: S,
    victim: OnceLock<String>,
    healed: Arc<AtomicBool>,
}

impl<S: Subscriber> Subscriber for Poisoned<S> {
    const NAME: &'static str = S::NAME;
    type Message = S::Message;

    fn filters() -> Vec<String> {
        S::filters()
    }

    fn lane(&self, message: &S::Message) -> String {
        self.subscriber.lane(message)
    }

    fn hear(&self, message: &S::Message) {
        self.subscriber.hear(message);
    }

    async fn handle(&self, message: &S::Message) -> Result<(), Failure> {
        let lane = self.subscriber.lane(message);
        if *self.victim.get_or_init(|| lane.clone()) == lane && !self.healed.load(Ordering::SeqCst) {
            return Err(Failure::reject("poisoned"));
        }
        self.subscriber.handle(message).await
    }
}

/// Lets work wait so many times; when it waits once more, it is dropped where it stands.
async fn until<F: Future>(work: F, awaits: usize) -> Option<F::Output> {
    let (mut work, mut left) = (pin!(work), awaits);
    poll_fn(|context| match (work.as_mut().poll(context), left) {
        (Poll::Ready(ended), _) => Poll::Ready(Some(ended)),
        (Poll::Pending, 0) => Poll::Ready(None),
        (Poll::Pending, _) => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// A shop's life as events, and one service that reacts to it.
struct World {
    fixture: Fixture,
    recorder: Subscription<Recorder>,
    shop: Store,
    service: Opened,
    healed: Arc<AtomicBool>,
    durables: Vec<Durable>,
    /// They follow the log as long as this lives.
    _copies: DropGuard,
    _folder: TempDir,
}

impl World {
    async fn new(service: &Service, mode: Mode) -> Self {
        let durables = (service.durables)();
        let all: Vec<Durable> = durables.iter().cloned().chain([Recorder::durable()]).collect();
        let fixture = Fixture::single(&all).await;
        let folder = TempDir::new().unwrap();
        let db = Database::open(&format!("sqlite://{}", folder.path().join("copies.db").display())).await.unwrap();
        let ground = Ground { broker: fixture.broker.clone(), mode, healed: Arc::default() };
        let mut opened = open(service, &ground, db).await;
        let shutdown = CancellationToken::new();
        if let Some(copies) = opened.copies.take() {
            tokio::spawn(copies.run(shutdown.clone()));
        }
        let mut driven: Vec<Durable> = opened.subscribers.iter().map(|subscriber| subscriber.durable()).collect();
        let mut declared = durables.clone();
        driven.sort_unstable_by_key(|durable| durable.name);
        declared.sort_unstable_by_key(|durable| durable.name);
        assert_eq!(driven, declared, "every subscriber of {} keeps the laws", service.name);

        let broker = &fixture.broker;
        let recorder =
            Recorder::new(EventStore::new(broker).sealed_by(Arc::new(Unsealed)), Quarantine::new(broker), [shop()]);
        let settings = SubscriptionSettings { lanes: 1, ..SubscriptionSettings::default() };
        let recorder = Subscription::open(broker, recorder, settings).await.unwrap();
        let secret = shopify::Secret::new("hush").unwrap();
        let shop = Store::new(&Settings::new(shop(), secret, 5));
        let copies = shutdown.drop_guard();
        let healed = ground.healed;
        Self { fixture, recorder, shop, service: opened, healed, durables, _copies: copies, _folder: folder }
    }

    /// A chapter of the shop's life is recorded; nobody reacts yet.
    async fn tell(&mut self, deliveries: Vec<Delivery>) {
        let inbox = Inbox::new(&self.fixture.broker);
        for delivery in deliveries {
            let headers = delivery.headers().map(|(name, value)| format!("{name}: {value}\r\n")).concat();
            let message = InboxMessage {
                subject: subject::inbox(Some(&delivery.shop), delivery.topic),
                message_id: format!("{}:{}", delivery.topic, delivery.webhook_id),
                headers: Bytes::from(headers),
                body: delivery.body.clone(),
                trace_parent: None,
            };
            inbox.append(message).await.unwrap();
        }
        let step = self.recorder.step().await.unwrap();
        assert_eq!((step.dead, step.retried, step.parked, &step.unavailable), (0, 0, 0, &None));
    }

    async fn open_the_shop(&mut self) {
        let mut deliveries = self.shop.open();
        deliveries.extend(self.shop.live(ORDERS));
        self.tell(deliveries).await;
    }

    /// The service reacts until nothing is left, to its own events too.
    async fn react(&mut self) -> Step {
        let mut sum = Step::default();
        loop {
            let before = self.head().await;
            let mut handled = 0;
            for subscriber in &mut self.service.subscribers {
                let step = subscriber.step().await;
                assert_eq!((step.retried, step.parked, &step.unavailable), (0, 0, &None));
                handled += step.handled + step.dead;
                sum.handled += step.handled;
                sum.dead += step.dead;
            }
            if handled == 0 && self.head().await == before {
                return sum;
            }
        }
    }

    async fn head(&self) -> u64 {
        events_head(&self.fixture.broker).await.unwrap()
    }

    /// The whole log, but for when the broker stored it.
    async fn log(&self) -> Vec<(u64, Envelope, Event)> {
        let head = self.head().await;
        let mut reader = EventReader::open(&self.fixture.broker, 0).await.unwrap();
        let mut log = Vec::new();
        while reader.position() < head {
            let batch = reader.next_batch(1000, Duration::from_secs(5)).await.unwrap();
            let events = batch.into_iter().filter_map(|entry| entry.event);
            log.extend(events.map(|Recorded { position, envelope, event, .. }| (position, envelope, event)));
        }
        log
    }
}

/// What happens to two aggregates has no order between them.
fn by_aggregate(log: Vec<(u64, Envelope, Event)>) -> BTreeMap<String, Vec<(Envelope, Event)>> {
    let mut histories: BTreeMap<String, Vec<(Envelope, Event)>> = BTreeMap::new();
    for (_, envelope, event) in log {
        histories.entry(envelope.subject()).or_default().push((envelope, event));
    }
    histories
}

fn shop() -> Shop {
    "acme".parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_step_and_a_second_delivery_change_nothing() {
    for service in SERVICES {
        let (mut plain, mut crashing) =
            (World::new(service, Mode::Plain).await, World::new(service, Mode::Crashing).await);
        plain.open_the_shop().await;
        crashing.open_the_shop().await;
        let told = plain.head().await;
        let (once, often) = (plain.react().await, crashing.react().await);
        assert!(once.handled > 0, "{} reacted to nothing", service.name);
        assert_eq!((once.dead, often.dead), (0, 0));
        assert!(plain.head().await > told, "{} had no effect", service.name);
        let (plain, crashing) = (by_aggregate(plain.log().await), by_aggregate(crashing.log().await));
        for (subject, one) in &plain {
            assert_eq!(Some(one), crashing.get(subject), "{}: crashes have changed the effects", service.name);
        }
        assert_eq!(plain.len(), crashing.len(), "{}: crashes have added effects", service.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_of_everything_changes_nothing() {
    for service in SERVICES {
        let mut world = World::new(service, Mode::Plain).await;
        world.open_the_shop().await;
        let first = world.react().await;
        let head = world.head().await;
        for durable in &world.durables {
            world.fixture.replay(durable).await;
        }
        let again = world.react().await;
        assert_eq!(again.handled, first.handled, "{} was not handed everything again", service.name);
        assert_eq!(world.head().await, head, "{}: a replay had effects", service.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_key_stops_no_other_and_can_be_redriven() {
    for service in SERVICES {
        let mut world = World::new(service, Mode::Poisoned).await;
        world.open_the_shop().await;
        let step = world.react().await;
        assert!(step.dead > 0 && step.handled > step.dead, "{}: {step:?}", service.name);
        let letters_of_one_key = async |dead: &DeadLetters| {
            let mut count = 0;
            for durable in &world.durables {
                let letters = dead.find(&LetterFilter::of_handler(durable.name), 10_000).await.unwrap();
                let keys: BTreeSet<&str> = letters.iter().map(|filed| filed.letter.subject.as_str()).collect();
                assert!(keys.len() <= 1, "{}: others were hit: {keys:?}", durable.name);
                count += letters.len();
            }
            count
        };
        let dead = DeadLetters::new(&world.fixture.broker);
        assert_eq!(letters_of_one_key(&dead).await, step.dead);
        world.healed.store(true, Ordering::SeqCst);
        for filed in dead.find(&LetterFilter::default(), 10_000).await.unwrap() {
            dead.redrive(&filed, "healed").await.unwrap();
        }
        let healed = world.react().await;
        assert!(healed.handled >= step.dead && healed.dead == 0, "{}: {healed:?}", service.name);
        assert_eq!(dead.find(&LetterFilter::default(), 1).await.unwrap(), []);
    }
}
