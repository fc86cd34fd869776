use std::sync::atomic::Ordering;

use aggregates::Decider;
use async_nats::{Message, StatusCode};
use events::{AggregateKey, Envelope};
use futures::StreamExt;
use serde_json::json;

use super::{EventStore, Loaded, StoreError, check_kind, unreadable};
use crate::api::ReadError;
use crate::broker::Broker;
use crate::raw::Raw;

/// Messages per request: answers have no flow control, and must fit the subscription's buffer.
const PAGE: usize = 1000;
/// So many are asked for one by one: before a page the server counts what is to come.
const FEW: usize = 4;
const END_OF_BATCH: u16 = 204;

impl EventStore {
    /// The whole history, up to the newest event that the stream's leader has.
    pub(super) async fn fresh<A: Decider>(&self, key: &AggregateKey) -> Result<Loaded<A>, StoreError> {
        let mut loaded = self.begin(key).await?;
        self.catch_up(key, &mut loaded).await?;
        Ok(loaded)
    }

    /// Folds all that the stream's leader has after the state: as a rule one request and nothing new. Where there
    /// is much, another process is at work, and it is read in pages.
    pub(super) async fn catch_up<A: Decider>(
        &self,
        key: &AggregateKey,
        loaded: &mut Loaded<A>,
    ) -> Result<(), StoreError> {
        let mut found = 0;
        while let Some(raw) = self.after(key, loaded.position).await? {
            fold(key, loaded, &raw)?;
            found += 1;
            if found == FEW {
                for raw in self.history(key, loaded.position).await? {
                    fold(key, loaded, &raw)?;
                }
            }
        }
        self.learned.fetch_max(loaded.learned, Ordering::Relaxed);
        Ok(())
    }

    /// Takes note of an event that has come from the log by another way, so that it is not asked for again: of one
    /// that follows what is known here, or begins the aggregate. Nothing else is known of others by it. Where
    /// everything is delivered anew, what was heard before is not heard again.
    pub fn hear<A: Decider>(&self, envelope: &Envelope, position: u64, event: &A::Event) {
        if self.heard.fetch_max(position, Ordering::Relaxed) >= position {
            return;
        }
        let slot = self.cache.slot(&envelope.key);
        // Whoever works on it reads what there is.
        let Ok(mut kept) = slot.kept.try_lock() else { return };
        let mut loaded = kept.take::<A>().unwrap_or_default();
        if check_kind::<A>(&envelope.key).is_ok() && envelope.aggregate_version == loaded.version + 1 {
            loaded.add(event.clone(), position);
            loaded.learned = position;
        }
        if loaded.version > 0 {
            kept.put(loaded);
        }
    }
}

impl<A: Decider> Loaded<A> {
    /// The event that follows.
    pub(super) fn add(&mut self, event: A::Event, position: u64) {
        self.state.apply(event);
        self.version += 1;
        self.position = position;
    }
}

fn fold<A: Decider>(key: &AggregateKey, loaded: &mut Loaded<A>, raw: &Raw) -> Result<(), StoreError> {
    let envelope = raw.envelope().map_err(unreadable(key))?;
    let (expected, found) = (loaded.version + 1, envelope.aggregate_version);
    if found != expected {
        return Err(StoreError::Gap { key: key.clone(), position: raw.sequence, expected, found });
    }
    let event = events::decode(&envelope, &raw.body).map_err(|error| unreadable(key)(error.into()))?;
    loaded.add(event, raw.sequence);
    loaded.learned = raw.sequence;
    Ok(())
}

/// The messages of one literal subject after `position`, oldest first.
pub(super) async fn history(broker: &Broker, subject: &str, position: u64) -> Result<Vec<Raw>, ReadError> {
    stretch(broker, subject, position, |_| false).await
}

/// As [`history`], but no further than the page whose last message is `enough`.
pub(super) async fn stretch(
    broker: &Broker,
    subject: &str,
    position: u64,
    enough: impl Fn(&Raw) -> bool,
) -> Result<Vec<Raw>, ReadError> {
    let mut messages: Vec<Raw> = Vec::new();
    loop {
        let (before, last) = (messages.len(), messages.last().map_or(position, |raw| raw.sequence));
        page(broker, subject, last + 1, &mut messages).await?;
        if messages.len() - before < PAGE || messages.last().is_some_and(&enough) {
            return Ok(messages);
        }
    }
}

async fn page(broker: &Broker, subject: &str, from: u64, into: &mut Vec<Raw>) -> Result<(), ReadError> {
    if !broker.is_connected() {
        return Err(ReadError::Unavailable("not connected".to_owned()));
    }
    let broken = |error: &dyn std::error::Error| ReadError::Unavailable(error.to_string());
    let inbox = broker.client.new_inbox();
    let mut replies = broker.client.subscribe(inbox.clone()).await.map_err(|error| broken(&error))?;
    let request = json!({ "seq": from, "next_by_subj": subject, "batch": PAGE }).to_string();
    let sent = broker.client.publish_with_reply("$JS.API.DIRECT.GET.EVENTS", inbox, request.into()).await;
    sent.map_err(|error| broken(&error))?;
    loop {
        let Some(reply) = next(broker, &mut replies).await? else { return Ok(()) };
        let position = from;
        into.push(Raw::got(reply).map_err(|source| ReadError::Unreadable { position, source })?);
    }
}

/// `None` at the end of the page.
async fn next(broker: &Broker, replies: &mut async_nats::Subscriber) -> Result<Option<Message>, ReadError> {
    let unavailable = |text: &str| Err(ReadError::Unavailable(text.to_owned()));
    let Ok(reply) = tokio::time::timeout(broker.request_timeout(), replies.next()).await else {
        return unavailable("no answer to a direct get");
    };
    let Some(reply) = reply else { return unavailable("the connection is closed") };
    match reply.status {
        None => Ok(Some(reply)),
        Some(status) if status == StatusCode::NOT_FOUND || status.as_u16() == END_OF_BATCH => Ok(None),
        Some(StatusCode::NO_RESPONDERS) => unavailable("nobody answers direct gets of EVENTS"),
        Some(status) => {
            let description = reply.description.unwrap_or_default();
            Err(ReadError::Refused { code: status.as_u16().into(), description })
        }
    }
}
