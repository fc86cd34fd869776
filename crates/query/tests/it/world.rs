//! The whole way of a read: webhooks translated and decided, appended to a real log, folded into a
//! real SQLite file, and asked for at the router.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use access::Access;
use aggregates::{LoyaltyAccount, LoyaltyCommand, Order, Program};
use axum::Router;
use axum::body::{Body, to_bytes};
use db::Database;
use events::{AggregateKey, AggregateKind, Currency, OrderId, Shop};
use http::{HeaderMap, Request, StatusCode};
use jiff::tz::TimeZone;
use privacy::{Kek, Vault};
use projections::{ALL, Engine};
use query::{Operations, QueryState, ShopSettings, Watched, openapi, operations, router};
use serde_json::{Value, json};
use shopify::{Delivery, Translation, translate};
use streams::{Broker, Cause, Durable, EventStore, Stream};
use tempfile::TempDir;
use testkit::{Fixture, NatsServer};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) broker: Broker,
    pub(crate) router: Router,
    pub(crate) store: EventStore,
    pub(crate) vault: Vault,
    engine: Engine,
    deliveries: u64,
    pub(crate) nats: NatsServer,
    directory: TempDir,
}

/// How long reads wait for their position when they do not say.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn position(&self) -> u64 {
        self.header("x-position").unwrap().parse().unwrap()
    }

    /// Of a refusal, which must be a well-formed problem.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16(), "{problem}");
        assert!(
            problem["type"].is_string() && problem["title"].is_string() && problem["detail"].is_string(),
            "{problem}"
        );
        problem["code"].as_str().unwrap().to_owned()
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with_currency("EUR".parse().ok()).await
    }

    pub(crate) async fn with_currency(currency: Option<Currency>) -> Self {
        Self::with(currency, Arc::new(Access::open())).await
    }

    pub(crate) async fn with(currency: Option<Currency>, access: Arc<Access>) -> Self {
        let recorder = Durable { name: "recorder", stream: Stream::Inbox, filters: Vec::new(), shared: true };
        let reader = Durable { name: "reader", stream: Stream::Events, filters: Vec::new(), shared: false };
        let durables = vec![recorder, reader];
        let Fixture { mut servers, broker } = Fixture::single(&durables).await;
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/rows.db", directory.path().display());
        let database = Database::open(&url).await.unwrap();
        let engine = Engine::open(database.clone(), broker.clone(), ALL).await.unwrap();
        let watched = vec![Watched { service: None, database: database.clone(), models: ALL.to_vec() }];
        let shops: [(Shop, ShopSettings); 2] =
            ["acme", "other"].map(|shop| (shop.parse().unwrap(), ShopSettings { currency, time_zone: Self::paris() }));
        let keys =
            Database::open_lasting(&format!("sqlite://{}/privacy.db", directory.path().display())).await.unwrap();
        let vault = Vault::open(keys, vec![Kek::from([1; 32])]).await.unwrap();
        let state =
            QueryState::new(shops.into(), database.clone(), &broker, watched.clone(), durables, access, vault.clone());
        let metrics = Box::new(|| "tillstream_up 1\n".to_owned());
        let operations = operations(Operations { broker: broker.clone(), watched, metrics });
        Self {
            router: router(state.with_patience(PATIENCE), openapi()).merge(operations),
            store: EventStore::new(&broker).sealed_by(Arc::new(vault.clone())),
            vault,
            deliveries: 0,
            directory,
            database,
            broker,
            engine,
            nats: servers.remove(0),
        }
    }

    /// The file of the read models.
    pub(crate) fn rows(&self) -> PathBuf {
        self.directory.path().join("rows.db")
    }

    /// Folds all that is said from now on, as it comes.
    pub(crate) async fn fold_on(&self) {
        let engine = Engine::open(self.database.clone(), self.broker.clone(), ALL).await.unwrap();
        tokio::spawn(engine.run(CancellationToken::new()));
    }

    /// Tells the log what a webhook says.
    pub(crate) async fn say(&mut self, topic: &str, body: Value) {
        let shop: Shop = "acme".parse().unwrap();
        let body = body.to_string();
        let triggered_at = "2026-05-01T00:00:00Z".parse().ok();
        let body = body.as_bytes();
        let delivery = Delivery {
            topic: Some(topic),
            shop: &shop,
            api_version: None,
            triggered_at,
            received_at: events::Timestamp::UNIX_EPOCH,
            body,
        };
        let Translation::Commands(commands) = translate(&delivery).unwrap() else {
            panic!("{topic} is not translated")
        };
        self.deliveries += 1;
        let id = Cause::inbox_id(self.deliveries);
        let cause = Cause { correlation_id: id.clone(), id, trace_parent: None };
        for command in commands {
            let key = command.key(&shop);
            self.store.tell(&key, command, &cause).await.unwrap();
        }
    }

    /// Tells the order's customer's account what the order is worth, as the loyalty service does.
    pub(crate) async fn award(&mut self, id: u64) {
        let (shop, order_id): (Shop, _) = ("acme".parse().unwrap(), OrderId::new(id).unwrap());
        let order = self.store.load::<Order>(&AggregateKey::new(AggregateKind::Order, &shop, id), 0).await.unwrap();
        let worth = order.state.worth().unwrap();
        let key = AggregateKey::new(AggregateKind::Loyalty, &shop, worth.customer_id.unwrap());
        let (at, worth, program) = (worth.placed_at, Some(worth), Program::default());
        let command = LoyaltyCommand::Settle { order_id, worth, program, at };
        let cause = Cause { id: "award".to_owned(), correlation_id: "award".to_owned(), trace_parent: None };
        self.store.execute::<LoyaltyAccount>(&key, command, &cause).await.unwrap();
    }

    /// The connection's end is noticed by itself, a little later.
    pub(crate) async fn until_disconnected(&self) {
        let gone = async {
            while self.broker.is_connected() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), gone).await.unwrap();
    }

    /// Folds all that was said, and tells the position.
    pub(crate) async fn fold(&mut self) -> u64 {
        self.engine.step().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get_with(&self, path: &str, name: &str, value: &str) -> Answer {
        self.ask(Request::get(path).header(name, value).body(Body::empty()).unwrap()).await
    }

    /// What is answered, without waiting for the end of the answer.
    pub(crate) async fn status_with(&self, path: &str, headers: &[(&str, &str)]) -> StatusCode {
        let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
    }

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        ask(self.router.clone(), request).await
    }
}

