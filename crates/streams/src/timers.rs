use async_nats::header::HeaderMap;
use events::{Timestamp, subject};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::inbox::{AppendError, append};
use crate::publish::put;
use crate::raw::{FromDelivery, Raw};
use crate::{Broker, Failure, Stream, Unreadable, note};

/// When, and where to: the server keeps the message until then.
const SCHEDULE: &str = "Nats-Schedule";
const TARGET: &str = "Nats-Schedule-Target";
/// For how long the server keeps a message that became due: as long as what is in quarantine.
const KEPT_WHEN_DUE: (&str, &str) = ("Nats-Schedule-TTL", "2160h");

/// `TIMERS`: messages of a service to itself, which the server keeps until they are due.
///
/// They survive restarts of the service and of the server. A due one is a [`Due`] for the subscriber that
/// asks for [`timers_due`](subject::timers_due), within about a second.
#[derive(Debug, Clone)]
pub struct Timers {
    broker: Broker,
    service: &'static str,
}

/// Why a timer is not known to be set or cancelled. Doing it again is always right.
#[derive(Debug, thiserror::Error)]
pub enum TimerError {
    #[error("what the timer is for cannot be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl Timers {
    pub fn new(broker: &Broker, service: &'static str) -> Self {
        Self { broker: broker.clone(), service }
    }

    /// Sets or moves the timer of this key; a time in the past fires at once.
    pub async fn set<D: Serialize>(&self, key: &str, at: Timestamp, due: &D) -> Result<(), TimerError> {
        let body = serde_json::to_vec(due).map_err(TimerError::Unwritable)?;
        // Without a message id: to set a timer back to what it was a minute ago is no repetition.
        let mut headers = HeaderMap::new();
        put(&mut headers, SCHEDULE, format!("@at {at}"));
        put(&mut headers, TARGET, subject::timer_due(self.service, key));
        put(&mut headers, KEPT_WHEN_DUE.0, KEPT_WHEN_DUE.1);
        let size = body.len();
        append(&self.broker, subject::timer(self.service, key), headers, body.into(), size).await?;
        Ok(())
    }

    /// The timer of this key does not fire; one that is firing just now may.
    pub async fn cancel(&self, key: &str) -> Result<(), TimerError> {
        Ok(note::remove(&self.broker, subject::timer(self.service, key)).await?)
    }
}

/// A timer whose time has come. Delivered at least once, and perhaps although it was cancelled or moved
/// meanwhile: decide by state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due<D> {
    pub key: String,
    /// Of the stream `TIMERS`.
    pub sequence: u64,
    pub fired_at: Timestamp,
    /// What the timer was set for.
    pub content: D,
}

impl<D: DeserializeOwned + Send + Sync + 'static> FromDelivery for Due<D> {
    const STREAM: Stream = Stream::Timers;

    fn read(raw: &Raw) -> Result<Self, Unreadable> {
        Ok(Self {
            key: subject::parse_timer_due(raw.subject()).ok_or(Unreadable::Header("timer's subject"))?,
            sequence: raw.sequence(),
            fired_at: raw.recorded_at(),
            content: serde_json::from_slice(raw.body()).map_err(|_| Unreadable::Body("timer"))?,
        })
    }

    fn lane(&self) -> String {
        self.key.clone()
    }
}

/// What is too large stays so; everything else is the broker's state.
impl From<TimerError> for Failure {
    fn from(error: TimerError) -> Self {
        match error {
            TimerError::Unwritable(_) | TimerError::Append(AppendError::TooLarge { .. }) => Self::reject(error),
            TimerError::Append(_) => Self::unavailable(error),
        }
    }
}
