//! The service, driven step by step, with a clock that stands still.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aggregates::{Checkout, CheckoutCommand};
use db::Database;
use events::{AggregateKey, AggregateKind, Event, Recorded, Shop, Timestamp};
use handlers::notifications::{
    NotificationSettings, Notifications, Previewer, RequestNotifications, Rule, SendNotifications, ShopFacts,
    SmtpSecurity, SmtpSettings, WakeNotifications,
};
use handlers::port::PortSettings;
use jiff::tz::TimeZone;
use mail_parser::MessageParser;
use privacy::{Kek, Vault};
use projections::notifications::{NotificationFilter, NotificationRow};
use projections::{Engine, PageRequest, ReadModel, notifications};
use serde_json::{Value, json};
use shopify::{Delivery, Translation, translate};
use streams::{Cause, EventStore, RetrySchedule, Step, Subscriber, Subscription, SubscriptionSettings};
use tempfile::TempDir;
use testkit::{Fixture, Mail, MailServer};

/// When the service was first enabled.
pub(crate) const START: &str = "2026-03-01T12:00:00Z";

pub(crate) struct World {
    pub(crate) fixture: Fixture,
    pub(crate) store: EventStore,
    pub(crate) vault: Vault,
    pub(crate) mail: MailServer,
    pub(crate) settings: NotificationSettings,
    pub(crate) parts: Parts,
    clock: Arc<Mutex<Timestamp>>,
    rows: (Engine, Database),
    deliveries: u64,
    folder: TempDir,
}

pub(crate) struct Parts {
    copies: Engine,
    request: Subscription<RequestNotifications>,
    send: Subscription<SendNotifications>,
    wake: Subscription<WakeNotifications>,
}

impl World {
    /// With SMTP, and all rules on.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut NotificationSettings)) -> Self {
        let fixture = Fixture::single(&handlers::durables()).await;
        let (folder, mail) = (TempDir::new().unwrap(), MailServer::start().await);
        let clock = Arc::new(Mutex::new(START.parse().unwrap()));
        let hands = Arc::clone(&clock);
        let mut settings = NotificationSettings {
            enabled: true,
            operations: Some("ops@acme.example".to_owned()),
            smtp: Some(smtp(mail.port())),
            shops: [(shop(), ShopFacts { time_zone: TimeZone::get("Europe/Paris").unwrap() })].into(),
            clock: Arc::new(move || *hands.lock().unwrap()),
            ..NotificationSettings::default()
        };
        change(&mut settings);
        let vault = Vault::open(database(&folder, "privacy").await, vec![Kek::from([1; 32])]).await.unwrap();
        let parts = Box::pin(Parts::open(&fixture, &folder, &vault, &settings)).await;
        let database = database(&folder, "rows").await;
        let models = [ReadModel::of::<notifications::Notifications>()];
        let rows = Box::pin(Engine::open(database.clone(), fixture.broker.clone(), &models)).await.unwrap();
        let store = EventStore::new(&fixture.broker).sealed_by(Arc::new(vault.clone()));
        let rows = (rows, database);
        Self { fixture, store, vault, mail, settings, parts, clock, rows, deliveries: 0, folder }
    }

    /// As a new process with these settings, on the same database.
    pub(crate) async fn restart(&mut self, change: impl FnOnce(&mut NotificationSettings)) {
        change(&mut self.settings);
        self.parts = Box::pin(Parts::open(&self.fixture, &self.folder, &self.vault, &self.settings)).await;
    }

    /// As a replica on another machine: with databases of its own.
    pub(crate) async fn replace(&mut self) {
        self.folder = TempDir::new().unwrap();
        self.restart(|_| {}).await;
    }

    /// The service's own parts, to be called directly.
    pub(crate) async fn service(&self) -> Notifications {
        let database = database(&self.folder, "notifications").await;
        Notifications::open(&self.fixture.broker, database, self.vault.clone(), self.settings.clone()).await.unwrap()
    }

    pub(crate) async fn previewer(&self) -> Previewer {
        let database = database(&self.folder, "notifications").await;
        Previewer::open(&self.fixture.broker, database, self.vault.clone(), self.settings.clone()).await.unwrap()
    }

    /// Lets the copies come to the end of the log.
    pub(crate) async fn copies(&mut self) {
        self.parts.copies.step().await.unwrap();
    }

    pub(crate) fn at(&self, time: &str) {
        *self.clock.lock().unwrap() = time.parse().unwrap();
    }

    /// Tells the log what a webhook says.
    pub(crate) async fn say(&mut self, topic: &str, body: Value) {
        let (shop, body) = (shop(), body.to_string());
        let delivery = Delivery {
            topic: Some(topic),
            shop: &shop,
            api_version: None,
            triggered_at: None,
            received_at: events::Timestamp::UNIX_EPOCH,
            body: body.as_bytes(),
        };
        let Translation::Commands(commands) = translate(&delivery).unwrap() else { panic!("{topic} says nothing") };
        self.deliveries += 1;
        let id = Cause::inbox_id(self.deliveries);
        let cause = Cause { correlation_id: id.clone(), id, trace_parent: None };
        for command in commands {
            let key = command.key(&shop);
            self.store.tell(&key, command, &cause).await.unwrap();
        }
    }

    /// As when the wait for a customer ends.
    pub(crate) async fn abandon(&mut self, token: &str, at: &str) {
        let key = AggregateKey::new(AggregateKind::Checkout, &shop(), token);
        let at = at.parse().unwrap();
        let cause = Cause { id: format!("timer:{token}"), correlation_id: "test".to_owned(), trace_parent: None };
        let command = CheckoutCommand::Abandon { at, last_seen_at: at };
        self.store.execute::<Checkout>(&key, command, &cause).await.unwrap();
    }

    /// Lets the service do all that it can do now.
    pub(crate) async fn react(&mut self) -> Step {
        self.request().await;
        self.send().await
    }

    /// Lets it ask for what is to be told, and send nothing yet.
    pub(crate) async fn request(&mut self) {
        self.copies().await;
        let requested = self.parts.request.step().await.unwrap();
        assert_eq!((requested.dead, requested.retried, requested.unavailable), (0, 0, None));
    }

    pub(crate) async fn send(&mut self) -> Step {
        self.copies().await;
        self.parts.send.step().await.unwrap()
    }

    /// Waits for a timer, and lets the service do what it was set for.
    pub(crate) async fn wake(&mut self) -> Step {
        self.parts.copies.step().await.unwrap();
        for _ in 0..500 {
            let step = self.parts.wake.step().await.unwrap();
            if step != Step::default() {
                return step;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no timer came due")
    }

    /// All notifications, by rule.
    pub(crate) async fn rows(&mut self) -> Vec<NotificationRow> {
        self.rows.0.step().await.unwrap();
        let page = PageRequest { limit: 100, after: None };
        let listed = notifications::list(&self.rows.1, &shop(), &NotificationFilter::default(), page).await.unwrap();
        let mut rows: Vec<NotificationRow> = listed.data.into_iter().map(|found| found.view).collect();
        rows.sort_by(|a, b| (&a.rule, &a.recipient, a.channel).cmp(&(&b.rule, &b.recipient, b.channel)));
        rows
    }

    /// Reacts, and says of each notification its rule, its status and its reason.
    pub(crate) async fn ends(&mut self) -> Vec<String> {
        self.react().await;
        self.rows().await.iter().map(end).collect()
    }

    pub(crate) async fn events(&self, kind: AggregateKind, id: impl std::fmt::Display) -> Vec<Recorded<Event>> {
        self.store.events(&AggregateKey::new(kind, &shop(), id)).await.unwrap()
    }
}

impl Parts {
    async fn open(fixture: &Fixture, folder: &TempDir, vault: &Vault, settings: &NotificationSettings) -> Self {
        let database = database(folder, "notifications").await;
        let service = Notifications::open(&fixture.broker, database, vault.clone(), settings.clone()).await.unwrap();
        Self {
            copies: service.copies,
            request: subscribe(fixture, service.request).await,
            send: subscribe(fixture, service.send).await,
            wake: subscribe(fixture, service.wake).await,
        }
    }
}

async fn subscribe<S: Subscriber>(fixture: &Fixture, subscriber: S) -> Subscription<S> {
    let settings = SubscriptionSettings { retry: RetrySchedule::immediate(5), ..SubscriptionSettings::default() };
    Subscription::open(&fixture.broker, subscriber, settings).await.unwrap()
}

async fn database(folder: &TempDir, name: &str) -> Database {
    let file = folder.path().join(format!("{name}.db"));
    Database::open(&format!("sqlite://{}", file.display())).await.unwrap()
}

/// `refund sent`, `delivery suppressed expired`.
pub(crate) fn end(row: &NotificationRow) -> String {
    let status = serde_json::to_value(row.status).unwrap();
    let reason = row.reason.as_ref().map(|reason| format!(" {reason}")).unwrap_or_default();
    format!("{} {}{reason}", row.rule, status.as_str().unwrap())
}

/// The mail as a reader's program shows it.
pub(crate) fn read(mail: &Mail) -> mail_parser::Message<'_> {
    MessageParser::default().parse(&mail.data).unwrap()
}

