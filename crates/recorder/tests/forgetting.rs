//! A request to forget, from the webhook to the keys, on a real broker and a real database.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use db::Database;
use events::{AggregateKey, AggregateKind, Event, Recorded, Shop, subject};
use http::{HeaderMap, HeaderName};
use privacy::{Kek, Vault};
use recorder::{ForgetCustomers, Recorder, replay_bodies, replay_ledger};
use serde_json::{Value, json};
use shopify::encode_block;
use streams::{
    EventStore, Inbox, InboxMessage, InboxReader, Quarantine, Step, Subscriber, Subscription, SubscriptionSettings,
    events_head,
};
use tempfile::TempDir;
use testkit::Fixture;

struct House {
    fixture: Fixture,
    store: EventStore,
    vault: Vault,
    recorder: Subscription<Recorder>,
    forget: Subscription<ForgetCustomers>,
    sent: u32,
    folder: TempDir,
}

fn acme() -> Shop {
    "acme".parse().unwrap()
}

async fn vault(file: &Path) -> Vault {
    let keys = Database::open_lasting(&format!("sqlite://{}", file.display())).await.unwrap();
    Vault::open(keys, vec![Kek::from([1; 32])]).await.unwrap()
}

impl House {
    async fn open() -> Self {
        let fixture = Fixture::single(&[Recorder::durable(), ForgetCustomers::durable()]).await;
        let folder = TempDir::new().unwrap();
        let vault = vault(&folder.path().join("privacy.db")).await;
        let store = EventStore::new(&fixture.broker).sealed_by(Arc::new(vault.clone()));
        let quarantine = Quarantine::new(&fixture.broker).sealed_by(vault.for_bodies());
        let recorder = Recorder::new(store.clone(), quarantine, [acme()]).opened_by(vault.clone());
        let forget = ForgetCustomers::new(&fixture.broker, store.clone(), vault.clone());
        let settings = SubscriptionSettings::default;
        let recorder = Subscription::open(&fixture.broker, recorder, settings()).await.unwrap();
        let forget = Subscription::open(&fixture.broker, forget, settings()).await.unwrap();
        Self { fixture, store, vault, recorder, forget, sent: 0, folder }
    }

    /// A webhook comes in and is recorded.
    async fn hear(&mut self, topic: &str, body: Value) {
        self.receive(topic, &body.to_string()).await;
        clean(&self.recorder.step().await.unwrap());
    }

    async fn receive(&mut self, topic: &str, body: &str) {
        self.sent += 1;
        let headers = [("x-shopify-topic", topic), ("x-shopify-triggered-at", "2026-06-01T00:00:00Z")];
        let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let message = InboxMessage {
            subject: subject::inbox(Some(&acme()), topic),
            message_id: self.sent.to_string(),
            headers: encode_block(&HeaderMap::from_iter(headers)),
            body: Bytes::copy_from_slice(body.as_bytes()),
            trace_parent: None,
        };
        Inbox::new(&self.fixture.broker).sealed_by(self.vault.for_bodies()).append(message).await.unwrap();
    }

    /// The bodies of the inbox and of the quarantine that can be read.
    async fn bodies(&self) -> Vec<String> {
        let mut inbox = InboxReader::new(&self.fixture.broker, 0).opened_by(self.vault.for_bodies());
        let quarantine = Quarantine::new(&self.fixture.broker).sealed_by(self.vault.for_bodies());
        let kept = quarantine.every(&acme()).await.unwrap().into_iter().map(|kept| kept.delivery);
        let all = inbox.rest(1_000).await.unwrap().into_iter().chain(kept);
        all.filter(|kept| !kept.forgotten).map(|kept| String::from_utf8(kept.body.to_vec()).unwrap()).collect()
    }

    async fn forget(&mut self) -> Step {
        let step = self.forget.step().await.unwrap();
        clean(&step);
        step
    }

    async fn events(&self, kind: AggregateKind, id: &str) -> Vec<Recorded<Event>> {
        self.store.events(&AggregateKey::new(kind, &acme(), id)).await.unwrap()
    }

    /// All that the log says of an aggregate: as it is stored, and as it can be read.
    async fn said(&self, kind: AggregateKind, id: &str) -> (String, String) {
        let events = self.events(kind, id).await;
        let bodies = events.iter().map(|event| serde_json::from_slice(&event.event.encode().unwrap()).unwrap());
        let mut all = Value::Array(bodies.collect());
        let stored = all.to_string();
        self.vault.open_json(&acme(), &mut all).await.unwrap();
        (stored, all.to_string())
    }

