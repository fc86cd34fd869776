//! What an operator may do to a subscriber. It is kept with the durable consumer, so it holds for every
//! replica and outlives them all.

use std::collections::{BTreeMap, HashMap};

use events::{Shop, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::ConsumerInfo;
use crate::topology::redrive_name;
use crate::{Broker, Durable, ReadError, Stream};

/// Why the subscriber is paused; the pause itself is the server's.
const REASON: &str = "tillstream-paused";
/// One key for each paused shop, its value the reason.
const SHOP_PREFIX: &str = "tillstream-paused-shop-";
/// The server pauses until a time; this is "until somebody resumes it".
const FOR_EVER: SignedDuration = SignedDuration::from_hours(24 * 365 * 50);

/// Pauses and resumes subscribers, as a whole or for one shop.
#[derive(Debug, Clone)]
pub struct Subscribers {
    broker: Broker,
}

/// A shop whose messages wait.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PausedShop {
    pub shop: Shop,
    pub reason: String,
}

/// Why a subscriber could not be paused or resumed. Doing it again is always right.
#[derive(Debug, thiserror::Error)]
#[error("the subscriber {name} could not be changed")]
pub struct OperatorError {
    name: &'static str,
    pub source: ReadError,
}

impl Subscribers {
    pub fn new(broker: &Broker) -> Self {
        Self { broker: broker.clone() }
    }

    /// The server hands out nothing more, to no replica, until then or until it is resumed. What is being
    /// handled is handled to its end; what is parked is tried again.
    pub async fn pause(&self, durable: &Durable, until: Option<Timestamp>, reason: &str) -> Result<(), OperatorError> {
        let until = until.unwrap_or_else(|| Timestamp::now() + FOR_EVER);
        let note = (REASON.to_owned(), Some(reason.to_owned()));
        let pause = json!({ "pause_until": until });
        self.note(durable, note).await.map_err(failed(durable))?;
        self.set_pause(durable, &pause).await.map_err(failed(durable))
    }

    pub async fn resume(&self, durable: &Durable) -> Result<(), OperatorError> {
        self.set_pause(durable, &json!({})).await.map_err(failed(durable))?;
        self.note(durable, (REASON.to_owned(), None)).await.map_err(failed(durable))
    }

    /// The messages of one shop wait, within seconds and in their order; all others flow.
    pub async fn pause_shop(&self, durable: &Durable, shop: &Shop, reason: &str) -> Result<(), OperatorError> {
        self.note(durable, (key(shop), Some(reason.to_owned()))).await.map_err(failed(durable))
    }

    pub async fn resume_shop(&self, durable: &Durable, shop: &Shop) -> Result<(), OperatorError> {
        self.note(durable, (key(shop), None)).await.map_err(failed(durable))
    }

    /// Its dead letters are kept back too.
    async fn set_pause(&self, durable: &Durable, pause: &serde_json::Value) -> Result<(), ReadError> {
        #[derive(Deserialize)]
        struct Done {
            #[allow(dead_code, reason = "without a field every answer would do")]
            paused: bool,
        }
        let redrives = (Stream::DeadLetters, redrive_name(durable.name));
        for (stream, name) in [(durable.stream, durable.name.to_owned()), redrives] {
            let _: Done = self.broker.ask(&format!("CONSUMER.PAUSE.{stream}.{name}"), pause).await?;
        }
        Ok(())
    }

    /// Writes or removes one note on the durable; everything else of it stays.
    async fn note(&self, durable: &Durable, (key, value): (String, Option<String>)) -> Result<(), ReadError> {
        let Durable { name, stream, .. } = durable;
        let info = self.broker.consumer_info(*stream, name).await?;
        let mut config = info.ok_or_else(|| ReadError::Missing(format!("the durable consumer {name}")))?.config;
        match value {
            Some(value) => config.metadata.insert(key, value),
            None => config.metadata.remove(&key),
        };
        let request = json!({ "stream_name": stream.name(), "config": config, "action": "update" });
        let done: ConsumerInfo = self.broker.ask(&format!("CONSUMER.CREATE.{stream}.{name}"), &request).await?;
        drop(done);
        Ok(())
    }
}

fn failed(durable: &Durable) -> impl Fn(ReadError) -> OperatorError {
    let name = durable.name;
    move |source| OperatorError { name, source }
}

fn key(shop: &Shop) -> String {
    format!("{SHOP_PREFIX}{shop}")
}

/// Why the subscriber is paused, as its durable says.
pub(crate) fn reason(metadata: &HashMap<String, String>) -> Option<String> {
    metadata.get(REASON).cloned()
}

/// The paused shops of a durable, and why.
pub(crate) fn paused_shops(metadata: &HashMap<String, String>) -> BTreeMap<Shop, String> {
    let shop = |key: &str| key.strip_prefix(SHOP_PREFIX)?.parse().ok();
    metadata.iter().filter_map(|(key, reason)| Some((shop(key)?, reason.clone()))).collect()
}
