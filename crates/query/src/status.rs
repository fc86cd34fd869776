use std::sync::Arc;

use axum::extract::State;
use events::Timestamp;
use http::header::{CACHE_CONTROL, HeaderName};
use http::{HeaderMap, Uri};
use projections::redactions::{self, OpenRedactions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use streams::{ReadError, Stream, status};

use crate::accept::takes_json;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::reports::{OpenReports, open_reports};
use crate::{QueryState, query_string};

/// Where everything stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Status {
    inbox: Inbox,
    events: Events,
    recorder: Recorder,
    /// Those that read the log, or wait for timers.
    subscribers: Vec<Subscriber>,
    projections: Vec<Progress>,
    quarantine: Quarantine,
    /// Who is to be forgotten, in all shops.
    redactions: OpenRedactions,
    /// Who waits for a report of what is held of them, in all shops.
    reports: OpenReports,
    /// Nothing is pending anywhere, and every projection is at the log's head.
    settled: bool,
    at: Timestamp,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Inbox {
    /// The sequence of the last webhook.
    last: u64,
    /// Webhooks that the recorder has not yet been given.
    pending: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Events {
    /// The position of the last event.
    head: u64,
}

/// What reads the inbox, all together.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Recorder {
    pending: u64,
    /// Given and not yet settled.
    ack_pending: u64,
    dead: u64,
    paused: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Subscriber {
    name: &'static str,
    pending: u64,
    /// Given and not yet settled: being handled, or parked.
    ack_pending: u64,
    /// Dead letters.
    dead: u64,
    paused: bool,
    /// Shops whose messages wait, as an operator said.
    paused_shops: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Quarantine {
    /// Deliveries that could not be read.
    messages: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParameters {}

/// Where everything stands.
#[utoipa::path(
    get, path = "/v1/status", operation_id = "get_status", tag = "operations",
    responses((status = 200, description = "Where everything stands", body = ref("#/components/schemas/Status"))),
)]
pub(crate) async fn get(
    State(state): State<Arc<QueryState>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<([(HeaderName, &'static str); 1], axum::Json<Status>), Problem> {
    if !takes_json(&headers) {
        return Err(Problem::not_acceptable("application/json"));
    }
    let NoParameters {} = query_string::read(uri.query())?;
    Ok(([(CACHE_CONTROL, "no-store")], axum::Json(state.status().await?)))
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        Self::unavailable(&error)
    }
}

impl QueryState {
    async fn status(&self) -> Result<Status, Problem> {
        let first = status::read(&self.broker, &self.durables).await?;
        let head = first.events.last;
        let mut projections = Vec::new();
        for watched in &self.watched {
            projections.extend(watched.progress(head).await?);
        }
        let settled = first.is_settled()
            && projections.iter().all(Progress::is_settled)
            && self.is_still(first.inbox.last, head).await?;
        Ok(Status {
            inbox: Inbox { last: first.inbox.last, pending: recorder(&first).pending },
            events: Events { head },
            recorder: recorder(&first),
            subscribers: subscribers(&first),
            projections,
            quarantine: Quarantine { messages: first.quarantine.messages },
            redactions: redactions::open(&self.database, self.shops.keys()).await?,
            reports: open_reports(&self.database, &self.vault, self.shops.keys()).await?,
            settled,
            at: Timestamp::now(),
        })
    }

    /// One look at several durables is not at one moment: what the later one appended may wait for
    /// the earlier one. With nothing appended since a look at which all had nothing to do, a second
    /// look that finds the same is proof.
    async fn is_still(&self, inbox: u64, head: u64) -> Result<bool, Problem> {
        let second = status::read(&self.broker, &self.durables).await?;
        Ok(second.is_settled() && second.inbox.last == inbox && second.events.last == head)
    }
}

fn recorder(status: &status::Status) -> Recorder {
    let readers = status.durables.iter().filter(|durable| durable.stream == Stream::Inbox.name());
    readers.fold(Recorder::default(), |sum, durable| Recorder {
        pending: sum.pending + durable.pending,
        ack_pending: sum.ack_pending + durable.ack_pending,
        dead: sum.dead + durable.dead,
        paused: sum.paused || durable.paused,
    })
}

fn subscribers(status: &status::Status) -> Vec<Subscriber> {
    let readers = status.durables.iter().filter(|durable| durable.stream != Stream::Inbox.name());
    let shown = |durable: &status::DurableStatus| Subscriber {
        name: durable.name,
        pending: durable.pending,
        ack_pending: durable.ack_pending,
        dead: durable.dead,
        paused: durable.paused,
        paused_shops: durable.paused_shops.iter().map(|paused| paused.shop.to_string()).collect(),
    };
    readers.map(shown).collect()
}
