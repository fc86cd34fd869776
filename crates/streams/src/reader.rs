use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::Message;
use async_nats::jetstream::consumer::{AckPolicy, Config, DeliverPolicy, ReplayPolicy};
use events::{AggregateKind, Event, Recorded, Timestamp};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::api::{ConsumerInfo, NO_STREAM, ReadError, StreamInfo, found};
use crate::pull::Pull;
use crate::raw::{Delivered, FromDelivery, Headers, Raw};
use crate::tap::Tap;
use crate::{Broker, Stream};

/// Names of readers' consumers start so.
pub(crate) const NAME_PREFIX: &str = "reader-";
/// The server forgets a reader that is silent for so long.
const FORGET_AFTER: Duration = Duration::from_secs(120);
/// Messages asked for ahead.
const AHEAD: usize = 10_000;
/// How often it looks whether to ask for more.
const TOP_UP_EVERY: usize = 500;
/// More is on its way: worth a little patience, for larger batches cost less.
const LINGER: Duration = Duration::from_millis(20);

/// Reads all of `EVENTS` in order from a position on. The position is the caller's to keep; the broker
/// remembers nothing of a reader.
pub struct EventReader {
    broker: Broker,
    position: u64,
    kinds: BTreeSet<AggregateKind>,
    source: Option<Source>,
    /// Much is read at once.
    in_bulk: bool,
    /// Where it started again last, because something was missing.
    retried_at: Option<u64>,
    /// Where its own connection was lost last.
    lost_at: Option<u64>,
}

/// Where messages come from.
#[allow(clippy::large_enum_variant, reason = "a reader has one")]
enum Source {
    Pull(Pull),
    Tap(Tap),
}

impl Source {
    async fn next(&mut self) -> Result<Delivered, ReadError> {
        match self {
            Self::Pull(pull) => delivered(pull.next(AHEAD).await?),
            Self::Tap(tap) => tap.next(AHEAD).await,
        }
    }

    fn arrived(&mut self) -> Result<Option<Delivered>, ReadError> {
        match self {
            Self::Pull(pull) => pull.arrived()?.map(delivered).transpose(),
            Self::Tap(tap) => tap.arrived(),
        }
    }

    async fn top_up(&mut self) -> Result<(), ReadError> {
        match self {
            Self::Pull(pull) => pull.top_up(AHEAD).await,
            Self::Tap(tap) => tap.top_up(AHEAD).await,
        }
    }
}

fn delivered(message: Message) -> Result<Delivered, ReadError> {
    let Message { subject, reply, headers, payload, .. } = message;
    let reply = reply.as_deref().unwrap_or_default();
    Delivered::new(subject, reply, Headers::Map(headers), payload).ok_or_else(no_position)
}

/// Whatever it is, no consumer sent it.
pub(crate) fn no_position() -> ReadError {
    ReadError::Unavailable("a message came without a position".to_owned())
}

/// One message of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub position: u64,
    /// None: of a type that this binary does not know, or of a kind that was not asked for.
    pub event: Option<Recorded<Event>>,
}

impl EventReader {
    /// Starts with the first event after `after`.
    pub async fn open(broker: &Broker, after: u64) -> Result<Self, ReadError> {
        Self::opened(broker, after, false).await
    }

    /// Likewise, for much of the log: on a connection of its own, where that can be made.
    pub async fn open_in_bulk(broker: &Broker, after: u64) -> Result<Self, ReadError> {
        Self::opened(broker, after, true).await
    }

    async fn opened(broker: &Broker, after: u64, in_bulk: bool) -> Result<Self, ReadError> {
        let (broker, kinds) = (broker.clone(), BTreeSet::new());
        let mut reader =
            Self { broker, position: after, kinds, source: None, in_bulk, retried_at: None, lost_at: None };
        reader.connect().await?;
        Ok(reader)
    }

    /// Reads the events of these kinds only; the others are passed over without being parsed.
    pub fn only(mut self, kinds: impl IntoIterator<Item = AggregateKind>) -> Self {
        self.kinds.extend(kinds);
        self
    }

