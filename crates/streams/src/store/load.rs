use aggregates::Decider;
use async_nats::{Message, StatusCode};
use events::AggregateKey;
use futures::StreamExt;
use serde_json::json;

use super::{EventStore, Loaded, StoreError, failed, unreadable};
use crate::api::ReadError;
use crate::broker::Broker;
use crate::raw::Raw;
use crate::Stream;

/// Messages per request: answers have no flow control, and must fit the subscription's buffer.
const PAGE: usize = 1000;
const END_OF_BATCH: u16 = 204;

impl EventStore {
    /// Folds what any replica has after the state.
    pub(super) async fn catch_up<A: Decider>(
        &self,
        key: &AggregateKey,
        loaded: &mut Loaded<A>,
    ) -> Result<(), StoreError> {
        let tail = self.tail(key, loaded.position).await?;
        tail.iter().try_for_each(|raw| fold(key, loaded, raw))
    }

    /// Folds all that the stream's leader has after the state.
    pub(super) async fn catch_up_by_leader<A: Decider>(
        &self,
        key: &AggregateKey,
        loaded: &mut Loaded<A>,
    ) -> Result<(), StoreError> {
        let subject = events::subject::event(key);
        loop {
            let next = self.broker.next_message(Stream::Events, &subject, loaded.position + 1).await;
            match next.map_err(|error| failed(key, error))? {
                Some(raw) => fold(key, loaded, &raw)?,
                None => return Ok(()),
            }
        }
    }
}

fn fold<A: Decider>(key: &AggregateKey, loaded: &mut Loaded<A>, raw: &Raw) -> Result<(), StoreError> {
    let envelope = raw.envelope().map_err(unreadable(key))?;
    let (expected, found) = (loaded.version + 1, envelope.aggregate_version);
    if found != expected {
        return Err(StoreError::Gap { key: key.clone(), position: raw.sequence, expected, found });
    }
    let event = events::decode(&envelope, &raw.body).map_err(|error| unreadable(key)(error.into()))?;
    loaded.state.apply(event);
    loaded.version = found;
    loaded.position = raw.sequence;
    Ok(())
}

/// The messages of one literal subject after `position`, oldest first.
pub(super) async fn tail(broker: &Broker, subject: &str, mut position: u64) -> Result<Vec<Raw>, ReadError> {
    let mut messages: Vec<Raw> = Vec::new();
    loop {
        let before = messages.len();
        page(broker, subject, position + 1, &mut messages).await?;
        if messages.len() - before < PAGE {
            return Ok(messages);
        }
        position = messages.last().map_or(position, |raw| raw.sequence);
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
        Some(StatusCode::NO_RESPONDERS) => Err(ReadError::Missing(Stream::Events.name().to_owned())),
        Some(status) => {
            let description = reply.description.unwrap_or_default();
            Err(ReadError::Refused { code: status.as_u16().into(), description })
        }
    }
}
