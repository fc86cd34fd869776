use std::collections::BTreeMap;

use events::Timestamp;
use serde::Serialize;

use super::DeadLetter;
use crate::{Broker, ReadError, Stream};

/// Headers that say what a message is. All others may hold what is nobody's business.
const SHOWN: &[&str] = &["Nats-Msg-Id", "traceparent"];
const SHOWN_PREFIX: &str = "ce-";

/// The message that a letter points to, without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pointed {
    pub stored_at: Timestamp,
    /// Of the body, in bytes.
    pub size: usize,
    pub headers: BTreeMap<String, String>,
}

/// What a letter points to; `None` when its stream has let it go.
pub async fn pointed_at(broker: &Broker, letter: &DeadLetter) -> Result<Option<Pointed>, ReadError> {
    let stream = Stream::from_name(&letter.stream);
    let stream = stream.ok_or_else(|| ReadError::Missing(format!("the stream {}", letter.stream)))?;
    let Some(raw) = broker.message(stream, letter.sequence).await? else { return Ok(None) };
    let shown = |name: &str| name.starts_with(SHOWN_PREFIX) || SHOWN.contains(&name);
    let headers = raw.headers.each().into_iter().filter(|(name, _)| shown(name));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(Some(Pointed { stored_at: raw.recorded_at, size: raw.body.len(), headers: headers.collect() }))
}
