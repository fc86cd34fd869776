//! Tiers: by what was earned or spent in a rolling window; up at once, down at a review.

use events::{LoyaltyTierChanged, LoyaltyTierKept, Timestamp};
use serde::{Deserialize, Serialize};

use super::decide::Decision;
use super::{LoyaltyAccount, Program, TierBasis};

/// The tier an account has, and until when it is safe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    pub(super) tier: String,
    pub(super) review_at: Timestamp,
}

impl Decision<'_> {
    /// A higher tier, if what was earned or spent is enough for it.
    pub(super) fn promote(&mut self, program: &Program, at: Timestamp) {
        if !self.account.enrolled {
            return;
        }
        // Orders come in any order: the window ends with the newest of them.
        let newest = self.account.lots.iter().map(|lot| lot.earned_at).max().max(self.account.spending.newest());
        let end = newest.map_or(at, |newest| newest.max(at));
        let qualifying = qualifying(self.account, program, end);
        let held = self.account.tier().and_then(|tier| program.rank(tier));
        if program.deserved(qualifying) > held {
            self.put_into(program.deserved(qualifying), qualifying, program, end, at);
        }
    }

    /// When the window of the tier is over.
    pub(super) fn review(&mut self, program: &Program, at: Timestamp) {
        let Some(standing) = self.account.standing.clone().filter(|standing| standing.review_at <= at) else { return };
        let qualifying = qualifying(self.account, program, at);
        let deserved = program.deserved(qualifying);
        if deserved.is_some() && deserved == program.rank(&standing.tier) {
            let review_at = program.review_after(at);
            self.emit(LoyaltyTierKept { at, tier: standing.tier, qualifying, review_at });
        } else {
            self.put_into(deserved, qualifying, program, at, at);
        }
    }

    fn put_into(&mut self, rank: Option<usize>, qualifying: i64, program: &Program, end: Timestamp, at: Timestamp) {
        let from = self.account.tier().map(str::to_owned);
        let to = rank.map(|rank| program.tiers[rank].name.clone());
        let review_at = to.as_ref().map(|_| program.review_after(end));
        self.emit(LoyaltyTierChanged { at, from, to, qualifying, review_at });
    }
}

/// What orders of the window that ends at `end` give, or what was spent on them, as they stand.
fn qualifying(account: &LoyaltyAccount, program: &Program, end: Timestamp) -> i64 {
    let start = program.window_start(end);
    if program.tier_by == TierBasis::Spent {
        return account.spending.within(start, end);
    }
    let inside = account.lots.iter().filter(|lot| lot.earned_at > start && lot.earned_at <= end);
    inside.map(|lot| lot.granted).sum()
}
