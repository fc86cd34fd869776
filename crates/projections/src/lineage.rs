use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use db::RowKey;
use events::Timestamp;
use serde::Serialize;
use streams::{Broker, EventReader, ReadError};

use crate::ReadModel;

const BATCH: usize = 10_000;
const SILENCE: Duration = Duration::from_secs(30);

/// An event that reached a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowEvent {
    pub position: u64,
    #[serde(rename = "type")]
    pub wire_type: String,
    pub id: String,
    /// When it happened, by Shopify's clock.
    pub time: Timestamp,
    /// The aggregate it is of.
    pub aggregate: String,
}

/// The events up to a position that reached these rows of a read model, in order; read from the log.
pub async fn lineage(
    broker: &Broker,
    model: &ReadModel,
    keys: &BTreeSet<RowKey>,
    up_to: u64,
) -> Result<BTreeMap<RowKey, Vec<RowEvent>>, ReadError> {
    let mut found: BTreeMap<RowKey, Vec<RowEvent>> = keys.iter().map(|key| (key.clone(), Vec::new())).collect();
    if keys.is_empty() {
        return Ok(found);
    }
    let mut reader = EventReader::open(broker, 0).await?.only(model.kinds.iter().copied());
    while reader.position() < up_to {
        let max = usize::try_from(up_to - reader.position()).unwrap_or(BATCH).min(BATCH);
        let entries = reader.next_batch(max, SILENCE).await?;
        if entries.is_empty() {
            return Err(ReadError::Unavailable("no event arrives although the log goes on".to_owned()));
        }
        for event in entries.into_iter().filter_map(|entry| entry.event) {
            for id in model.reached(&event) {
                let key = RowKey { shop: event.envelope.key.shop.clone(), id };
                if let Some(events) = found.get_mut(&key) {
                    events.push(RowEvent {
                        position: event.position,
                        wire_type: event.envelope.wire_type.clone(),
                        id: event.envelope.id.to_string(),
                        time: event.envelope.time,
                        aggregate: format!("{}/{}", event.envelope.key.kind, event.envelope.key.id),
                    });
                }
            }
        }
    }
    Ok(found)
}
