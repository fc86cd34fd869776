use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use events::Shop;
use futures::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;
use streams::{EventReader, events_head};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use crate::QueryState;
use crate::call::{Position, Streamed};
use crate::document::Query;
use crate::feed::{Change, Stretch};
use crate::problem::Problem;

/// Nothing was said for so long: a word, so that both sides know of each other.
const SILENCE: Duration = Duration::from_secs(15);

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangesQuery {
    /// Tells what came after this position; from now on when not said. `Last-Event-ID` goes before it.
    after: Option<Position>,
}

/// The changes of a shop's resources as server-sent events, each named by its position.
///
/// Each change can be read when it is told. A client that comes again with `Last-Event-ID` misses
/// none. An event without data only moves the position on.
#[utoipa::path(
    get, path = "/v1/{shop}/changes", operation_id = "stream_changes", tag = "changes",
    params(Query<ChangesQuery>),
    responses((
        status = 200, description = "Events named `change`; the data of each is a Change",
        body = ref("#/components/schemas/ChangeEvent"), content_type = "text/event-stream",
    )),
)]
pub(crate) async fn follow(Streamed(call): Streamed<ChangesQuery>) -> Result<Response, Problem> {
    let named = last_event_id(call.headers())?.or(call.query.after);
    let permit = Arc::clone(&call.state.listeners).try_acquire_owned().map_err(|_| too_many())?;
    // Joined first: nothing falls between the head and the feed.
    let live = call.state.feed.join(&call.state);
    let head = call.log_position(named).await?;
    let position = named.map_or(head, |position| position.0);
    let shutdown = call.state.shutdown.clone();
    let listener = Listener {
        state: call.state,
        shop: call.shop,
        position,
        live,
        behind: (position < head).then_some(Behind { reader: None, until: head }),
        pending: VecDeque::new(),
        _permit: permit,
    };
    let events = listener.events().take_until(shutdown.cancelled_owned());
    let unbuffered = [("cache-control", "no-store"), ("x-accel-buffering", "no")];
    Ok((unbuffered, Sse::new(events)).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Position>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let position = value.to_str().ok().and_then(Position::read);
    let detail = "Last-Event-ID is not an id that this stream gave";
    position.map(Some).ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "last_event_id", detail))
}

fn too_many() -> Problem {
    let detail = "as many listen to changes as this process serves: come again later";
    let refusal = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_listeners", detail);
    refusal.with_header(header::RETRY_AFTER, HeaderValue::from_static("10"))
}

/// One client.
struct Listener {
    state: Arc<QueryState>,
    shop: Shop,
    /// All up to here was told.
    position: u64,
    live: Receiver<Arc<Stretch>>,
    /// It came late, or was too slow for the feed: it reads the log itself for a while.
    behind: Option<Behind>,
    pending: VecDeque<Event>,
    _permit: OwnedSemaphorePermit,
}

struct Behind {
    reader: Option<EventReader>,
    until: u64,
}

impl Listener {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut listener| async {
            while listener.pending.is_empty() {
                listener.listen().await?;
            }
            let event = listener.pending.pop_front()?;
            Some((Ok(event), listener))
        })
    }

    /// `None` when there is nothing more to come.
    async fn listen(&mut self) -> Option<()> {
        if let Some(behind) = &mut self.behind {
            // Not for ever within one call: a client that has gone is noticed between them.
            let read = read(&self.state, behind, self.position).await;
            match read {
                Ok(Some(stretch)) => self.tell(&stretch),
                Ok(None) => self.say_nothing(),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a listener's stream ends");
                    return None;
                }
            }
            return Some(());
        }
        match timeout(SILENCE, self.live.recv()).await {
            Ok(Ok(stretch)) if stretch.from > self.position => self.fall_behind(stretch.to),
            Ok(Ok(stretch)) => self.tell(&stretch),
            Ok(Err(RecvError::Lagged(_))) => self.fall_behind(events_head(&self.state.broker).await.ok()?),
            Ok(Err(RecvError::Closed)) => return None,
            Err(_) => self.say_nothing(),
        }
        Some(())
    }

    fn tell(&mut self, stretch: &Stretch) {
        let news = stretch.changes.iter().filter(|change| change.position > self.position && change.shop == self.shop);
        self.pending.extend(news.filter_map(event));
        self.position = self.position.max(stretch.to);
        self.behind = self.behind.take().filter(|behind| self.position < behind.until);
    }

    fn say_nothing(&mut self) {
        self.pending.push_back(Event::default().id(self.position.to_string()).comment("alive"));
    }

    fn fall_behind(&mut self, until: u64) {
        if self.position < until {
            self.behind = Some(Behind { reader: None, until });
        }
    }
}

async fn read(state: &QueryState, behind: &mut Behind, position: u64) -> Result<Option<Stretch>, streams::ReadError> {
    let reader = match &mut behind.reader {
        Some(reader) => reader,
        none => none.insert(EventReader::open(&state.broker, position).await?),
    };
    state.next_stretch(reader).await
}

fn event(change: &Change) -> Option<Event> {
    Event::default().id(change.position.to_string()).event("change").json_data(change).ok()
}
