//! An event on its way: CloudEvents in its NATS binding, attributes in headers and the event's JSON as body.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{AggregateKey, DomainEvents, Event, Timestamp, spec, subject, upcast};

/// The names of the headers of an event's message.
pub mod header {
    pub const SPEC_VERSION: &str = "ce-specversion";
    pub const ID: &str = "ce-id";
    pub const TYPE: &str = "ce-type";
    pub const SOURCE: &str = "ce-source";
    pub const SUBJECT: &str = "ce-subject";
    pub const TIME: &str = "ce-time";
    pub const DATA_SCHEMA: &str = "ce-dataschema";
    pub const AGGREGATE_VERSION: &str = "ce-aggregateversion";
    pub const CORRELATION: &str = "ce-correlationid";
    pub const CAUSATION: &str = "ce-causationid";
    pub const TRACE_PARENT: &str = "traceparent";
}

/// An event's id: made from its cause and its place, so that the same decision has the same id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    /// The id of the event that `cause` puts at `version` of the aggregate at `subject`.
    pub fn derive(cause: &str, subject: &str, version: u64) -> Self {
        let digest = Sha256::digest(format!("{cause}\n{subject}\n{version}"));
        Self(hex::encode(&digest[..16]))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an event carries besides its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub id: EventId,
    /// `<aggregate>.<what happened>`.
    pub wire_type: String,
    /// The version of the type's schema that the body has.
    pub schema_version: u32,
    /// When it happened, by Shopify's clock.
    pub time: Timestamp,
    pub key: AggregateKey,
    /// The event's place among its aggregate's events, from 1.
    pub aggregate_version: u64,
    /// The conversation: one merchant action and all it led to.
    pub correlation_id: String,
    /// The message that led to this event: `inbox:<sequence>` or an event's id.
    pub causation_id: String,
    /// W3C trace context.
    pub trace_parent: Option<String>,
}

impl Envelope {
    /// The literal subject of the aggregate's events.
    pub fn subject(&self) -> String {
        subject::event(&self.key)
    }

    /// The headers of the message, in the order they are written.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            (header::SPEC_VERSION, "1.0".to_owned()),
            (header::ID, self.id.to_string()),
            (header::TYPE, self.wire_type.clone()),
            (header::SOURCE, format!("/shops/{}", self.key.shop)),
            (header::SUBJECT, format!("{}/{}", self.key.kind, subject::encode(&self.key.id))),
            (header::TIME, self.time.to_string()),
            (header::DATA_SCHEMA, format!("events/{}/v{}.json", self.wire_type, self.schema_version)),
            (header::AGGREGATE_VERSION, self.aggregate_version.to_string()),
            (header::CORRELATION, self.correlation_id.clone()),
            (header::CAUSATION, self.causation_id.clone()),
        ];
        headers.extend(self.trace_parent.clone().map(|parent| (header::TRACE_PARENT, parent)));
        headers
    }

    /// Reads the headers of a message that was found at `subject`.
    pub fn from_headers<'a>(subject: &str, get: impl Fn(&'static str) -> Option<&'a str>) -> Result<Self, DecodeError> {
        let key = subject::parse_event(subject).ok_or_else(|| DecodeError::Subject(subject.to_owned()))?;
        let need = |name| get(name).ok_or(DecodeError::MissingHeader(name));
        let wire_type = need(header::TYPE)?;
        Ok(Self {
            id: EventId(need(header::ID)?.to_owned()),
            wire_type: wire_type.to_owned(),
            schema_version: schema_version(need(header::DATA_SCHEMA)?)?,
            time: parse(header::TIME, need(header::TIME)?)?,
            aggregate_version: parse(header::AGGREGATE_VERSION, need(header::AGGREGATE_VERSION)?)?,
            correlation_id: need(header::CORRELATION)?.to_owned(),
            causation_id: need(header::CAUSATION)?.to_owned(),
            trace_parent: get(header::TRACE_PARENT).map(str::to_owned),
            key,
        })
    }
}

fn parse<T: FromStr>(name: &'static str, text: &str) -> Result<T, DecodeError> {
    text.parse().map_err(|_| DecodeError::BadHeader(name))
}

/// The `7` of `events/order.placed/v7.json`.
fn schema_version(schema: &str) -> Result<u32, DecodeError> {
    let version = schema.strip_suffix(".json").and_then(|stem| stem.rsplit_once("/v"));
    let version = version.ok_or(DecodeError::BadHeader(header::DATA_SCHEMA))?.1;
    parse(header::DATA_SCHEMA, version)
}

/// An event as the log keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<E> {
    /// The sequence in the `EVENTS` stream: the only position in the system.
    pub position: u64,
    /// When the log stored it; metadata, never decides.
    pub recorded_at: Timestamp,
    pub envelope: Envelope,
    pub event: E,
}

impl<E> Recorded<E> {
    pub fn map<F>(self, f: impl FnOnce(E) -> F) -> Recorded<F> {
        let Self { position, recorded_at, envelope, event } = self;
        Recorded { position, recorded_at, envelope, event: f(event) }
    }
}

/// Reads a body by its envelope, upcasting an older version first.
pub fn decode<E: DomainEvents>(envelope: &Envelope, body: &[u8]) -> Result<E, DecodeError> {
    decode_with(envelope, body, E::decode)
}

impl Event {
    /// Reads any event by its envelope, upcasting an older version first.
    pub fn read(envelope: &Envelope, body: &[u8]) -> Result<Self, DecodeError> {
        decode_with(envelope, body, |wire_type, body| Self::decode(envelope.key.kind, wire_type, body))
    }
}

fn decode_with<T>(
    envelope: &Envelope,
    body: &[u8],
    decode: impl FnOnce(&str, &[u8]) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let wire_type = envelope.wire_type.as_str();
    let spec = spec(wire_type).ok_or_else(|| DecodeError::UnknownType(wire_type.to_owned()))?;
    if spec.version == envelope.schema_version {
        return decode(wire_type, body);
    }
    let old = serde_json::from_slice(body)?;
    let current = upcast(wire_type, envelope.schema_version, spec.version, old)?;
    decode(wire_type, &serde_json::to_vec(&current)?)
}

/// Why a message of the log could not be read as an event.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("subject {0:?} is not an event's")]
    Subject(String),
    #[error("header {0} is missing")]
    MissingHeader(&'static str),
    #[error("header {0} is malformed")]
    BadHeader(&'static str),
    #[error("event type {0:?} is not in the catalogue")]
    UnknownType(String),
    #[error("{wire_type} has version {version}, newer than this binary: upgrade it")]
    NewerVersion { wire_type: String, version: u32 },
    #[error("no upcaster for {wire_type} from version {version}")]
    NoUpcaster { wire_type: String, version: u32 },
    #[error("body does not match the event's schema")]
    Body(#[from] serde_json::Error),
}
