use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use db::{Build, BuildState};
use events::Timestamp;
use http::{StatusCode, header};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;
use streams::Broker;

use crate::problem::Problem;
use crate::progress::Watched;

/// An engine says that it lives every few seconds; this much silence means that it does not.
const SILENCE: SignedDuration = SignedDuration::from_secs(15);

/// What a role needs in order to do its job, and how it is measured.
pub struct Operations {
    pub broker: Broker,
    /// The projections this role depends on; none for the ingress, for one.
    pub watched: Vec<Watched>,
    /// Renders the metrics as Prometheus reads them.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
}

/// `/healthz`, `/readyz`, `/metrics`, and the answers to everything that is not there: every role has them.
pub fn operations(state: Operations) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(async || Problem::method())
        .fallback(async || Problem::not_found("resource"))
        .with_state(Arc::new(state))
}

/// The process runs.
#[utoipa::path(
    get, path = "/healthz", operation_id = "get_health", tag = "operations",
    responses((status = 200, description = "It runs", body = String, content_type = "text/plain")),
)]
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether it can do its job, and what is in the way.
#[utoipa::path(
    get, path = "/readyz", operation_id = "get_readiness", tag = "operations",
    responses(
        (status = 200, description = "It can", body = ref("#/components/schemas/Readiness")),
        (status = 503, description = "It cannot", body = ref("#/components/schemas/Readiness")),
    ),
)]
pub(crate) async fn ready(State(state): State<Arc<Operations>>) -> Response {
    let readiness = state.readiness().await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(readiness)).into_response()
}

/// The counters, for Prometheus.
#[utoipa::path(
    get, path = "/metrics", operation_id = "get_metrics", tag = "operations",
    responses((status = 200, description = "Prometheus text", body = String, content_type = "text/plain")),
)]
pub(crate) async fn metrics(State(state): State<Arc<Operations>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (state.metrics)()).into_response()
}

/// Whether a role can do its job.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Readiness {
    ready: bool,
    /// What an acknowledged webhook survives.
    durability: String,
    checks: Vec<Check>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Check {
    name: String,
    ready: bool,
    /// What is wrong.
    detail: Option<String>,
}

impl Check {
    fn new(name: impl Into<String>, problem: Option<String>) -> Self {
        Self { name: name.into(), ready: problem.is_none(), detail: problem }
    }
}

impl Operations {
    async fn readiness(&self) -> Readiness {
        let connected = self.broker.is_connected();
        let mut checks = vec![Check::new("broker", (!connected).then(|| "not connected to the broker".to_owned()))];
        for watched in &self.watched {
            checks.extend(projections(watched).await);
        }
        let durability = self.broker.durability().to_string();
        Readiness { ready: checks.iter().all(|check| check.ready), durability, checks }
    }
}

/// Lag is no illness: a projection that is behind but alive answers with its position.
async fn projections(watched: &Watched) -> Vec<Check> {
    let builds = match watched.database.builds().await {
        Ok(builds) => builds,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database cannot be read");
            return vec![Check::new("database", Some("the database cannot be read".to_owned()))];
        }
    };
    let now = Timestamp::now();
    let check = |model: &projections::ReadModel| {
        let live = builds.iter().find(|build| build.name == model.name && build.state == BuildState::Live);
        Check::new(format!("projection {}", model.name), problem(now, model, live))
    };
    let models = watched.models.iter().map(check);
    [Check::new("database", None)].into_iter().chain(models).collect()
}

fn problem(now: Timestamp, model: &projections::ReadModel, live: Option<&Build>) -> Option<String> {
    let Some(live) = live else { return Some("has not started".to_owned()) };
    let Some(heartbeat_at) = live.heartbeat_at else { return Some("has not started".to_owned()) };
    if live.code.version != model.version {
        return Some(format!("version {} is live, version {} is being built", live.code.version, model.version));
    }
    let stands = |error: &String| format!("stands still at position {}: {error}", live.position);
    live.error.as_ref().map(stands).or_else(|| silence(now, heartbeat_at))
}

fn silence(now: Timestamp, heartbeat_at: Timestamp) -> Option<String> {
    let silent = now.duration_since(heartbeat_at);
    (silent > SILENCE).then(|| format!("no sign of life for {} s", silent.as_secs()))
}
