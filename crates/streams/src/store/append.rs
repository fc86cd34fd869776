use std::time::Duration;

use aggregates::Decider;
use async_nats::header::HeaderMap;
use bytes::Bytes;
use events::{AggregateKey, DomainEvents, Envelope, EventId, header, subject};

use super::{EventStore, StoreError};
use crate::Cause;
use crate::backoff::pause;
use crate::publish::{EXPECTED_LAST, MESSAGE_ID, NO_RESOURCES, PublishError, STREAM_FULL, put, wrong_last};

const SENDS: u32 = 6;
const RESEND_WAIT: Duration = Duration::from_millis(20);

/// The last event of an aggregate that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tip {
    pub(super) version: u64,
    pub(super) position: u64,
}

/// What came of trying to append.
pub(super) enum Outcome {
    /// It stands at this position, and it is the newest.
    Appended(u64),
    /// It stood there before, as after a lost answer or a crash: others may have followed it.
    Found(u64),
    /// Another event stands where this one was to be.
    Conflict,
}

/// What stands right after a tip.
enum Next {
    Ours(u64),
    Other,
    Nothing,
}

impl EventStore {
    /// Appends one event after `tip`, or finds out that it already stands there.
    ///
    /// Unless the broker plainly says yes, one question decides: is the event right after `tip` ours? The
    /// id says so, for it is made of the cause, the subject and the version. While nothing stands there
    /// (the answer was lost, or an append is under way) the same event is sent again: the expected
    /// sequence lets only one of the copies in.
    pub(super) async fn append<A: Decider>(
        &self,
        key: &AggregateKey,
        tip: Tip,
        event: &A::Event,
        cause: &Cause,
    ) -> Result<Outcome, StoreError> {
        let envelope = envelope(key, tip.version + 1, event, cause);
        let unsealed = |error: serde_json::Error| StoreError::Rejected { key: key.clone(), reason: error.to_string() };
        let body = Bytes::from(event.encode().map_err(unsealed)?);
        for attempt in 0..SENDS {
            pause(RESEND_WAIT * attempt).await;
            if let Some(position) = self.send(key, tip, &envelope, &body).await? {
                return Ok(Outcome::Appended(position));
            }
            match self.look(key, tip, &envelope, &body).await? {
                Next::Ours(position) => return Ok(Outcome::Found(position)),
                Next::Other => return Ok(Outcome::Conflict),
                Next::Nothing => {}
            }
        }
        Err(StoreError::Unavailable(format!("an event of {key} was sent {SENDS} times and neither taken nor refused")))
    }

    /// The position when the broker has just taken the event, `None` when that is not certain.
    async fn send(
        &self,
        key: &AggregateKey,
        tip: Tip,
        envelope: &Envelope,
        body: &Bytes,
    ) -> Result<Option<u64>, StoreError> {
        let mut headers = headers(envelope);
        put(&mut headers, EXPECTED_LAST, tip.position.to_string());
        match self.broker.publish(subject::event(key), headers, body.clone()).await {
            Ok(stored) => Ok((!stored.duplicate).then_some(stored.sequence)),
            Err(PublishError::Unconfirmed) => Ok(None),
            Err(PublishError::Refused { code, .. }) if wrong_last(code) => Ok(None),
            Err(PublishError::Unavailable(reason)) => Err(StoreError::Unavailable(reason)),
            Err(denied @ PublishError::Denied { .. }) => Err(StoreError::Denied(denied.to_string())),
            Err(full @ PublishError::Refused { code: STREAM_FULL | NO_RESOURCES, .. }) => {
                Err(StoreError::Unavailable(full.to_string()))
            }
            Err(error @ (PublishError::TooLarge { .. } | PublishError::Refused { .. })) => {
                Err(StoreError::Rejected { key: key.clone(), reason: error.to_string() })
            }
        }
    }

    /// The leader is asked: a replica may not have it yet.
    async fn look(&self, key: &AggregateKey, tip: Tip, ours: &Envelope, body: &[u8]) -> Result<Next, StoreError> {
        let Some(next) = self.after(key, tip.position).await? else { return Ok(Next::Nothing) };
        // An earlier run of the same command may have decided otherwise: the body has to agree too.
        let same = next.header(header::ID) == Some(ours.id.as_str()) && next.body() == body;
        Ok(if same { Next::Ours(next.sequence) } else { Next::Other })
    }
}

pub(super) fn headers(envelope: &Envelope) -> HeaderMap {
    let mut headers = HeaderMap::new();
    put(&mut headers, MESSAGE_ID, envelope.id.as_str());
    for (name, value) in envelope.headers() {
        put(&mut headers, name, value);
    }
    headers
}

pub(super) fn envelope<E: DomainEvents>(key: &AggregateKey, version: u64, event: &E, cause: &Cause) -> Envelope {
    Envelope {
        id: EventId::derive(&cause.id, &subject::event(key), version),
        wire_type: event.wire_type().to_owned(),
        schema_version: event.schema_version(),
        time: event.at(),
        key: key.clone(),
        aggregate_version: version,
        correlation_id: cause.correlation_id.clone(),
        causation_id: cause.id.clone(),
        trace_parent: cause.trace_parent.clone(),
    }
}
