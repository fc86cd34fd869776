//! What was forgotten stays so: the log says it, whatever the key database is.

use std::time::Duration;

use events::{CustomerEvent, Event, Recorded, ShopEvent};
use privacy::Vault;
use streams::{Broker, EventReader, EventStore, Failure, events_head};

use crate::forget::{Keys, TOLD_BY};

const BATCH: usize = 1_000;
const WAIT: Duration = Duration::from_secs(5);

/// Carries out again what the log has asked for since the key database last knew of it, before anybody reads: a restored
/// backup holds keys that were destroyed after it was made.
///
/// Gives how many events were heeded.
pub async fn replay_ledger(broker: &Broker, vault: &Vault) -> Result<u64, Failure> {
    let keys = Keys { store: EventStore::with_capacity(broker, 0), vault: vault.clone() };
    let head = events_head(broker).await.map_err(Failure::unavailable)?;
    let known = vault.ledger().await.map_err(Failure::unavailable)?;
    // A position past the end is another log's.
    let from = if known > head { 0 } else { known };
    let mut heeded = 0;
    if from < head {
        let reader = EventReader::open(broker, from).await.map_err(Failure::unavailable)?;
        let mut reader = reader.only(TOLD_BY);
        while reader.position() < head {
            let batch = reader.next_batch(BATCH, WAIT).await.map_err(Failure::unavailable)?;
            for event in batch.into_iter().filter_map(|entry| entry.event) {
                heeded += u64::from(again(&keys, &event).await?);
            }
        }
    }
    vault.keep_ledger(head).await.map_err(Failure::unavailable)?;
    Ok(heeded)
}

/// What is not recorded as done will be done by its subscriber; a shop that came back is not emptied again.
async fn again(keys: &Keys, event: &Recorded<Event>) -> Result<bool, Failure> {
    let known = matches!(&event.event, Event::Shop(_))
        && keys.vault.emptied_at(&event.envelope.key.shop).await.map_err(Failure::unavailable)?
            >= Some(event.recorded_at);
    if known || !is_told(&event.event) {
        return Ok(false);
    }
    keys.heed(event).await?;
    Ok(true)
}

fn is_told(event: &Event) -> bool {
    matches!(
        event,
        Event::Customer(CustomerEvent::RedactionRequested(_) | CustomerEvent::Merged(_))
            | Event::Shop(ShopEvent::RedactionRequested(_))
    )
}
