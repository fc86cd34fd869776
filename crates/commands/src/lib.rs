//! Writes over HTTP: what an operator or a storefront asks for, as commands to aggregates.
//!
//! Every write names itself by `Idempotency-Key`. The aggregate remembers it, so a repeated request is
//! answered as the first one was, whatever was lost in between.

mod call;
mod idempotency;
mod loyalty;
mod openapi;
mod refusal;
mod stock;
mod whole;

use std::collections::HashSet;
use std::sync::Arc;

use access::Access;
use axum::Router;
use axum::routing::post;
use events::Shop;
use query::Problem;
use streams::{Broker, EventStore};

use idempotency::Running;

pub use openapi::openapi;

/// What the writes work with.
pub struct CommandState {
    shops: HashSet<Shop>,
    events: EventStore,
    running: Running,
    access: Arc<Access>,
}

impl CommandState {
    pub fn new(shops: HashSet<Shop>, broker: &Broker, access: Arc<Access>) -> Self {
        Self { shops, events: EventStore::new(broker), running: Running::default(), access }
    }
}

/// `POST /v1/…`.
pub fn router(state: CommandState) -> Router {
    Router::new()
        .route("/v1/{shop}/stock/{inventory_item_id}/adjustments", post(stock::adjust))
        .route("/v1/{shop}/customers/{id}/loyalty/redemptions", post(loyalty::hold))
        .route("/v1/{shop}/customers/{id}/loyalty/redemptions/{redemption_id}/complete", post(loyalty::complete))
        .route("/v1/{shop}/customers/{id}/loyalty/redemptions/{redemption_id}/cancel", post(loyalty::cancel))
        .method_not_allowed_fallback(async || Problem::method())
        .with_state(Arc::new(state))
}
