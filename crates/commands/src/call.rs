use std::str::FromStr;
use std::sync::Arc;

use access::Scope;
use aggregates::Decider;
use axum::extract::{FromRequest, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use axum::{Json, RequestExt};
use events::{AggregateKey, Shop, Timestamp};
use http::{HeaderMap, StatusCode, header};
use query::{POSITION, Problem, bearer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use streams::{Cause, Receipt, traces};

use crate::CommandState;
use crate::idempotency::{Begun, IdempotencyKey};
use crate::refusal::{self, Refused};

/// Bytes of a body; a command is a handful of fields.
const MAX_BODY: usize = 16 * 1024;

/// A checked request to change something of one shop; `B` is its body.
pub(crate) struct Call<B> {
    pub shop: Shop,
    pub body: B,
    pub key: IdempotencyKey,
    /// When it came: what is asked for here has no other time.
    pub at: Timestamp,
    ids: Vec<(String, String)>,
    state: Arc<CommandState>,
    _begun: Begun,
}

impl<B: DeserializeOwned + 'static> FromRequest<Arc<CommandState>> for Call<B> {
    type Rejection = Problem;

    async fn from_request(mut request: Request, state: &Arc<CommandState>) -> Result<Self, Problem> {
        let path = request.extract_parts::<RawPathParams>().await;
        let path = path.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "path", "the path is not UTF-8 text"))?;
        let (shop, ids): (Vec<_>, Vec<_>) = path.iter().partition(|(name, _)| *name == "shop");
        let shop: Option<Shop> = shop.first().and_then(|(_, shop)| shop.parse().ok());
        state.access.admit(bearer(request.headers()), shop.as_ref(), Scope::Write).await?;
        let shop = shop.filter(|shop| state.shops.contains(shop));
        let shop = shop.ok_or_else(|| Problem::not_found("shop"))?;
        let ids = ids.into_iter().map(|(name, id)| (name.to_owned(), id.to_owned())).collect();
        let key = IdempotencyKey::read(request.headers(), request.uri().path())?;
        let begun = state.running.begin(&key)?;
        let body = body(request).await?;
        Ok(Self { shop, body, key, at: Timestamp::now(), ids, state: state.clone(), _begun: begun })
    }
}

/// Strict: the command's own type decides which fields there are.
async fn body<B: DeserializeOwned>(request: Request) -> Result<B, Problem> {
    if !is_json(request.headers()) {
        let detail = "the body is to be sent as Content-Type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", detail));
    }
    let bytes = axum::body::to_bytes(request.into_body(), MAX_BODY).await.map_err(|_| {
        let detail = format!("the body is longer than {MAX_BODY} bytes, or broke off");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    })?;
    let malformed = |column| {
        let detail = format!("the body is not what this resource takes: see /openapi.json (column {column})");
        Problem::new(StatusCode::BAD_REQUEST, "body", detail)
    };
    // Serde would take a list of the fields' values for an object, too.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(malformed(1));
    }
    serde_json::from_slice(&bytes).map_err(|error| malformed(error.column()))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

impl<B> Call<B> {
    /// An id in the path, in its one spelling.
    pub(crate) fn id<I: FromStr>(&self, name: &str) -> Result<I, Problem> {
        let id = self.ids.iter().find(|(known, _)| known == name).map(|(_, id)| id.as_str());
        id.and_then(|id| id.parse().ok()).ok_or_else(Problem::id)
    }

    /// Has the aggregate decide.
    pub(crate) async fn execute<A>(&self, key: &AggregateKey, command: A::Command) -> Result<Receipt, Problem>
    where
        A: Decider,
        A::Error: Refused,
    {
        let id = format!("command:{}", self.key.as_str());
        let cause = Cause { correlation_id: id.clone(), id, trace_parent: traces::present() };
        self.state.events.execute::<A>(key, command, &cause).await.map_err(refusal::read::<A::Error>)
    }

    /// The state, with all up to `at_least` in it.
    pub(crate) async fn load<A>(&self, key: &AggregateKey, at_least: u64) -> Result<A, Problem>
    where
        A: Decider,
        A::Error: Refused,
    {
        let loaded = self.state.events.load::<A>(key, at_least).await;
        loaded.map(|loaded| loaded.state).map_err(refusal::read::<A::Error>)
    }
}

/// What was done, and the position from which on reads show it.
pub(crate) struct Done<V> {
    pub position: u64,
    pub view: V,
}

impl<V: Serialize> IntoResponse for Done<V> {
    fn into_response(self) -> Response {
        ([(POSITION, self.position.to_string())], Json(self.view)).into_response()
    }
}
