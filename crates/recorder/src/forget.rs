use aggregates::{Customer, CustomerCommand, ShopCommand, ShopState};
use events::{
    AggregateKey, AggregateKind, CustomerEvent, CustomerRedactionRequested, Event, Recorded, ShopEvent, subject,
};
use privacy::{Vault, order_with_checkouts};
use streams::{Broker, Cause, EventStore, Failure, Subscriber};

use crate::erase::Erasure;

/// Destroys the keys of those who are to be forgotten, and records that it is done.
///
/// It runs where keys are made, so that none is used there any more from that moment on.
pub struct ForgetCustomers {
    store: EventStore,
    keys: Keys,
    bodies: Erasure,
}

impl ForgetCustomers {
    pub fn new(broker: &Broker, store: EventStore, vault: Vault) -> Self {
        let bodies = Erasure::new(broker, &vault);
        Self { keys: Keys { store: store.clone(), vault }, store, bodies }
    }

    /// The keys first: from then on what the recorder hears of them is fenced.
    async fn forget(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        self.keys.heed(event).await?;
        match self.bodies.heed(event).await? {
            0 => Ok(()),
            left => Err(Failure::unavailable(format!("the recorder has still to settle {left} of their deliveries"))),
        }
    }
}

impl Subscriber for ForgetCustomers {
    const NAME: &'static str = "forget_customers";
    type Message = Recorded<Event>;

    fn filters() -> Vec<String> {
        TOLD_BY.map(subject::events_of).to_vec()
    }

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        let (key, cause) = (&event.envelope.key, Cause::of(event));
        match &event.event {
            Event::Customer(CustomerEvent::RedactionRequested(_)) => {
                self.forget(event).await?;
                self.store.execute::<Customer>(key, CustomerCommand::Redact, &cause).await?;
            }
            Event::Shop(ShopEvent::RedactionRequested(asked)) => {
                // Once: a shop that comes back later has new people.
                if self.store.load::<ShopState>(key, event.position).await?.state.is_redacted(asked.at) {
                    return Ok(());
                }
                self.forget(event).await?;
                self.store.execute::<ShopState>(key, ShopCommand::Redact { at: asked.at }, &cause).await?;
            }
            _ => return self.keys.heed(event).await,
        }
        metrics::counter!("tillstream_privacy_redacted_total").increment(1);
        Ok(())
    }
}

/// Who says that somebody is to be forgotten, or went up in somebody else.
pub(crate) const TOLD_BY: [AggregateKind; 2] = [AggregateKind::Customer, AggregateKind::Shop];

/// What an event means for the keys, whatever has been recorded of it.
pub(crate) struct Keys {
    pub(crate) store: EventStore,
    pub(crate) vault: Vault,
}

impl Keys {
    /// Again, it changes nothing; but a shop must not have come back since.
    pub(crate) async fn heed(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        let (key, at) = (&event.envelope.key, event.recorded_at);
        let heeded = match &event.event {
            Event::Customer(CustomerEvent::RedactionRequested(asked)) => {
                let subjects = self.forgotten(key, asked).await?;
                self.vault.destroy(&subjects, at).await.map(drop)
            }
            Event::Customer(CustomerEvent::Merged(merged)) => {
                let heir = AggregateKey::new(AggregateKind::Customer, &key.shop, merged.into);
                self.vault.absorb(key, &heir).await
            }
            Event::Shop(ShopEvent::RedactionRequested(_)) => self.vault.destroy_shop(&key.shop, at).await.map(drop),
            _ => Ok(()),
        };
        heeded.map_err(Failure::unavailable)
    }

    pub(crate) async fn forgotten(
        &self,
        key: &AggregateKey,
        asked: &CustomerRedactionRequested,
    ) -> Result<Vec<AggregateKey>, Failure> {
        let mut subjects = self.vault.absorbed_by(key).await.map_err(Failure::unavailable)?;
        subjects.push(key.clone());
        for order in &asked.orders {
            subjects.extend(order_with_checkouts(&self.store, &key.shop, order).await?);
        }
        Ok(subjects)
    }
}
