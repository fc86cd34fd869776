use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Request, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::slots::Slot;
use super::wire::{Phase, Wire};
use super::{ServerLimits, edge};

/// One accepted connection.
pub(super) struct Connection {
    pub slot: Slot,
    pub router: Router,
    /// The server stops soon: answers ask for another connection.
    pub leaving: CancellationToken,
    /// It stops.
    pub end: CancellationToken,
}

impl Connection {
    pub(super) async fn run(self, stream: TcpStream, limits: ServerLimits) {
        let phase = &self.slot.phase;
        let wire = TokioIo::new(Wire::new(stream, phase.clone(), &limits));
        let service = service_fn(|request| answer(self.router.clone(), phase, &self.leaving, request));
        let mut http = http1::Builder::new();
        http.max_buf_size(limits.max_buffer).max_headers(limits.max_headers);
        let mut connection = pin!(http.serve_connection(wire, service));
        // An error here is a broken or silent peer, and its request has been answered if it was one.
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            () = self.slot.ended.cancelled() => {}
        }
        if !self.end.is_cancelled() && !phase.is_busy() {
            return;
        }
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

async fn answer(
    mut router: Router,
    phase: &Arc<Phase>,
    leaving: &CancellationToken,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    phase.request();
    let mut response = match edge::check(&request, phase.is_malformed()) {
        Ok(()) => router.call(request.map(Body::new)).await?,
        Err(refusal) => refusal.into_response(),
    };
    let refused = response.headers().get(header::CONNECTION).is_some();
    if leaving.is_cancelled() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if response.body().size_hint().exact().is_some() {
        phase.answered(refused);
        return Ok(response);
    }
    // A stream is under way until its end, however long nothing is said on it.
    let end = Answered { phase: phase.clone(), refused };
    Ok(response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _held = &end;
            frame
        }))
    }))
}

/// Dropped with the body of an answer.
struct Answered {
    phase: Arc<Phase>,
    refused: bool,
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.phase.answered(self.refused);
    }
}
