//! Events on their way to another stream, or into an empty log: many under way at once, in order.

use std::pin::Pin;

use async_nats::header::HeaderMap;
use async_nats::jetstream;
use async_nats::jetstream::context::{Context, PublishError};
use async_nats::jetstream::publish::PublishAck;
use bytes::Bytes;
use events::{Envelope, header};
use futures::StreamExt;
use futures::stream::FuturesOrdered;

use crate::api::ReadError;
use crate::archive::Archived;
use crate::publish::{MESSAGE_ID, put};
use crate::raw::FromDelivery;
use crate::reader::{event_at, events_head};
use crate::{Broker, Raw, Stream};

/// Messages sent and not yet confirmed.
const UNDER_WAY: usize = 512;
const EXPECTED_STREAM: &str = "Nats-Expected-Stream";
/// The log takes the event at its own place, or not at all.
const EXPECTED_LAST_OF_STREAM: &str = "Nats-Expected-Last-Sequence";

/// Why copying ends. What is confirmed stays; the same again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Log(#[from] ReadError),
    #[error("the log is not empty, and its event {position} is not the archive's")]
    OtherLog { position: u64 },
    #[error("event {found} comes where {expected} is due: an archive has all events from 1 on")]
    Gap { expected: u64, found: u64 },
    #[error("event {position} is none that this binary can read")]
    Unreadable { position: u64, source: crate::Unreadable },
    #[error("event {position} was not stored: {reason}")]
    NotStored { position: u64, reason: String },
    #[error("event {position} was stored at {found}: somebody else writes to the log")]
    Misplaced { position: u64, found: u64 },
}

type Sending = Pin<Box<dyn Future<Output = (u64, Result<PublishAck, PublishError>)> + Send>>;

/// Sends in order and lets the confirmations come behind.
///
/// Each message is with the client before the next one is begun: what waits side by side for a place in
/// a queue may overtake, and the log takes nothing out of its order.
struct Pipeline {
    broker: Broker,
    jetstream: Context,
    under_way: FuturesOrdered<Sending>,
}

impl Pipeline {
    fn new(broker: &Broker) -> Self {
        let jetstream = jetstream::new(broker.client.clone());
        Self { broker: broker.clone(), jetstream, under_way: FuturesOrdered::new() }
    }

    /// Gives the oldest confirmation when there is no more room.
    async fn send(&mut self, position: u64, subject: String, headers: HeaderMap, body: Bytes) -> Option<Confirmed> {
        let sent = self.jetstream.publish_with_headers(subject, headers, body).await;
        self.under_way.push_back(Box::pin(async move {
            let stored = match sent {
                Ok(answer) => answer.await,
                Err(error) => Err(error),
            };
            (position, stored)
        }));
        if self.under_way.len() < UNDER_WAY { None } else { self.confirmed().await }
    }

    /// The oldest one; none when nothing is under way.
    async fn confirmed(&mut self) -> Option<Confirmed> {
        let (position, stored) = self.under_way.next().await?;
        Some(
            stored
                .map(|stored| (position, stored))
                .map_err(|error| CopyError::NotStored { position, reason: error.to_string() }),
        )
    }
}

type Confirmed = Result<(u64, PublishAck), CopyError>;

/// Puts an archive into an empty log: every event at its own position.
pub struct LogImport {
    pipeline: Pipeline,
    /// All up to here was in the log when it began.
    head: u64,
    /// The last event that was given.
    given: u64,
}

impl LogImport {
    pub async fn begin(broker: &Broker) -> Result<Self, CopyError> {
        Ok(Self { pipeline: Pipeline::new(broker), head: events_head(broker).await?, given: 0 })
    }

    /// How many events the log had already.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Appends the next event of the archive; passes over what an earlier import appended.
    pub async fn append(&mut self, event: &Archived) -> Result<(), CopyError> {
        let (position, expected) = (event.position, self.given + 1);
        if position != expected {
            return Err(CopyError::Gap { expected, found: position });
        }
        self.check(event)?;
        self.given = position;
        if position <= self.head {
            return self.compare(event).await;
        }
        let mut headers = event.header_map();
        put(&mut headers, EXPECTED_LAST_OF_STREAM, (position - 1).to_string());
        let confirmed = self.pipeline.send(position, event.subject.clone(), headers, event.body.clone()).await;
        confirmed.map_or(Ok(()), in_its_place)
    }