    /// The position of the last entry handed out.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next entries, at most `max`; none when nothing came within `wait`. After an error the reader
    /// goes on from where it was.
    pub async fn next_batch(&mut self, max: usize, wait: Duration) -> Result<Vec<Entry>, ReadError> {
        self.batch(max, wait, |reader, raw| Ok(Entry { position: raw.sequence, event: reader.decode(&raw)? })).await
    }

    /// The same, as they are stored: of every type and kind.
    pub async fn next_raw_batch(&mut self, max: usize, wait: Duration) -> Result<Vec<Raw>, ReadError> {
        self.batch(max, wait, |_, raw| Ok(raw)).await
    }

    async fn batch<T>(
        &mut self,
        max: usize,
        wait: Duration,
        take: impl Fn(&Self, Raw) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let mut entries = Vec::new();
        let mut read = self.read_into(&mut entries, max, wait, &take).await;
        // The server shuts out who takes their time, and connections break: another one is made, once.
        while matches!(read, Err(ReadError::Unavailable(_)))
            && matches!(self.source, Some(Source::Tap(_)))
            && self.lost_at.replace(self.position) != Some(self.position)
        {
            self.source = None;
            read = self.read_into(&mut entries, max, wait, &take).await;
        }
        if read.is_err() {
            self.source = None;
        }
        what_came(read, entries)
    }

    async fn read_into<T>(
        &mut self,
        entries: &mut Vec<T>,
        max: usize,
        wait: Duration,
        take: &impl Fn(&Self, Raw) -> Result<T, ReadError>,
    ) -> Result<(), ReadError> {
        let mut deadline = Instant::now() + wait;
        while entries.len() < max {
            let source = self.connect().await?;
            if entries.len().is_multiple_of(TOP_UP_EVERY) {
                source.top_up().await?;
            }
            let message = match source.arrived()? {
                Some(message) => message,
                None => match timeout_at(deadline, source.next()).await {
                    Ok(message) => message?,
                    Err(_) => break,
                },
            };
            let Some((entry, more)) = self.read(message, take)? else { continue };
            entries.push(entry);
            let patience = if more { LINGER } else { Duration::ZERO };
            deadline = deadline.min(Instant::now() + patience);
        }
        Ok(())
    }

    /// The entry, and whether more are on their way. `None` after a gap: the reader starts again behind
    /// the last message it had.
    fn read<T>(
        &mut self,
        message: Delivered,
        take: &impl Fn(&Self, Raw) -> Result<T, ReadError>,
    ) -> Result<Option<(T, bool)>, ReadError> {
        let (next, Delivered { raw, pending }) = (self.position + 1, message);
        if raw.sequence != next {
            return self.mind_the_gap(raw.sequence).map(|()| None);
        }
        let taken = take(self, raw)?;
        self.position = next;
        Ok(Some((taken, pending > 0)))
    }

    /// Messages were lost on the way (a connection broke), or the log itself has a hole.
    fn mind_the_gap(&mut self, arrived: u64) -> Result<(), ReadError> {
        if arrived > self.position && self.retried_at == Some(self.position) {
            let (from, to) = (self.position + 1, arrived - 1);
            tracing::error!(from, to, "the log has a hole: these messages are gone");
            metrics::counter!("tillstream_log_holes_total").increment(1);
            self.position = to;
            self.retried_at = None;
        } else {
            self.retried_at = Some(self.position);
        }
        self.source = None;
        Ok(())
    }

    fn decode(&self, raw: &Raw) -> Result<Option<Recorded<Event>>, ReadError> {
        let kind = || raw.subject().split('.').nth(2).and_then(|kind| kind.parse().ok());
        if !self.kinds.is_empty() && !kind().is_some_and(|kind: AggregateKind| self.kinds.contains(&kind)) {
            return Ok(None);
        }
        match Recorded::read(raw) {
            Ok(event) => Ok(Some(event)),
            Err(error) if error.is_unknown_type() => Ok(None),
            Err(source) => Err(ReadError::Unreadable { position: raw.sequence, source }),
        }
    }