    async fn types(&self, kind: AggregateKind, id: &str) -> Vec<String> {
        self.events(kind, id).await.into_iter().map(|event| event.envelope.wire_type).collect()
    }
}

fn clean(step: &Step) {
    assert_eq!((step.retried, step.dead, step.parked, &step.unavailable), (0, 0, 0, &None));
}

fn customer(id: u64, minute: u32, name: &str) -> Value {
    json!({
        "id": id, "first_name": name, "last_name": "Canary", "email": format!("{name}@canary.example"),
        "phone": "+33600000001", "note": "Canary note", "state": "enabled", "created_at": "2026-01-01T00:00:00Z",
        "updated_at": format!("2026-01-01T00:{minute:02}:00Z"),
        "default_address": {"first_name": name, "last_name": "Canary", "address1": "1 Canary Road", "city": "Canarytown",
            "zip": "CAN 4RY", "province_code": "QC", "country_code": "CA", "phone": "+33600000002"},
    })
}

fn order(id: u64, customer: Option<u64>, minute: u32) -> Value {
    json!({
        "id": id, "name": format!("#{id}"), "currency": "EUR", "test": false, "created_at": "2026-03-01T12:00:00Z",
        "updated_at": format!("2026-03-01T12:{minute:02}:00Z"), "processed_at": "2026-03-01T12:00:00Z",
        "financial_status": "paid", "fulfillment_status": null, "tags": "", "checkout_token": format!("token{id}"),
        "customer": customer.map(|id| json!({"id": id})), "email": "ada@canary.example", "phone": "+33600000003",
        "note": "Canary: ring twice", "shipping_address": {"first_name": "Ada", "address1": "2 Canary Road",
            "city": "Canarytown", "country_code": "CA"},
        "total_price": "0", "current_total_price": "0", "subtotal_price": "0", "total_tax": "0",
        "total_discounts": "0", "line_items": [], "refunds": [{"id": id + 1, "created_at": "2026-03-02T12:00:00Z",
            "note": "Canary was unhappy", "refund_line_items": [], "transactions": []}],
        "fulfillments": [], "shipping_lines": [],
    })
}

fn checkout(token: &str) -> Value {
    json!({
        "token": token, "created_at": "2026-03-01T11:00:00Z", "updated_at": "2026-03-01T11:00:00Z",
        "email": "ada@canary.example", "phone": null, "currency": "EUR", "total_price": "0", "line_items": [],
        "abandoned_checkout_url": "https://acme.example/canary",
    })
}

/// What is planted, in lower case.
const MARKS: [&str; 3] = ["canary", "3360000000", "can 4ry"];

