use async_nats::header::{HeaderMap, HeaderName, HeaderValue};
use async_nats::{Message, Subject};
use bytes::Bytes;
use events::{DecodeError, Envelope, Event, Recorded, Timestamp};

use crate::Stream;
use crate::bodies::Opened;

/// A message of a stream, not yet read.
#[derive(Debug, Clone)]
pub struct Raw {
    pub(crate) subject: Subject,
    pub(crate) sequence: u64,
    pub(crate) recorded_at: Timestamp,
    pub(crate) headers: Option<HeaderMap>,
    /// As it is stored.
    pub(crate) body: Bytes,
    /// What a sealed body turned out to be; none before somebody has opened it.
    pub(crate) opened: Option<Opened>,
}

/// What a subscriber can be handed: the reading of one stream's messages.
pub trait FromDelivery: Sized + Send + Sync + 'static {
    const STREAM: Stream;

    fn read(raw: &Raw) -> Result<Self, Unreadable>;

    /// The key by which order is kept when the subscriber names no other.
    fn lane(&self) -> String;
}

impl FromDelivery for Recorded<Event> {
    const STREAM: Stream = Stream::Events;

    fn read(raw: &Raw) -> Result<Self, Unreadable> {
        let envelope = raw.envelope()?;
        let event = Event::read(&envelope, &raw.body)?;
        Ok(Self { position: raw.sequence, recorded_at: raw.recorded_at, envelope, event })
    }

    fn lane(&self) -> String {
        self.envelope.subject()
    }
}

impl Raw {
    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When the stream stored it.
    pub fn recorded_at(&self) -> Timestamp {
        self.recorded_at
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub fn header(&self, name: &'static str) -> Option<&str> {
        header(self.headers.as_ref(), name)
    }

    /// Reads the headers of an event.
    pub fn envelope(&self) -> Result<Envelope, Unreadable> {
        Ok(Envelope::from_headers(&self.subject, |name| self.header(name))?)
    }

    /// A delivery of a consumer: sequence and time stand in its reply subject.
    pub(crate) fn delivered(message: Message) -> Result<Self, Unreadable> {
        let reply = message.reply.as_deref().and_then(ReplySubject::parse);
        Ok(Self::delivered_as(message, &reply.ok_or(Unreadable::Header("reply subject"))?))
    }

    /// A delivery whose reply subject has been read.
    pub(crate) fn delivered_as(message: Message, reply: &ReplySubject) -> Self {
        Self {
            subject: message.subject,
            sequence: reply.sequence,
            recorded_at: reply.recorded_at,
            headers: message.headers,
            body: message.payload,
            opened: None,
        }
    }

    /// An answer to a direct get: sequence, time and subject stand in its headers.
    pub(crate) fn got(message: Message) -> Result<Self, Unreadable> {
        let header = |name| header(message.headers.as_ref(), name).ok_or(Unreadable::Header(name));
        let bad = |name| move |_| Unreadable::Header(name);
        Ok(Self {
            subject: Subject::from(header("Nats-Subject")?),
            sequence: header("Nats-Sequence")?.parse().map_err(bad("Nats-Sequence"))?,
            recorded_at: header("Nats-Time-Stamp")?.parse().map_err(|_| Unreadable::Header("Nats-Time-Stamp"))?,
            headers: message.headers,
            body: message.payload,
            opened: None,
        })
    }
}

/// A name that is made of text on every look would be checked and copied on every look.
pub(crate) fn header<'a>(headers: Option<&'a HeaderMap>, name: &'static str) -> Option<&'a str> {
    headers?.get(HeaderName::from_static(name)).map(HeaderValue::as_str)
}

/// `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<nanoseconds>.<pending>`;
/// a later server puts domain and account before the stream and a token at the end.
pub(crate) struct ReplySubject {
    /// How often it was handed out, this time included.
    pub(crate) deliveries: u64,
    pub(crate) sequence: u64,
    /// Counts the consumer's own messages from 1, without a gap.
    pub(crate) consumer_sequence: u64,
    pub(crate) recorded_at: Timestamp,
    /// How many more messages the consumer has to deliver.
    pub(crate) pending: u64,
}

impl ReplySubject {
    pub(crate) fn parse(subject: &str) -> Option<Self> {
        let mut tokens = subject.strip_prefix("$JS.ACK.")?.split('.');
        let short = tokens.clone().count() == 7;
        let mut numbers = tokens.by_ref().skip(if short { 2 } else { 4 });
        let deliveries = numbers.next()?.parse().ok()?;
        let sequence = numbers.next()?.parse().ok()?;
        let consumer_sequence = numbers.next()?.parse().ok()?;
        let nanoseconds: i64 = numbers.next()?.parse().ok()?;
        let pending = numbers.next()?.parse().ok()?;
        let recorded_at = Timestamp::from_nanosecond(nanoseconds.into()).ok()?;
        Some(Self { deliveries, sequence, consumer_sequence, recorded_at, pending })
    }
}

/// Why a message could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error(transparent)]
    Event(#[from] DecodeError),
    #[error("{0} is missing or malformed")]
    Header(&'static str),
    #[error("the body is not that of a {0}")]
    Body(&'static str),
}

impl Unreadable {
    /// An event that a newer binary introduced: none of this one's readers waits for it.
    pub fn is_unknown_type(&self) -> bool {
        matches!(self, Self::Event(DecodeError::UnknownType(_)))
    }

    /// A known event in a newer shape: to go on without it would be wrong.
    pub fn is_newer_version(&self) -> bool {
        matches!(self, Self::Event(DecodeError::NewerVersion { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::ReplySubject;

    #[test]
    fn both_forms_of_a_reply_subject_are_read() {
        let short = "$JS.ACK.EVENTS.stock.1.42.7.1700000000000000001.9";
        let long = "$JS.ACK._.HASH.EVENTS.stock.1.42.7.1700000000000000001.9.token";
        for subject in [short, long] {
            let reply = ReplySubject::parse(subject).unwrap();
            assert_eq!((reply.deliveries, reply.sequence, reply.consumer_sequence, reply.pending), (1, 42, 7, 9));
            assert_eq!(reply.recorded_at.as_nanosecond(), 1_700_000_000_000_000_001);
        }
        assert!(ReplySubject::parse("_INBOX.1").is_none());
        assert!(ReplySubject::parse("$JS.ACK.EVENTS.stock.1.x.7.1.9").is_none());
    }
}
