//! Reads over HTTP: the read models of each shop, the history of each aggregate, and how the house is.
//!
//! Nothing here writes. Every answer of a read model says at which position of the log it holds,
//! and can be asked to wait for one.

mod accept;
mod answer;
mod call;
mod customers;
mod health;
mod history;
mod loyalty;
mod notifications;
mod one;
mod openapi;
mod orders;
mod paging;
mod problem;
mod products;
mod progress;
mod query_string;
mod status;
mod stock;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use db::Database;
use events::{Currency, Shop};
use streams::{Broker, Durable, EventStore};

pub use answer::POSITION;
pub use health::{Operations, operations};
pub use openapi::openapi;
pub use problem::Problem;
pub use progress::Watched;

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
}

/// What the reads know of a shop besides its events.
#[derive(Debug, Clone, Copy, Default)]
pub struct ShopSettings {
    /// Product webhooks give prices without one.
    pub currency: Option<Currency>,
}

impl QueryState {
    pub fn new(
        shops: HashMap<Shop, ShopSettings>,
        database: Database,
        broker: &Broker,
        watched: Vec<Watched>,
        durables: Vec<Durable>,
    ) -> Self {
        // It only reads histories: no states to keep.
        let events = EventStore::with_capacity(broker, 0);
        let (broker, patience) = (broker.clone(), Duration::from_secs(5));
        Self { shops, database, broker, events, watched, durables, patience }
    }

    /// How long a read waits for its `min_position` when the client does not say.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

/// `/v1/…` and `/openapi.json`; [`operations`] has the rest.
pub fn router(state: QueryState) -> Router {
    Router::new()
        .route("/v1/{shop}/orders", get(orders::list))
        .route("/v1/{shop}/orders/{id}", get(orders::get))
        .route("/v1/{shop}/orders/{id}/events", get(history::of_order))
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
        .route("/v1/status", get(status::get))
        .route("/openapi.json", get(openapi::document))
        .method_not_allowed_fallback(async || Problem::method())
        .with_state(Arc::new(state))
}
