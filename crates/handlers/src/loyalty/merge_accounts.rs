use std::collections::BTreeMap;

use aggregates::{LoyaltyCommand, Program};
use events::{AggregateKind, CustomerEvent, CustomerId, Event, Recorded, Shop, Timestamp};
use streams::{Cause, Failure, Subscriber};

use super::accounts::Accounts;

/// Moves the account of a customer who was merged into another.
///
/// The old account is closed first and does not change any more; so what the new one takes over is
/// the same whenever it does.
pub struct MergeAccounts {
    accounts: Accounts,
    program: Program,
}

impl Subscriber for MergeAccounts {
    const NAME: &'static str = "merge_accounts";
    type Message = Recorded<Event>;

    fn filters() -> Vec<String> {
        vec![events::subject::events_of(AggregateKind::Customer)]
    }

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        let Event::Customer(CustomerEvent::Merged(merged)) = &event.event else { return Ok(()) };
        let key = &event.envelope.key;
        let from: CustomerId = key.id.parse().map_err(|_| Failure::reject("a customer's id is not a number"))?;
        if self.accounts.heir(&key.shop, merged.into).await? == from {
            return Err(Failure::reject("the customer was merged into one who was merged into them"));
        }
        let (cause, at) = (Cause::of(event), merged.at);
        let close = LoyaltyCommand::Close { into: merged.into, at };
        self.accounts.tell(&key.shop, BTreeMap::from([(from, close)]), &cause).await?;
        self.hand_on(&key.shop, from, at, &cause).await
    }
}

impl MergeAccounts {
    pub(super) fn new(accounts: Accounts, program: Program) -> Self {
        Self { accounts, program }
    }

    /// To the first account on the way that goes on. One on the way may have taken it over before it was
    /// closed itself: then whoever takes that one over has this one too.
    async fn hand_on(&self, shop: &Shop, from: CustomerId, at: Timestamp, cause: &Cause) -> Result<(), Failure> {
        let closed = Box::new(self.accounts.load(shop, from, 0).await?.state);
        let mut next = closed.closed_into();
        while let Some(id) = next {
            let absorb = LoyaltyCommand::Absorb { from, closed: closed.clone(), program: self.program.clone(), at };
            self.accounts.tell(shop, BTreeMap::from([(id, absorb)]), cause).await?;
            let account = self.accounts.load(shop, id, 0).await?.state;
            next = account.closed_into().filter(|_| !account.has_absorbed(from));
        }
        Ok(())
    }
}
