//! How reads and commands over HTTP are answered. The ingress counts its webhooks itself.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;

/// Counts and times every route of a router by its path as it was declared: ids are no labels.
pub(crate) fn measured(router: Router) -> Router {
    router.route_layer(from_fn(measure))
}

async fn measure(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("tillstream_http_requests_total", "route" => route.clone(), "status" => status).increment(1);
    metrics::histogram!("tillstream_http_seconds", "route" => route).record(started.elapsed());
    response
}
