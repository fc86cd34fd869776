use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use access::Scope;
use axum::extract::{FromRequestParts, RawPathParams};
use events::Shop;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use projections::WaitError;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use streams::events_head;
use tokio::time::{Instant, sleep, timeout_at};

use crate::accept::{takes_events, takes_json};
use crate::admission::bearer;
use crate::answer::Answer;
use crate::paging::digits;
use crate::problem::Problem;
use crate::{QueryState, ShopSettings, limits, query_string};

/// A checked request for something of one shop; `Q` are its query parameters.
pub(crate) struct Call<Q> {
    pub state: Arc<QueryState>,
    pub shop: Shop,
    pub query: Q,
    id: Option<String>,
    headers: HeaderMap,
}

impl<Q: DeserializeOwned> FromRequestParts<Arc<QueryState>> for Call<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<QueryState>) -> Result<Self, Problem> {
        if !takes_json(&parts.headers) {
            return Err(Problem::not_acceptable("application/json"));
        }
        Self::read(parts, state, Scope::Read).await
    }
}

/// A call whose answer is a stream of events.
pub(crate) struct Streamed<Q>(pub Call<Q>);

impl<Q: DeserializeOwned> FromRequestParts<Arc<QueryState>> for Streamed<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<QueryState>) -> Result<Self, Problem> {
        if !takes_events(&parts.headers) {
            return Err(Problem::not_acceptable("text/event-stream"));
        }
        Ok(Self(Call::read(parts, state, Scope::Read).await?))
    }
}

/// A call for all that is known of one person.
pub(crate) struct Confidential<Q>(pub Call<Q>);

impl<Q: DeserializeOwned> FromRequestParts<Arc<QueryState>> for Confidential<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<QueryState>) -> Result<Self, Problem> {
        if !takes_json(&parts.headers) {
            return Err(Problem::not_acceptable("application/json"));
        }
        Ok(Self(Call::read(parts, state, Scope::Privacy).await?))
    }
}

impl<Q: DeserializeOwned> Call<Q> {
    async fn read(parts: &mut Parts, state: &Arc<QueryState>, scope: Scope) -> Result<Self, Problem> {
        let path = RawPathParams::from_request_parts(parts, state).await;
        let path = path.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "path", "the path is not UTF-8 text"))?;
        let (shop, id): (Vec<_>, Vec<_>) = path.iter().partition(|(name, _)| *name == "shop");
        let shop: Option<Shop> = shop.first().and_then(|(_, shop)| shop.parse().ok());
        state.access.admit(bearer(&parts.headers), shop.as_ref(), scope).await?;
        let shop = shop.filter(|shop| state.shops.contains_key(shop));
        Ok(Self {
            shop: shop.ok_or_else(|| Problem::not_found("shop"))?,
            query: query_string::read(parts.uri.query())?,
            id: id.first().map(|(_, id)| (*id).to_owned()),
            headers: std::mem::take(&mut parts.headers),
            state: state.clone(),
        })
    }
}

impl<Q> Call<Q> {
    /// The id in the path, in its one spelling.
    pub(crate) fn id<I: FromStr>(&self) -> Result<I, Problem> {
        self.id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(Problem::id)
    }

    pub(crate) fn shop_settings(&self) -> ShopSettings {
        self.state.shops.get(&self.shop).cloned().unwrap_or_default()
    }

    /// Waits until the read models have come to `wanted`, and says how far they have come.
    ///
    /// Ask before reading: what is then read is at least as new.
    pub(crate) async fn position(&self, models: &[&str], wanted: Option<Position>) -> Result<u64, Problem> {
        let wanted = wanted.map_or(0, |position| position.0);
        let reached = projections::wait_for(&self.state.database, models, wanted, self.patience()).await;
        reached.map_err(|error| match error {
            WaitError::TimedOut { reached, wanted } => Problem::not_reached(reached, wanted),
            WaitError::Database(error) => error.into(),
        })
    }

    /// Waits until the read models have come to `wanted`; does not ask where they are when nothing is wanted.
    pub(crate) async fn reached(&self, models: &[&str], wanted: Option<Position>) -> Result<(), Problem> {
        match wanted {
            Some(wanted) => self.position(models, Some(wanted)).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Waits until the log has come to `wanted`, and says how far it has come.
    pub(crate) async fn log_position(&self, wanted: Option<Position>) -> Result<u64, Problem> {
        let wanted = wanted.map_or(0, |position| position.0);
        let deadline = Instant::now() + self.patience();
        loop {
            let head = events_head(&self.state.broker).await?;
            if head >= wanted {
                return Ok(head);
            }
            if timeout_at(deadline, sleep(LOOK_AGAIN)).await.is_err() {
                return Err(Problem::not_reached(head, wanted));
            }
        }
    }

    /// `Prefer: wait=<seconds>` (RFC 7240) shortens or stretches it, within bounds.
    pub(crate) fn patience(&self) -> Duration {
        let prefer = self.headers.get("prefer").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let wait = prefer.split(',').find_map(|preference| digits(preference.trim().strip_prefix("wait=")?));
        wait.map_or(self.state.patience, |seconds| Duration::from_secs(seconds.min(MAX_WAIT_SECONDS)))
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// An answer that speaks of people: what is sealed in it is opened.
    pub(crate) async fn answer_opened(&self, position: u64, body: &impl Serialize) -> Result<Answer, Problem> {
        // Rows are plain data with string keys: turning them into JSON cannot fail.
        let mut body = serde_json::to_value(body).unwrap_or_default();
        self.state.vault.open_json(&self.shop, &mut body).await.map_err(|error| Problem::unavailable(&error))?;
        Ok(self.answer(position, &body))
    }

    pub(crate) fn answer(&self, position: u64, body: &impl Serialize) -> Answer {
        Answer::new(position, body, &self.headers)
    }
}

const MAX_WAIT_SECONDS: u64 = 30;
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A position of the log, from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position(pub u64);

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| D::Error::custom("not a position"))
    }
}

impl Position {
    /// In its one spelling.
    pub(crate) fn read(text: &str) -> Option<Self> {
        digits(text).map(Self)
    }
}

impl JsonSchema for Position {
    fn schema_name() -> Cow<'static, str> {
        "Position".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        limits::position()
    }
}