pub(crate) fn smtp(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        security: SmtpSecurity::None,
        from: "Acme <shop@acme.example>".to_owned(),
        username: None,
        password: None,
        port_settings: impatient(),
    }
}

/// A port that gives up soon, and never because of the calls before.
pub(crate) fn impatient() -> PortSettings {
    PortSettings { timeout: Duration::from_millis(800), failures: 1000, ..PortSettings::default() }
}

pub(crate) fn only(rules: &[Rule]) -> BTreeSet<Rule> {
    rules.iter().copied().collect()
}

pub(crate) fn shop() -> Shop {
    "acme".parse().unwrap()
}

/// Placed a minute after the start.
pub(crate) fn order(id: u64) -> Value {
    json!({
        "id": id, "name": format!("#{id}"), "currency": "EUR", "test": false,
        "created_at": "2026-03-01T12:01:00Z", "updated_at": "2026-03-01T12:01:00Z",
        "processed_at": "2026-03-01T12:01:00Z",
        "financial_status": "paid", "fulfillment_status": null, "tags": "",
        "customer": {"id": 7}, "email": "ann@example.com", "phone": "+33612345678",
        "shipping_address": {"first_name": "Ann", "last_name": "Lee", "country_code": "FR"},
        "total_price": "24.00", "current_total_price": "24.00", "subtotal_price": "20.00", "total_tax": "4.00",
        "total_discounts": "0.00",
        "line_items": [{
            "id": id * 10, "product_id": 50, "variant_id": 51, "sku": "MUG", "title": "Mug", "quantity": 2,
            "current_quantity": 2, "price": "10.00", "gift_card": false, "variant_inventory_management": "shopify",
        }],
        "refunds": [], "fulfillments": [], "shipping_lines": [],
    })
}

/// The same object with other members.
pub(crate) fn but(mut body: Value, changes: Value) -> Value {
    let changes = changes.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(changes);
    body
}