    async fn connect(&mut self) -> Result<&mut Source, ReadError> {
        let source = match self.source.take() {
            Some(source) => source,
            None => self.source().await?,
        };
        Ok(self.source.insert(source))
    }

    async fn source(&self) -> Result<Source, ReadError> {
        let consumer = create_consumer(&self.broker, self.position).await?;
        if self.in_bulk {
            match Tap::open(&self.broker, Stream::Events, &consumer).await {
                Ok(tap) => return Ok(Source::Tap(tap)),
                Err(error) => tracing::debug!(reason = %error, "the log is read without a connection of its own"),
            }
        }
        Ok(Source::Pull(Pull::open(&self.broker, Stream::Events, &consumer).await?))
    }
}

/// What came before an error is not lost with it; if it lasts, the next call meets it again.
pub(crate) fn what_came<T>(read: Result<(), ReadError>, came: Vec<T>) -> Result<Vec<T>, ReadError> {
    if came.is_empty() { read.map(|()| came) } else { Ok(came) }
}

/// Which messages of a stream a reader is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// Only messages after this sequence.
    pub(crate) after: u64,
    /// One subject filter; none means all of the stream.
    pub(crate) subject: Option<String>,
    /// Without bodies.
    pub(crate) headers_only: bool,
}

async fn create_consumer(broker: &Broker, after: u64) -> Result<String, ReadError> {
    Ok(create(broker, Stream::Events, Scope { after, ..Scope::default() }).await?.name)
}

/// Nothing of it outlives the reader: it lives in memory, and goes when it is not used.
pub(crate) async fn create(broker: &Broker, stream: Stream, scope: Scope) -> Result<ConsumerInfo, ReadError> {
    let name = format!("{NAME_PREFIX}{}", broker.client.new_inbox().rsplit('.').next().unwrap_or_default());
    let config = Config {
        name: Some(name.clone()),
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: scope.after + 1 },
        ack_policy: AckPolicy::None,
        replay_policy: ReplayPolicy::Instant,
        filter_subject: scope.subject.clone().unwrap_or_default(),
        headers_only: scope.headers_only,
        inactive_threshold: FORGET_AFTER,
        memory_storage: true,
        num_replicas: 1,
        ..Config::default()
    };
    let request = json!({ "stream_name": stream.name(), "config": config, "action": "create" });
    // With a filter the server wants it in the request's subject.
    let filter = scope.subject.map(|subject| format!(".{subject}")).unwrap_or_default();
    let answer = broker.ask(&format!("CONSUMER.CREATE.{stream}.{name}{filter}"), &request).await;
    let created: Option<ConsumerInfo> = found(answer, NO_STREAM)?;
    created.ok_or_else(|| ReadError::Missing(format!("the stream {stream}")))
}

/// The position of the last event; 0 when there is none.
pub async fn events_head(broker: &Broker) -> Result<u64, ReadError> {
    Ok(info(broker, Stream::Events).await?.state.last_sequence)
}

/// One message of the log, of whatever type, as it is stored.
pub async fn event_at(broker: &Broker, position: u64) -> Result<Option<Raw>, ReadError> {
    broker.message(Stream::Events, position).await
}

/// When the stream was made: positions of another one with the same name mean nothing in this one.
pub async fn stream_epoch(broker: &Broker, stream: Stream) -> Result<Timestamp, ReadError> {
    let created = info(broker, stream).await?.created;
    Timestamp::from_nanosecond(created.unix_timestamp_nanos())
        .map_err(|error| ReadError::Unavailable(error.to_string()))
}

async fn info(broker: &Broker, stream: Stream) -> Result<StreamInfo, ReadError> {
    broker.stream_info(stream).await?.ok_or_else(|| ReadError::Missing(format!("the stream {stream}")))
}
