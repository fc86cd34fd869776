use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use events::subject;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use shopify::{Topic, WebhookHeaders, encode_block};
use streams::{AppendError, Appended, Bodies, Broker, Inbox, InboxMessage, traces};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::identity::Identity;
use crate::outcome::{Meters, Outcome};
use crate::problem::Problem;
use crate::receive::BodyLimits;
use crate::shops::{CurrentShops, Signer};

/// Answers a stored webhook: its sequence in `INBOX`.
const INBOX_SEQUENCE: HeaderName = HeaderName::from_static("x-inbox-sequence");
/// A longer topic is none of Shopify's; what is cut off is still in the stored headers.
const MAX_TOPIC: usize = 128;

const UNAUTHORIZED: Problem =
    Problem::new(StatusCode::UNAUTHORIZED, "signature", "the webhook is not signed by a configured shop");
const UNAVAILABLE: Problem =
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_stored", "the webhook could not be stored: send it again");
const TOO_LARGE: Problem =
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the webhook is larger than can be stored");
const METHOD: Problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "webhooks are posted");

/// The limits of one webhook.
#[derive(Debug, Clone)]
pub struct IngressSettings {
    /// Bytes of a body; the broker's own limit, less room for the headers, is kept as well.
    pub max_body: usize,
    /// For the whole body to arrive.
    pub body_timeout: Duration,
    /// For the broker to confirm; the sender gives up after 5 s in all.
    pub append_timeout: Duration,
}

impl Default for IngressSettings {
    fn default() -> Self {
        Self {
            max_body: 8 * 1024 * 1024,
            body_timeout: Duration::from_secs(10),
            append_timeout: Duration::from_millis(2500),
        }
    }
}

/// What the ingress works with. Make it after the metrics recorder is installed.
pub struct IngressState {
    shops: CurrentShops,
    broker: Broker,
    inbox: Inbox,
    limits: BodyLimits,
    append_timeout: Duration,
    meters: Meters,
}

impl IngressState {
    pub fn new(broker: &Broker, shops: impl Into<CurrentShops>, settings: &IngressSettings) -> Self {
        Self {
            shops: shops.into(),
            broker: broker.clone(),
            inbox: Inbox::new(broker),
            limits: BodyLimits { size: settings.max_body.min(broker.max_payload()), timeout: settings.body_timeout },
            append_timeout: settings.append_timeout,
            meters: Meters::new(),
        }
    }

    /// Seals bodies before they are stored.
    #[must_use]
    pub fn sealed_by(self, bodies: Bodies) -> Self {
        Self { inbox: self.inbox.sealed_by(bodies), ..self }
    }
}

/// `POST /webhooks/shopify`.
pub fn router(state: IngressState) -> Router {
    Router::new()
        .route("/webhooks/shopify", post(webhook))
        .method_not_allowed_fallback(async || METHOD)
        .with_state(Arc::new(state))
}

async fn webhook(State(state): State<Arc<IngressState>>, request: Request) -> Response {
    let span = tracing::debug_span!(target: traces::TARGET, "webhook", otel.kind = "server", topic = Empty);
    traces::follow(&span, request.headers().get("traceparent").and_then(|text| text.to_str().ok()));
    answer(state, request).instrument(span).await
}

async fn answer(state: Arc<IngressState>, request: Request) -> Response {
    let started = Instant::now();
    let (outcome, topic, response) = match state.accept(request).await {
        Ok((outcome, topic, sequence)) => {
            (outcome, topic, [(INBOX_SEQUENCE, HeaderValue::from(sequence))].into_response())
        }
        // What nobody has signed may claim any topic.
        Err(refusal) => (refusal.outcome(), "", refusal.into_response()),
    };
    Span::current().record("topic", topic);
    state.meters.record(outcome, topic, started);
    response
}

impl IngressState {
    /// How it ended, the topic as a metric's label, and the sequence in `INBOX`.
    async fn accept(&self, request: Request) -> Result<(Outcome, &'static str, u64), Refusal> {
        let (head, body) = request.into_parts();
        self.limits.check(&head.headers)?;
        let webhook = WebhookHeaders::read(&head.headers);
        let signature = webhook.hmac.ok_or(Refusal::Unsigned)?;
        let body = self.limits.receive(body).await?;
        let shops = self.shops.now();
        let shop = match shops.authenticate(webhook.shop_domain, signature, &body) {
            Signer::Shop(shop) => Some(shop),
            Signer::Unknown => None,
            Signer::Nobody => return Err(Refusal::Forged),
        };
        let topic = bounded(webhook.topic.unwrap_or_default());
        let webhook_id = webhook.webhook_id.unwrap_or_default();
        let message = InboxMessage {
            subject: subject::inbox(shop, topic),
            message_id: Identity { shop, topic, webhook_id, signature }.message_id(),
            headers: encode_block(&head.headers),
            body,
            trace_parent: traces::present().or_else(|| trace_parent(&head.headers)),
        };
        let stored = self.append(message).await?;
        let outcome = match shop {
            _ if stored.duplicate => Outcome::Duplicate,
            Some(_) => Outcome::Stored,
            None => Outcome::UnknownShop,
        };
        if let Some(triggered_at) = webhook.triggered_at.filter(|_| outcome == Outcome::Stored) {
            self.meters.late(triggered_at);
        }
        let topic = Topic::find(topic).map_or("other", |topic| topic.name);
        Ok((outcome, topic, stored.sequence))
    }

    /// Stores the message, or says within the deadline that it is not known to be stored.
    async fn append(&self, message: InboxMessage) -> Result<Appended, Refusal> {
        if !self.broker.is_connected() {
            return Err(Refusal::Unavailable);
        }
        match tokio::time::timeout(self.append_timeout, self.inbox.append(message)).await {
            Ok(Ok(stored)) => Ok(stored),
            Ok(Err(AppendError::TooLarge { .. })) => Err(Refusal::Problem(TOO_LARGE)),
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "webhook not stored");
                Err(Refusal::Unavailable)
            }
            Err(_) => {
                tracing::warn!("webhook not stored: the broker did not answer in time");
                Err(Refusal::Unavailable)
            }
        }
    }
}

/// A header's text is ASCII, so any byte is a character's border.
fn bounded(topic: &str) -> &str {
    topic.get(..MAX_TOPIC).unwrap_or(topic)
}

fn trace_parent(headers: &HeaderMap) -> Option<String> {
    let well_formed = |text: &&str| text.len() == 55 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    headers.get("traceparent")?.to_str().ok().filter(well_formed).map(str::to_owned)
}

enum Refusal {
    Problem(Problem),
    /// No signature, or several: refused before the body is read.
    Unsigned,
    Forged,
    Unavailable,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Refusal {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Problem(_) => Outcome::Refused,
            Self::Unsigned | Self::Forged => Outcome::Unauthorized,
            Self::Unavailable => Outcome::Unavailable,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Unsigned => UNAUTHORIZED.closing().into_response(),
            Self::Forged => UNAUTHORIZED.into_response(),
            Self::Unavailable => ([(header::RETRY_AFTER, "2")], UNAVAILABLE).into_response(),
        }
    }
}
