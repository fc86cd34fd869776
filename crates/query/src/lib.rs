//! Reads over HTTP: the read models of each shop, the history of each aggregate, and how the house is.
//!
//! Nothing here writes, but that a report was handed over. Every answer of a read model says at which position of the log it holds,
//! and can be asked to wait for one.

mod accept;
mod admission;
mod answer;
mod call;
mod changes;
mod customers;
pub mod document;
mod feed;
mod health;
mod history;
pub mod limits;
mod loyalty;
mod moment;
mod notifications;
mod one;
mod openapi;
mod orders;
mod paging;
mod problem;
mod products;
mod progress;
mod query_string;
mod report;
mod reports;
mod sales;
mod status;
mod stock;
mod timeline;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use access::Access;
use axum::Router;
use axum::routing::get;
use db::Database;
use events::{Currency, Shop};
use jiff::tz::TimeZone;
use privacy::Vault;
use serde_json::Value;
use streams::{Broker, Durable, EventStore};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use feed::Feed;

pub use admission::bearer;
pub use answer::POSITION;
pub use health::{Operations, operations};
pub use openapi::openapi;
pub use problem::Problem;
pub use progress::Watched;
pub use report::{Held, Report, ReportError, Sources};
pub use reports::{Asked, OpenReports, asked, open_reports};

/// So many may listen to changes at once.
const LISTENERS: usize = 256;

/// What the reads work with.
pub struct QueryState {
    shops: HashMap<Shop, ShopSettings>,
    /// Of the read models.
    database: Database,
    broker: Broker,
    events: EventStore,
    /// All projections that must have come to the log's head for the house to be settled.
    watched: Vec<Watched>,
    /// All that must have nothing to do for that.
    durables: Vec<Durable>,
    /// How long a read waits for its `min_position`.
    patience: Duration,
    feed: Feed,
    access: Arc<Access>,
    /// Opens what is said of people.
    vault: Vault,
    /// Places for those who listen to changes.
    listeners: Arc<Semaphore>,
    /// Ends the streams of changes.
    shutdown: CancellationToken,
}

/// What the reads know of a shop besides its events.
#[derive(Debug, Clone)]
pub struct ShopSettings {
    /// Product webhooks give prices without one.
    pub currency: Option<Currency>,
    /// In which its days begin.
    pub time_zone: TimeZone,
}

impl Default for ShopSettings {
    fn default() -> Self {
        Self { currency: None, time_zone: TimeZone::UTC }
    }
}

impl QueryState {
    pub fn new(
        shops: HashMap<Shop, ShopSettings>,
        database: Database,
        broker: &Broker,
        watched: Vec<Watched>,
        durables: Vec<Durable>,
        access: Arc<Access>,
        vault: Vault,
    ) -> Self {
        // It only reads histories: no states to keep.
        let events = EventStore::with_capacity(broker, 0);
        let (broker, patience) = (broker.clone(), Duration::from_secs(5));
        let (feed, listeners) = (Feed::default(), Arc::new(Semaphore::new(LISTENERS)));
        let shutdown = CancellationToken::new();
        Self { shops, database, broker, events, watched, durables, patience, feed, access, vault, listeners, shutdown }
    }

    /// Streams of changes end with it; without it they end with their clients.
    pub fn until(self, shutdown: CancellationToken) -> Self {
        Self { shutdown, ..self }
    }

    /// How long a read waits for its `min_position` when the client does not say.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

/// `/v1/…` and `/openapi.json`; [`operations`] has the rest. The document is [`openapi`], or one that says more; of keys
/// it will say what holds here.
pub fn router(state: QueryState, document: Value) -> Router {
    let document = if state.access.is_open() { document::without_keys(document) } else { document };
    Router::new()
        .route("/v1/{shop}/orders", get(orders::list))
        .route("/v1/{shop}/orders/{id}", get(orders::get))
        .route("/v1/{shop}/orders/{id}/events", get(history::of_order))
        .route("/v1/{shop}/orders/{id}/timeline", get(timeline::of_order))
        .route("/v1/{shop}/products", get(products::list))
        .route("/v1/{shop}/products/{id}", get(products::get))
        .route("/v1/{shop}/products/{id}/events", get(history::of_product))
        .route("/v1/{shop}/customers/{id}", get(customers::get))
        .route("/v1/{shop}/customers/{id}/events", get(history::of_customer))
        .route("/v1/{shop}/customers/{id}/loyalty", get(loyalty::get))
        .route("/v1/{shop}/customers/{id}/loyalty/events", get(history::of_loyalty))
        .route("/v1/{shop}/stock/{inventory_item_id}", get(stock::get))
        .route("/v1/{shop}/stock/{inventory_item_id}/events", get(history::of_stock))
        .route("/v1/{shop}/notifications", get(notifications::list))
        .route("/v1/{shop}/sales/daily", get(sales::daily))
        .route("/v1/{shop}/changes", get(changes::follow))
        .route("/v1/{shop}/privacy/reports/{id}", get(reports::take).head(reports::no_head))
        .route("/v1/status", get(status::get))
        .route("/openapi.json", get(openapi::document).with_state(Arc::new(document)))
        .method_not_allowed_fallback(async || Problem::method())
        .with_state(Arc::new(state))
}
