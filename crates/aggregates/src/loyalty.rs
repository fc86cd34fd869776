//! A customer's loyalty account: one lot of points per order, and what became of each.
//!
//! An order's points are a function of the order as it stands; the account is told the order's worth
//! and records the difference to what it gave before. The balance is the sum of the lots, always.

mod decide;
mod lots;
mod program;
mod reckoning;
mod redemption;
mod spending;
mod tier;

use std::collections::{BTreeMap, BTreeSet};

use events::{
    CustomerId, Lot, LoyaltyEvent, OrderId, PointsBalance, Redemption, RedemptionId, RedemptionState, Terms, Timestamp,
};
use serde::{Deserialize, Serialize};

pub use program::{Program, Tier, TierBasis};
pub use reckoning::Reckoning;
pub use redemption::RedemptionError;

use crate::OrderWorth;
use crate::decide::aggregate;
use lots::Lots;
use spending::Spending;
use tier::Standing;

/// What is said to an account.
#[derive(Debug, Clone, PartialEq)]
pub enum LoyaltyCommand {
    /// What an order of this customer is worth as it stands; none when it is another's, or a guest's.
    Settle {
        order_id: OrderId,
        worth: Option<OrderWorth>,
        program: Program,
        at: Timestamp,
    },
    /// The time has come to this: pending points become active, points expire, a tier is reviewed.
    Advance {
        program: Program,
        at: Timestamp,
    },
    Hold {
        id: RedemptionId,
        points: i64,
        order_id: Option<OrderId>,
        reason: Option<String>,
        at: Timestamp,
    },
    Complete {
        id: RedemptionId,
        at: Timestamp,
    },
    Cancel {
        id: RedemptionId,
        at: Timestamp,
    },
    /// The customer was merged into another.
    Close {
        into: CustomerId,
        at: Timestamp,
    },
    /// Takes over what an account held that was closed; it does not change any more.
    Absorb {
        from: CustomerId,
        closed: Box<LoyaltyAccount>,
        program: Program,
        at: Timestamp,
    },
}

/// An account as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoyaltyAccount {
    enrolled: bool,
    lots: Lots,
    redemptions: BTreeMap<RedemptionId, Redemption>,
    /// Since when points are held, by the redemption they are held for.
    holds: BTreeMap<RedemptionId, Timestamp>,
    spending: Spending,
    standing: Option<Standing>,
    closed_into: Option<CustomerId>,
    absorbed: BTreeSet<CustomerId>,
}

aggregate!(LoyaltyAccount, LoyaltyCommand, LoyaltyEvent, RedemptionError);

impl LoyaltyAccount {
    pub fn balance(&self) -> PointsBalance {
        self.lots.balance()
    }

    pub fn lots(&self) -> impl Iterator<Item = &Lot> {
        self.lots.iter()
    }

    pub fn lot(&self, order: OrderId) -> Option<&Lot> {
        self.lots.get(order)
    }

    pub fn redemption(&self, id: &RedemptionId) -> Option<&Redemption> {
        self.redemptions.get(id)
    }

    pub fn tier(&self) -> Option<&str> {
        self.standing.as_ref().map(|standing| standing.tier.as_str())
    }

    /// How an order's points are reckoned: as when it first gave any, else by the program.
    pub fn terms(&self, order: OrderId, program: &Program) -> Terms {
        self.lots.get(order).map_or_else(|| program.terms(self.tier()), |lot| lot.terms.clone())
    }

    /// When the tier is looked at again.
    pub fn review_at(&self) -> Option<Timestamp> {
        self.standing.as_ref().map(|standing| standing.review_at)
    }

    /// When a redemption that is still held is cancelled by itself; none when it is not, or never is.
    pub fn lapses_at(&self, redemption: &RedemptionId, program: &Program) -> Option<Timestamp> {
        self.holds.get(redemption).and_then(|since| program.lapses_at(*since))
    }

    /// The account that goes on in place of this one.
    pub fn closed_into(&self) -> Option<CustomerId> {
        self.closed_into
    }

    pub fn has_absorbed(&self, other: CustomerId) -> bool {
        self.absorbed.contains(&other)
    }

    /// When the next thing happens to an order's points by itself; none when nothing will.
    pub fn due(&self, order: OrderId) -> Option<Timestamp> {
        self.lots.get(order).and_then(lots::due)
    }

    fn evolve(&mut self, event: LoyaltyEvent) {
        if let Some((lots, _)) = event.lots() {
            self.lots.overwrite(lots);
        }
        match event {
            LoyaltyEvent::Enrolled(_) => self.enrolled = true,
            LoyaltyEvent::PointsHeld(event) => self.keep(event.redemption, event.at),
            LoyaltyEvent::PointsRedeemed(event) => self.keep(event.redemption, event.at),
            LoyaltyEvent::RedemptionReversed(event) => self.keep(event.redemption, event.at),
            LoyaltyEvent::TierChanged(event) => {
                let standing = event.to.zip(event.review_at);
                self.standing = standing.map(|(tier, review_at)| Standing { tier, review_at });
            }
            LoyaltyEvent::TierKept(event) => {
                self.standing = Some(Standing { tier: event.tier, review_at: event.review_at });
            }
            LoyaltyEvent::AccountClosed(event) => self.closed_into = Some(event.into),
            LoyaltyEvent::AccountAbsorbed(event) => {
                self.absorbed.insert(event.from);
                self.absorbed.extend(event.with);
                event.redemptions.into_iter().for_each(|redemption| self.keep(redemption, event.at));
            }
            LoyaltyEvent::SpendingRecorded(event) => self.spending.hear(&event),
            LoyaltyEvent::PointsEarned(_)
            | LoyaltyEvent::PointsClawedBack(_)
            | LoyaltyEvent::PointsActivated(_)
            | LoyaltyEvent::PointsExpired(_) => {}
        }
    }

    fn keep(&mut self, redemption: Redemption, at: Timestamp) {
        match redemption.state {
            RedemptionState::Held => self.holds.insert(redemption.id.clone(), at),
            RedemptionState::Completed | RedemptionState::Cancelled => self.holds.remove(&redemption.id),
        };
        self.redemptions.insert(redemption.id.clone(), redemption);
    }
}
