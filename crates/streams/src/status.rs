//! Where everything stands, as the broker sees it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Broker, DeadLetters, Durable, PausedShop, ReadError, Stream, subscribers};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    pub inbox: StreamStatus,
    pub events: StreamStatus,
    pub quarantine: StreamStatus,
    pub dead_letters: StreamStatus,
    pub durables: Vec<DurableStatus>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StreamStatus {
    /// The sequence of the last message; 0 when there never was one.
    pub last: u64,
    pub messages: u64,
    pub bytes: u64,
    /// Negative: without limit.
    pub max_bytes: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DurableStatus {
    pub name: &'static str,
    pub stream: &'static str,
    /// Not yet delivered.
    pub pending: u64,
    /// Delivered and not settled: being handled, or parked.
    pub ack_pending: u64,
    /// Paused on the broker by an operator.
    pub paused: bool,
    /// Why, as the operator said.
    pub paused_reason: Option<String>,
    /// Shops whose messages wait.
    pub paused_shops: Vec<PausedShop>,
    /// Its dead letters.
    pub dead: u64,
}

impl Status {
    /// Nothing waits for any subscriber.
    pub fn is_settled(&self) -> bool {
        self.durables.iter().all(|durable| durable.pending == 0 && durable.ack_pending == 0)
    }
}

/// Reads the state of the streams and of these durables.
pub async fn read(broker: &Broker, durables: &[Durable]) -> Result<Status, ReadError> {
    let dead = DeadLetters::new(broker).counts().await?;
    let mut states = Vec::with_capacity(durables.len());
    for durable in durables {
        states.push(durable_status(broker, durable, &dead).await?);
    }
    // The durables first: what they append meanwhile is then in the heads.
    Ok(Status {
        durables: states,
        inbox: stream_status(broker, Stream::Inbox).await?,
        events: stream_status(broker, Stream::Events).await?,
        quarantine: stream_status(broker, Stream::Quarantine).await?,
        dead_letters: stream_status(broker, Stream::DeadLetters).await?,
    })
}

/// All messages up to there are settled by the durable's subscriber: acknowledged, or given up.
pub async fn settled_to(broker: &Broker, durable: &Durable) -> Result<u64, ReadError> {
    let info = broker.consumer_info(durable.stream, durable.name).await?;
    let info = info.ok_or_else(|| ReadError::Missing(format!("the durable consumer {}", durable.name)))?;
    Ok(info.ack_floor.stream_sequence)
}

async fn stream_status(broker: &Broker, stream: Stream) -> Result<StreamStatus, ReadError> {
    let info = broker.stream_info(stream).await?;
    let info = info.ok_or_else(|| ReadError::Missing(format!("the stream {stream}")))?;
    Ok(StreamStatus {
        last: info.state.last_sequence,
        messages: info.state.messages,
        bytes: info.state.bytes,
        max_bytes: info.config.max_bytes,
    })
}

async fn durable_status(
    broker: &Broker,
    durable: &Durable,
    dead: &BTreeMap<String, u64>,
) -> Result<DurableStatus, ReadError> {
    let info = broker.consumer_info(durable.stream, durable.name).await?;
    let info = info.ok_or_else(|| ReadError::Missing(format!("the durable consumer {}", durable.name)))?;
    let paused_shops = subscribers::paused_shops(&info.config.metadata).into_iter();
    Ok(DurableStatus {
        name: durable.name,
        stream: durable.stream.name(),
        pending: info.num_pending,
        ack_pending: info.num_ack_pending as u64,
        paused: info.paused,
        paused_reason: subscribers::reason(&info.config.metadata).filter(|_| info.paused),
        paused_shops: paused_shops.map(|(shop, reason)| PausedShop { shop, reason }).collect(),
        dead: dead.get(durable.name).copied().unwrap_or_default(),
    })
}
