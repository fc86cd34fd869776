use std::collections::BTreeMap;

use aggregates::{LoyaltyCommand, Program};
use streams::{Cause, Due, Failure, Subscriber};

use super::accounts::Accounts;
use super::{Clock, NAME, PointsDue};

/// Tells an account that a time has come: points become active or expire, a hold is over, a tier is reviewed.
pub struct AgePoints {
    accounts: Accounts,
    clock: Clock,
    program: Program,
}

impl Subscriber for AgePoints {
    const NAME: &'static str = "age_points";
    type Message = Due<PointsDue>;

    fn filters() -> Vec<String> {
        vec![events::subject::timers_due(NAME)]
    }

    async fn handle(&self, due: &Due<PointsDue>) -> Result<(), Failure> {
        let PointsDue { shop, customer_id, at, .. } = &due.content;
        // A closed account hears nothing: the one that goes on has timers of its own.
        let command = LoyaltyCommand::Advance { program: self.program.clone(), at: *at };
        self.accounts.tell(shop, BTreeMap::from([(*customer_id, command)]), &Cause::due(due)).await?;
        // It may have been the last word of a timer that was set by an older state.
        self.clock.arm(shop, *customer_id, due.content.aging()).await
    }
}

impl AgePoints {
    pub(super) fn new(accounts: Accounts, clock: Clock, program: Program) -> Self {
        Self { accounts, clock, program }
    }
}
