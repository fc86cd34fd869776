use aggregates::{Checkout, CheckoutCommand};
use events::{AggregateKey, AggregateKind, subject};
use streams::{Cause, Due, EventStore, Failure, Subscriber};

use super::{NAME, Wait};

/// Gives a checkout up when the wait for its customer is over. The checkout decides: a timer may fire
/// although it was moved.
pub struct AbandonCheckouts {
    store: EventStore,
}

impl Subscriber for AbandonCheckouts {
    const NAME: &'static str = "abandon_checkouts";
    type Message = Due<Wait>;

    fn filters() -> Vec<String> {
        vec![subject::timers_due(NAME)]
    }

    async fn handle(&self, due: &Due<Wait>) -> Result<(), Failure> {
        let Wait { shop, token, last_seen_at, at } = &due.content;
        let checkout = AggregateKey::new(AggregateKind::Checkout, shop, token);
        let command = CheckoutCommand::Abandon { at: *at, last_seen_at: *last_seen_at };
        self.store.execute::<Checkout>(&checkout, command, &Cause::due(due)).await?;
        Ok(())
    }
}

impl AbandonCheckouts {
    pub fn new(store: EventStore) -> Self {
        Self { store }
    }
}