pub(crate) async fn ask(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: head.status, headers: head.headers, body }
}

pub(crate) fn order(id: u64, minute: u64) -> Value {
    json!({
        "id": id, "name": format!("#{id}"), "currency": "EUR", "test": false,
        "created_at": format!("2026-03-01T12:{minute:02}:00+01:00"),
        "updated_at": format!("2026-03-01T12:{minute:02}:00+01:00"),
        "processed_at": format!("2026-03-01T12:{minute:02}:00+01:00"),
        "financial_status": "paid", "fulfillment_status": null, "tags": "vip, web",
        "customer": {"id": 7}, "email": "ann@example.com",
        "total_price": "24.00", "current_total_price": "24.00", "subtotal_price": "20.00", "total_tax": "4.00",
        "total_discounts": "0.00",
        "line_items": [{
            "id": id * 10, "product_id": 50, "variant_id": 51, "sku": "MUG", "title": "Mug", "quantity": 2,
            "current_quantity": 2, "price": "10.00", "gift_card": false, "variant_inventory_management": "shopify",
        }],
        "refunds": [], "fulfillments": [], "shipping_lines": [],
    })
}

pub(crate) fn product() -> Value {
    json!({
        "id": 50, "title": "Blue Mug 100%", "vendor": "Potter_s", "product_type": "Mugs", "status": "active",
        "tags": "kitchen", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "variants": [{
            "id": 51, "inventory_item_id": 52, "sku": "MUG", "title": "Default", "price": "10.5",
            "compare_at_price": "12", "inventory_management": "shopify",
        }],
    })
}

pub(crate) fn customer() -> Value {
    json!({
        "id": 7, "first_name": "Ann", "email": "ann@example.com", "state": "enabled",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    })
}

pub(crate) fn level() -> Value {
    json!({"inventory_item_id": 52, "location_id": 60, "available": 5, "updated_at": "2026-02-01T00:00:00Z"})
}
