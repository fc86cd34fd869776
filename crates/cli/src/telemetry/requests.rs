//! How reads and commands over HTTP are answered. The ingress counts its webhooks itself.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use streams::traces;
use tracing::Instrument;
use tracing::field::Empty;

/// Counts and times every route of a router by its path as it was declared: ids are no labels.
pub(crate) fn measured(router: Router) -> Router {
    router.route_layer(from_fn(measure))
}

async fn measure(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let span = tracing::debug_span!(
        target: traces::TARGET, "http", otel.name = %format_args!("{} {route}", request.method()), otel.kind = "server",
        status = Empty
    );
    traces::follow(&span, request.headers().get("traceparent").and_then(|text| text.to_str().ok()));
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16().to_string();
    span.record("status", status.as_str());
    metrics::counter!("tillstream_http_requests_total", "route" => route.clone(), "status" => status).increment(1);
    metrics::histogram!("tillstream_http_seconds", "route" => route).record(started.elapsed());
    response
}
