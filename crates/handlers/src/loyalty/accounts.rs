use std::collections::BTreeMap;

use aggregates::{LoyaltyAccount, LoyaltyCommand};
use events::{AggregateKey, AggregateKind, CustomerId, Shop};
use streams::{Cause, EventStore, Failure, Loaded};

/// Shopify merges a customer once: a longer way is a circle.
const MOST_MERGES: usize = 100;

/// The accounts in the log.
#[derive(Clone)]
pub(super) struct Accounts {
    pub(super) store: EventStore,
}

impl Accounts {
    pub(super) fn new(store: EventStore) -> Self {
        Self { store }
    }

    pub(super) async fn load(
        &self,
        shop: &Shop,
        id: CustomerId,
        at_least: u64,
    ) -> Result<Loaded<LoyaltyAccount>, Failure> {
        Ok(self.store.load(&key(shop, id), at_least).await?)
    }

    /// Whose account goes on for a customer: theirs, or that of the one they were merged into.
    pub(super) async fn heir(&self, shop: &Shop, customer: CustomerId) -> Result<CustomerId, Failure> {
        let mut id = customer;
        for _ in 0..MOST_MERGES {
            match self.load(shop, id, 0).await?.state.closed_into() {
                Some(into) => id = into,
                None => return Ok(id),
            }
        }
        Err(Failure::reject("accounts are merged in a circle"))
    }

    /// Says a command to each account; false when one of them was closed meanwhile, and so did not hear it.
    pub(super) async fn tell(
        &self,
        shop: &Shop,
        commands: BTreeMap<CustomerId, LoyaltyCommand>,
        cause: &Cause,
    ) -> Result<bool, Failure> {
        let mut heard = true;
        for (id, command) in commands {
            let receipt = self.store.execute::<LoyaltyAccount>(&key(shop, id), command, cause).await?;
            heard &= self.load(shop, id, receipt.position).await?.state.closed_into().is_none();
        }
        Ok(heard)
    }
}

pub(super) fn key(shop: &Shop, id: CustomerId) -> AggregateKey {
    AggregateKey::new(AggregateKind::Loyalty, shop, id)
}
