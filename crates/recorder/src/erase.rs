//! The bodies in which somebody is named, where they are kept as they came.

use std::collections::HashSet;

use events::{AggregateKey, AggregateKind, CustomerEvent, Event, Recorded, Shop, ShopEvent, Timestamp};
use privacy::Vault;
use streams::{Broker, EventStore, Failure, InboxDelivery, InboxReader, Quarantine, Subscriber, status};

use crate::envelope::Envelope;
use crate::forget::Keys;
use crate::journal::about;
use crate::recorder::Recorder;

const BATCH: usize = 500;

/// Looks through `INBOX` and `QUARANTINE`, and has bodies forgotten.
pub(crate) struct Erasure {
    broker: Broker,
    keys: Keys,
}

impl Erasure {
    pub(crate) fn new(broker: &Broker, vault: &Vault) -> Self {
        let keys = Keys { store: EventStore::with_capacity(broker, 0), vault: vault.clone() };
        Self { broker: broker.clone(), keys }
    }

    /// Forgets what a request is about. What the recorder has still to record is left to it: it forgets the body of
    /// whatever it hears of somebody who is forgotten. Gives how many there are of those. Again, it changes nothing.
    pub(crate) async fn heed(&self, event: &Recorded<Event>) -> Result<usize, Failure> {
        let key = &event.envelope.key;
        match &event.event {
            Event::Customer(CustomerEvent::RedactionRequested(asked)) => {
                let subjects = self.keys.forgotten(key, asked).await?;
                self.forget(&key.shop, &mut Who::Named(names(&subjects))).await
            }
            Event::Shop(ShopEvent::RedactionRequested(_)) => {
                let days = self.keys.vault.forget_days(&key.shop, event.recorded_at).await;
                days.map_err(Failure::unavailable)?;
                self.forget(&key.shop, &mut Who::AllUntil(event.recorded_at)).await
            }
            _ => Ok(0),
        }
    }

    async fn forget(&self, shop: &Shop, who: &mut Who) -> Result<usize, Failure> {
        let settled = status::settled_to(&self.broker, &Recorder::durable()).await.map_err(Failure::unavailable)?;
        let bodies = self.keys.vault.for_bodies();
        let mut inbox = InboxReader::new(&self.broker, 0).of(shop).opened_by(bodies.clone()).tolerant();
        let (mut seals, mut left) = (Vec::new(), 0);
        loop {
            let batch = inbox.rest(BATCH).await.map_err(Failure::unavailable)?;
            if batch.is_empty() {
                break;
            }
            for delivery in batch.into_iter().filter(|delivery| who.is_named_in(delivery)) {
                left += usize::from(delivery.sequence > settled);
                seals.extend(delivery.seal.filter(|_| delivery.sequence <= settled));
            }
        }
        let quarantine = Quarantine::new(&self.broker).sealed_by(bodies);
        let kept = quarantine.every(shop).await.map_err(Failure::unavailable)?;
        seals.extend(
            kept.into_iter().filter(|kept| who.is_named_in(&kept.delivery)).filter_map(|kept| kept.delivery.seal),
        );
        let forgotten = self.keys.vault.forget_bodies(&seals).await.map_err(Failure::unavailable)?;
        metrics::counter!("tillstream_privacy_bodies_forgotten_total").increment(forgotten as u64);
        Ok(left)
    }
}

/// Whose bodies are looked for.
enum Who {
    /// By ids and tokens: a body is theirs if one of them stands in it as a word. One that has the same number in it by
    /// chance goes too; what it told is recorded.
    Named(HashSet<String>),
    /// All that came until then.
    AllUntil(Timestamp),
}

impl Who {
    fn is_named_in(&mut self, delivery: &InboxDelivery) -> bool {
        match self {
            Self::AllUntil(last) => delivery.received_at <= *last,
            Self::Named(names) => {
                let named = words(&delivery.body).any(|word| names.contains(word));
                // What is told of their order later names the order only.
                if let Some(order) =
                    about(&Envelope::read(delivery), &delivery.body).filter(|key| named && is_theirs(key))
                {
                    names.insert(order.id);
                }
                named
            }
        }
    }
}

fn is_theirs(key: &AggregateKey) -> bool {
    matches!(key.kind, AggregateKind::Order | AggregateKind::Checkout | AggregateKind::DraftOrder)
}

fn names(subjects: &[AggregateKey]) -> HashSet<String> {
    subjects.iter().map(|subject| subject.id.clone()).collect()
}

/// Ids and tokens, wherever they stand, whether the body can be read or not.
fn words(body: &[u8]) -> impl Iterator<Item = &str> {
    let parts = body.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-' && *byte != b'_');
    parts.filter(|part| !part.is_empty()).filter_map(|part| std::str::from_utf8(part).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_as_a_whole_word_in_whatever_body() {
        let found = |body: &str| words(body.as_bytes()).any(|word| word == "207119551");
        assert!(found(r#"{"customer":{"id":207119551}}"#));
        assert!(found(r#"{"id":"gid://shopify/Customer/207119551?x=1"}"#));
        assert!(found("torn: [207119551"));
        assert!(!found(r#"{"customer":{"id":2071195510},"order":1207119551,"token":"a207119551"}"#));
    }
}