fn marked(text: &str) -> bool {
    let text = text.to_lowercase();
    MARKS.iter().any(|mark| text.contains(mark))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_forgotten_with_their_orders_and_stays_so() {
    let mut house = House::open().await;
    house.hear("customers/create", customer(7, 0, "Ada")).await;
    house.hear("customers/create", customer(8, 0, "Bob")).await;
    house.hear("orders/create", order(100, Some(7), 0)).await;
    house.hear("checkouts/create", checkout("token200")).await;
    house.hear("orders/create", order(200, None, 0)).await;
    house.hear("orders/create", order(300, Some(8), 0)).await;
    let theirs = [
        (AggregateKind::Customer, "7"),
        (AggregateKind::Order, "100"),
        (AggregateKind::Order, "200"),
        (AggregateKind::Checkout, "token200"),
    ];
    for (kind, id) in theirs {
        let (stored, readable) = house.said(kind, id).await;
        assert!(!marked(&stored), "{kind} {id} is stored in clear: {stored}");
        assert!(marked(&readable), "{kind} {id} can be read before: {readable}");
    }

    let body = json!({"shop_domain": "acme.myshopify.com", "customer": {"id": 7}, "orders_to_redact": [100, 200]});
    house.hear("customers/redact", body).await;
    assert!(house.forget().await.handled > 0);
    for (kind, id) in theirs {
        let (_, readable) = house.said(kind, id).await;
        assert!(!marked(&readable), "{kind} {id} can still be read: {readable}");
    }
    for (kind, id) in [(AggregateKind::Customer, "8"), (AggregateKind::Order, "300")] {
        assert!(marked(&house.said(kind, id).await.1), "{kind} {id} is somebody else's");
    }
    assert_eq!(house.types(AggregateKind::Customer, "7").await.last().unwrap(), "customer.redacted");

    house.hear("customers/update", customer(7, 5, "Adele")).await;
    house.hear("orders/updated", order(200, None, 5)).await;
    let mut another = order(400, Some(7), 0);
    another["refunds"] = json!([]);
    house.hear("orders/create", another).await;
    for (kind, id) in [(AggregateKind::Customer, "7"), (AggregateKind::Order, "200"), (AggregateKind::Order, "400")] {
        let (stored, readable) = house.said(kind, id).await;
        assert!(!marked(&stored) && !marked(&readable), "{kind} {id} is told of again: {readable}");
    }
    assert!(house.types(AggregateKind::Customer, "7").await.len() > 3, "what is not personal is still recorded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgetting_again_or_half_way_changes_nothing_and_who_was_merged_goes_too() {
    let mut house = House::open().await;
    house.hear("customers/create", customer(6, 0, "Ada")).await;
    house.hear("customers/create", customer(7, 0, "Adele")).await;
    let merge = json!({"admin_graphql_api_customer_kept_id": "gid://shopify/Customer/7",
        "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/6", "status": "completed"});
    house.hear("customers/merge", merge).await;
    house.forget().await;
    let body = json!({"shop_domain": "acme.myshopify.com", "customer": {"id": 7}, "orders_to_redact": []});
    house.hear("customers/redact", body.clone()).await;
    // The process died between the keys and the record.
    let subjects = [AggregateKey::new(AggregateKind::Customer, &acme(), 7)];
    house.vault.destroy(&subjects, "2026-06-01T00:00:00Z".parse().unwrap()).await.unwrap();
    house.forget().await;
    for id in ["6", "7"] {
        assert!(!marked(&house.said(AggregateKind::Customer, id).await.1), "{id}");
    }
    let head = events_head(&house.fixture.broker).await.unwrap();
    house.fixture.replay(&ForgetCustomers::durable()).await;
    assert!(house.forget().await.handled > 0);
    house.hear("customers/redact", body).await;
    house.forget().await;
    assert_eq!(events_head(&house.fixture.broker).await.unwrap(), head, "a repetition is no news");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_is_forgotten_once_and_may_come_back() {
    let mut house = House::open().await;
    house.hear("customers/create", customer(7, 0, "Ada")).await;
    house.hear("orders/create", order(200, None, 0)).await;
    let body = json!({"shop_id": 1, "shop_domain": "acme.myshopify.com"});
    house.hear("shop/redact", body).await;
    house.forget().await;
    assert_eq!(house.types(AggregateKind::Shop, "acme").await, ["shop.redaction_requested", "shop.redacted"]);
    for (kind, id) in [(AggregateKind::Customer, "7"), (AggregateKind::Order, "200")] {
        assert!(!marked(&house.said(kind, id).await.1), "{kind} {id} can still be read");
    }
    house.hear("customers/create", customer(8, 0, "Bob")).await;
    house.fixture.replay(&ForgetCustomers::durable()).await;
    house.forget().await;
    assert!(marked(&house.said(AggregateKind::Customer, "8").await.1), "who came with the shop later is not forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_key_database_is_told_by_the_log_who_is_forgotten() {
    let mut house = House::open().await;
    house.hear("customers/create", customer(7, 0, "Ada")).await;
    house.hear("customers/create", customer(8, 0, "Bob")).await;
    house.hear("orders/create", order(200, None, 0)).await;
    assert_eq!(replay_ledger(&house.fixture.broker, &house.vault).await.unwrap(), 0);
    let (now, backup) = (house.folder.path().join("privacy.db"), house.folder.path().join("backup.db"));
    let file = format!("sqlite://{}", now.display());
    Database::open(&file).await.unwrap().checkpoint().await.unwrap();
    std::fs::copy(&now, &backup).unwrap();
    let body = json!({"shop_domain": "acme.myshopify.com", "customer": {"id": 7}, "orders_to_redact": [200]});
    house.hear("customers/redact", body).await;
    house.forget().await;

    house.vault = vault(&backup).await;
    assert!(marked(&house.said(AggregateKind::Customer, "7").await.1), "the backup alone would open it");
    house.vault = vault(&backup).await;
    assert_eq!(replay_ledger(&house.fixture.broker, &house.vault).await.unwrap(), 1);
    for (kind, id) in [(AggregateKind::Customer, "7"), (AggregateKind::Order, "200")] {
        assert!(!marked(&house.said(kind, id).await.1), "{kind} {id} can be read again");
    }
    assert!(marked(&house.said(AggregateKind::Customer, "8").await.1), "somebody else");
    assert_eq!(replay_ledger(&house.fixture.broker, &house.vault).await.unwrap(), 0, "once");
}

fn redact(id: u64, orders: &[u64]) -> Value {
    json!({"shop_domain": "acme.myshopify.com", "customer": {"id": id, "email": "ada@canary.example"},
        "orders_to_redact": orders})
}

/// Whose they are: as long as Shopify's, so that no other number is one by chance.
const ADA: u64 = 7_207_119_551;
const BOB: u64 = 8_207_119_551;
const THEIRS: u64 = 4_507_208_915;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_name_somebody_are_forgotten_with_them_and_no_others() {
    let mut house = House::open().await;
    house.hear("customers/create", customer(ADA, 0, "Ada")).await;
    house.hear("customers/create", customer(BOB, 0, "Bob")).await;
    house.hear("orders/create", order(THEIRS, Some(ADA), 0)).await;
    house.hear("orders/delete", json!({"id": THEIRS})).await;
    house.receive("customers/update", &format!("{{\"id\": {ADA}, \"email\": \"ada@canary.example")).await;
    clean(&house.recorder.step().await.unwrap());
    assert_eq!(house.bodies().await.len(), 6, "the torn one is in quarantine too");

    house.receive("customers/redact", &redact(ADA, &[]).to_string()).await;
    house.receive("orders/updated", &order(THEIRS, Some(ADA), 5).to_string()).await;
    clean(&house.recorder.step().await.unwrap());
    house.forget().await;
    let left = house.bodies().await;
    assert!(left.len() == 1 && left[0].contains("Bob@canary.example"), "{left:?}");

    house.hear("customers/update", customer(ADA, 5, "Ada")).await;
    assert_eq!(house.bodies().await, left, "what comes late is forgotten when it is recorded");
    house.hear("customers/update", customer(BOB, 5, "Bob")).await;
    assert_eq!(house.bodies().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_recorded_yet_is_recorded_before_its_body_is_forgotten() {
    let mut house = House::open().await;
    house.hear("customers/redact", redact(ADA, &[])).await;
    house.receive("customers/create", &customer(ADA, 0, "Ada").to_string()).await;
    let waits = house.forget.step().await.unwrap();
    assert!(waits.unavailable.is_some_and(|why| why.contains("still to settle 1")));
    assert_eq!(house.types(AggregateKind::Customer, &ADA.to_string()).await, ["customer.redaction_requested"]);
    clean(&house.recorder.step().await.unwrap());
    house.forget().await;
    let types = house.types(AggregateKind::Customer, &ADA.to_string()).await;
    assert!(types.contains(&"customer.registered".to_owned()), "{types:?}");
    assert_eq!(types.last().unwrap(), "customer.redacted");
    assert_eq!(house.bodies().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bodies_of_a_shop_go_with_it_and_those_that_come_later_stay() {
    let mut house = House::open().await;
    house.hear("customers/create", customer(ADA, 0, "Ada")).await;
    house.hear("shop/redact", json!({"shop_id": 1, "shop_domain": "acme.myshopify.com"})).await;
    house.forget().await;
    assert_eq!(house.bodies().await, Vec::<String>::new());
    house.hear("customers/create", customer(BOB, 0, "Bob")).await;
    house.fixture.replay(&ForgetCustomers::durable()).await;
    house.forget().await;
    assert_eq!(house.bodies().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_key_database_forgets_the_bodies_again() {
    let mut house = House::open().await;
    house.hear("customers/create", customer(ADA, 0, "Ada")).await;
    house.hear("customers/create", customer(BOB, 0, "Bob")).await;
    assert_eq!(replay_bodies(&house.fixture.broker, &house.vault).await.unwrap(), 0);
    let (now, backup) = (house.folder.path().join("privacy.db"), house.folder.path().join("backup.db"));
    Database::open(&format!("sqlite://{}", now.display())).await.unwrap().checkpoint().await.unwrap();
    std::fs::copy(&now, &backup).unwrap();
    house.hear("customers/redact", redact(ADA, &[])).await;
    house.forget().await;

    house.vault = vault(&backup).await;
    assert!(house.bodies().await.iter().any(|body| body.contains("Ada")), "the backup alone would open it");
    house.vault = vault(&backup).await;
    assert_eq!(replay_bodies(&house.fixture.broker, &house.vault).await.unwrap(), 1);
    let left = house.bodies().await;
    assert!(left.len() == 1 && left[0].contains("Bob"), "{left:?}");
    assert_eq!(replay_bodies(&house.fixture.broker, &house.vault).await.unwrap(), 0, "once");
}
