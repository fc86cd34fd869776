//! Many events of one aggregate in one atomic batch.

use aggregates::Decider;
use async_nats::header::HeaderMap;
use bytes::Bytes;
use events::{AggregateKey, subject};

use super::EventStore;
use super::append::{Tip, envelope, headers};
use crate::Cause;
use crate::publish::{EXPECTED_LAST, put};

const BATCH_ID: &str = "Nats-Batch-Id";
const BATCH_SEQUENCE: &str = "Nats-Batch-Sequence";
const BATCH_COMMIT: &str = "Nats-Batch-Commit";
/// The server takes 1,000.
const MOST: usize = 1_000;

/// An event and what led to it.
pub(super) struct Addressed<'a, E> {
    pub(super) event: &'a E,
    pub(super) cause: &'a Cause,
}

impl EventStore {
    /// Appends all of them or none, and gives the position of the first: they stand one behind the other.
    ///
    /// None when that is not certain, whatever the reason. Then they are appended one by one: each finds out
    /// for itself whether it stands there already, and the expected sequence lets only one copy in.
    pub(super) async fn append_batch<A: Decider>(
        &self,
        key: &AggregateKey,
        tip: Tip,
        events: &[Addressed<'_, A::Event>],
    ) -> Option<u64> {
        if events.len() > MOST {
            return None;
        }
        let mut messages: Vec<(HeaderMap, Bytes)> = Vec::with_capacity(events.len());
        let mut batch_id = String::new();
        for (number, Addressed { event, cause }) in (1_u64..).zip(events) {
            let envelope = envelope(key, tip.version + number, *event, cause);
            if number == 1 {
                batch_id = envelope.id.to_string();
            }
            let mut headers = headers(&envelope);
            put(&mut headers, BATCH_ID, &batch_id);
            put(&mut headers, BATCH_SEQUENCE, number.to_string());
            if number == 1 {
                put(&mut headers, EXPECTED_LAST, tip.position.to_string());
            }
            messages.push((headers, Bytes::from(events::DomainEvents::encode(*event).ok()?)));
        }
        if let Some((headers, _)) = messages.last_mut() {
            put(headers, BATCH_COMMIT, "1");
        }
        let stored = self.broker.publish_together(&subject::event(key), messages).await;
        stored.ok().filter(|stored| !stored.duplicate).map(|stored| stored.sequence + 1 - events.len() as u64)
    }
}
