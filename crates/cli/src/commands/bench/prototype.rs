//! What the ingress is measured against: the least that verifies a webhook and stores it before it answers 200.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use shopify::{Secret, verify};
use streams::BarePublisher;
use tokio::net::TcpListener;

use super::stage::ReceiverArgs;
use crate::failure::Outcome;

struct Prototype {
    secrets: [Secret; 1],
    publisher: BarePublisher,
}

pub(super) async fn run(args: &ReceiverArgs) -> Outcome {
    let publisher = BarePublisher::connect(&args.nats_url, &args.shop).await?;
    let state = Arc::new(Prototype { secrets: [Secret::new(&args.secret)?], publisher });
    let router = Router::new().route("/webhooks/shopify", post(webhook)).with_state(state);
    axum::serve(TcpListener::bind(args.listen).await?, router).await?;
    Ok(())
}

async fn webhook(State(state): State<Arc<Prototype>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !verify(&body, header("x-shopify-hmac-sha256"), &state.secrets) {
        return StatusCode::UNAUTHORIZED;
    }
    match state.publisher.publish(header("x-shopify-webhook-id"), body).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
