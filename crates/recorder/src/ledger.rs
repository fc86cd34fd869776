//! What was forgotten stays so: the log says it, whatever the key database is.

use std::time::Duration;

use events::{CustomerEvent, Event, Recorded, ShopEvent};
use privacy::{Ledger, Vault};
use streams::{Broker, EventReader, EventStore, Failure, events_head};

use crate::erase::Erasure;
use crate::forget::{Keys, TOLD_BY};

const BATCH: usize = 1_000;
const WAIT: Duration = Duration::from_secs(5);

/// Carries out again what the log has asked for since the key database last knew of it, before anybody reads: a restored
/// backup holds keys that were destroyed after it was made.
///
/// Gives how many events were heeded.
pub async fn replay_ledger(broker: &Broker, vault: &Vault) -> Result<u64, Failure> {
    let keys = Keys { store: EventStore::with_capacity(broker, 0), vault: vault.clone() };
    let (asked, head) = asked_since(broker, vault, Ledger::Keys).await?;
    let mut heeded = 0;
    for event in &asked {
        heeded += u64::from(again(&keys, event).await?);
    }
    vault.keep_ledger(Ledger::Keys, head).await.map_err(Failure::unavailable)?;
    Ok(heeded)
}

/// Likewise for the bodies, before the recorder reads them.
pub async fn replay_bodies(broker: &Broker, vault: &Vault) -> Result<u64, Failure> {
    let bodies = Erasure::new(broker, vault);
    let (asked, head) = asked_since(broker, vault, Ledger::Bodies).await?;
    for event in &asked {
        // What is left is recorded later, by somebody who knows that they are forgotten.
        bodies.heed(event).await?;
    }
    vault.keep_ledger(Ledger::Bodies, head).await.map_err(Failure::unavailable)?;
    Ok(asked.len() as u64)
}

/// The requests since then, and how far the log was looked through.
async fn asked_since(broker: &Broker, vault: &Vault, part: Ledger) -> Result<(Vec<Recorded<Event>>, u64), Failure> {
    let head = events_head(broker).await.map_err(Failure::unavailable)?;
    let known = vault.ledger(part).await.map_err(Failure::unavailable)?;
    // A position past the end is another log's.
    let from = if known > head { 0 } else { known };
    let mut asked = Vec::new();
    if from < head {
        let reader = EventReader::open(broker, from).await.map_err(Failure::unavailable)?;
        let mut reader = reader.only(TOLD_BY);
        while reader.position() < head {
            let batch = reader.next_batch(BATCH, WAIT).await.map_err(Failure::unavailable)?;
            asked.extend(batch.into_iter().filter_map(|entry| entry.event).filter(|event| is_told(&event.event)));
        }
    }
    Ok((asked, head))
}

/// What is not recorded as done will be done by its subscriber; a shop that came back is not emptied again.
async fn again(keys: &Keys, event: &Recorded<Event>) -> Result<bool, Failure> {
    let known = matches!(&event.event, Event::Shop(_))
        && keys.vault.emptied_at(&event.envelope.key.shop).await.map_err(Failure::unavailable)?
            >= Some(event.recorded_at);
    if known {
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
