//! Whole streams out, and back into a broker that does not have them: messages, and how far the durables are.
//!
//! The bytes are nats-server's own snapshots, so its other tools read them too.

use std::time::Duration;

use async_nats::{StatusCode, Subscriber};
use bytes::Bytes;
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{Broker, ReadError, Stream};

/// For the next piece: a large stream is read from its disk first.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is in a backup, and how its stream is to be made again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    config: Value,
    state: Value,
}

impl Manifest {
    /// None when it is the backup of another stream, or of a stream of others.
    pub fn stream(&self) -> Option<Stream> {
        Stream::from_name(self.config["name"].as_str()?)
    }

    pub fn messages(&self) -> u64 {
        self.state["messages"].as_u64().unwrap_or_default()
    }

    pub fn last_sequence(&self) -> u64 {
        self.state["last_seq"].as_u64().unwrap_or_default()
    }
}

/// A stream on its way out.
pub struct Backup {
    broker: Broker,
    pieces: Subscriber,
    pub manifest: Manifest,
}

impl Backup {
    /// The broker checks the stream's sums first. Appends go on meanwhile; those after this are not in it.
    pub async fn open(broker: &Broker, stream: Stream) -> Result<Self, ReadError> {
        let inbox = broker.client.new_inbox();
        let subscribed = broker.client.subscribe(inbox.clone()).await;
        let pieces = subscribed.map_err(|error| ReadError::Unavailable(error.to_string()))?;
        let request = json!({ "deliver_subject": inbox, "jsck": true });
        let manifest = broker.ask(&format!("STREAM.SNAPSHOT.{stream}"), &request).await?;
        Ok(Self { broker: broker.clone(), pieces, manifest })
    }

    /// The next piece of the archive; `None` at its end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        let Ok(Some(piece)) = timeout(PATIENCE, self.pieces.next()).await else {
            return Err(ReadError::Unavailable("the backup broke off".to_owned()));
        };
        if let Some(status) = piece.status.filter(|status| *status != StatusCode::OK) {
            let description = piece.description.unwrap_or_default();
            return Err(ReadError::Refused { code: status.as_u16().into(), description });
        }
        if piece.payload.is_empty() {
            return Ok(None);
        }
        // The server waits for these words, so that it sends no faster than they are written.
        if let Some(reply) = piece.reply {
            let told = self.broker.client.publish(reply, Bytes::new()).await;
            told.map_err(|error| ReadError::Unavailable(error.to_string()))?;
        }
        Ok(Some(piece.payload))
    }
}

/// A stream on its way in.
pub struct Restore {
    broker: Broker,
    manifest: Manifest,
    subject: String,
}

/// Why a stream was not restored; the broker keeps nothing of it.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(transparent)]
    Broker(#[from] ReadError),
    #[error("{restored} messages up to {last} were restored, of {wanted} up to {wanted_last}")]
    Differs { restored: u64, last: u64, wanted: u64, wanted_last: u64 },
}

impl Restore {
    /// The broker refuses a stream that is there already.
    pub async fn begin(broker: &Broker, stream: Stream, manifest: Manifest) -> Result<Self, RestoreError> {
        #[derive(Deserialize)]
        struct Begun {
            deliver_subject: String,
        }
        let begun: Begun = broker.ask(&format!("STREAM.RESTORE.{stream}"), &manifest).await?;
        Ok(Self { broker: broker.clone(), manifest, subject: begun.deliver_subject })
    }

    /// The pieces in their order; their sizes do not matter, but none may be larger than the broker takes.
    pub async fn put(&self, piece: Bytes) -> Result<(), RestoreError> {
        self.send(piece).await.map(drop)
    }

    /// Returns once the broker has the stream as it was.
    pub async fn finish(self) -> Result<(), RestoreError> {
        let answer = self.send(Bytes::new()).await?;
        let done: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if let Some(description) = done["error"]["description"].as_str() {
            let code = done["error"]["err_code"].as_u64().unwrap_or_default();
            return Err(ReadError::Refused { code, description: description.to_owned() }.into());
        }
        let restored = Manifest { config: Value::Null, state: done["state"].clone() };
        let told = |manifest: &Manifest| (manifest.messages(), manifest.last_sequence());
        match (told(&restored), told(&self.manifest)) {
            (ours, theirs) if ours == theirs => Ok(()),
            ((restored, last), (wanted, wanted_last)) => {
                Err(RestoreError::Differs { restored, last, wanted, wanted_last })
            }
        }
    }

    async fn send(&self, piece: Bytes) -> Result<Bytes, RestoreError> {
        let request = async_nats::Request::new().payload(piece).timeout(Some(PATIENCE));
        let answer = self.broker.client.send_request(self.subject.clone(), request).await;
        Ok(answer.map_err(|error| ReadError::Unavailable(error.to_string()))?.payload)
    }
}