    /// Waits until all is confirmed, and says how many events the log has.
    pub async fn finish(mut self) -> Result<u64, CopyError> {
        while let Some(confirmed) = self.pipeline.confirmed().await {
            in_its_place(confirmed)?;
        }
        Ok(self.given.max(self.head))
    }

    /// What is no event has no business in a log from which nothing can be taken out again. One of a type
    /// that a newer binary made is one.
    pub fn check(&self, event: &Archived) -> Result<(), CopyError> {
        let raw = Raw {
            subject: event.subject.as_str().into(),
            sequence: event.position,
            recorded_at: events::Timestamp::UNIX_EPOCH,
            headers: Some(event.header_map()),
            body: event.body.clone(),
            opened: None,
        };
        match events::Recorded::<events::Event>::read(&raw) {
            Ok(recorded) if is_at_home(event, &recorded.envelope) => Ok(()),
            Ok(_) => Err(CopyError::Unreadable {
                position: event.position,
                source: crate::Unreadable::Header("the event's subject"),
            }),
            Err(error) if error.is_unknown_type() => Ok(()),
            Err(source) => Err(CopyError::Unreadable { position: event.position, source }),
        }
    }

    /// Of what is there already the first and the last tell whether it is this archive's.
    async fn compare(&self, event: &Archived) -> Result<(), CopyError> {
        let position = event.position;
        if position != 1 && position != self.head {
            return Ok(());
        }
        let stored = event_at(&self.pipeline.broker, position).await?;
        let same = stored.is_some_and(|raw| Archived::of(&raw) == *event);
        if same { Ok(()) } else { Err(CopyError::OtherLog { position }) }
    }
}

/// The subject, and what the headers say of it, are of one aggregate.
fn is_at_home(event: &Archived, envelope: &Envelope) -> bool {
    let told = envelope.headers();
    let mut told = told.iter().filter(|(name, _)| [header::SOURCE, header::SUBJECT].contains(name));
    envelope.subject() == event.subject && told.all(|(name, value)| event.headers.get(*name) == Some(value))
}

fn in_its_place(confirmed: Confirmed) -> Result<(), CopyError> {
    let (position, stored) = confirmed?;
    if stored.sequence == position { Ok(()) } else { Err(CopyError::Misplaced { position, found: stored.sequence }) }
}

/// Puts events into another stream of the same broker, under a prefix of their subjects.
pub struct StreamCopy {
    pipeline: Pipeline,
    stream: String,
    prefix: String,
    confirmed: u64,
}

impl StreamCopy {
    /// The stream must be there, and none of ours.
    pub fn begin(broker: &Broker, stream: &str, prefix: &str) -> Result<Self, CopyError> {
        let plain =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if !plain(stream) || !plain(prefix) || Stream::from_name(stream).is_some() {
            return Err(ReadError::Missing(format!("a stream of your own by the name {stream:?}")).into());
        }
        let (stream, prefix) = (stream.to_owned(), prefix.to_owned());
        Ok(Self { pipeline: Pipeline::new(broker), stream, prefix, confirmed: 0 })
    }

    pub async fn append(&mut self, raw: &Raw) -> Result<(), CopyError> {
        let event = Archived::of(raw);
        let mut headers = event.header_map();
        put(&mut headers, EXPECTED_STREAM, &self.stream);
        put(&mut headers, MESSAGE_ID, event.id().unwrap_or_default());
        let subject = format!("{}.{}", self.prefix, event.subject);
        let confirmed = self.pipeline.send(event.position, subject, headers, event.body).await;
        self.note(confirmed.transpose()?);
        Ok(())
    }

    /// The position of the last event that is surely there.
    pub fn confirmed(&self) -> u64 {
        self.confirmed
    }

    /// Waits for what is under way.
    pub async fn settle(&mut self) -> Result<u64, CopyError> {
        while let Some(confirmed) = self.pipeline.confirmed().await {
            self.note(Some(confirmed?));
        }
        Ok(self.confirmed)
    }

    fn note(&mut self, confirmed: Option<(u64, PublishAck)>) {
        self.confirmed = confirmed.map_or(self.confirmed, |(position, _)| position);
    }
}
