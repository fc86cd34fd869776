use std::cmp::Ordering;

use events::{
    CustomerId, Lot, LoyaltyAccountAbsorbed, LoyaltyAccountClosed, LoyaltyEnrolled, LoyaltyEvent,
    LoyaltyPointsActivated, LoyaltyPointsClawedBack, LoyaltyPointsEarned, LoyaltyPointsExpired, OrderId, PointsBalance,
    Timestamp,
};
use rust_decimal::Decimal;

use super::lots::Lots;
use super::{LoyaltyAccount, LoyaltyCommand, Program, Reckoning, RedemptionError, TierBasis};
use crate::{Decider, OrderWorth};

impl Decider for LoyaltyAccount {
    /// A closed account answers nothing to orders and time: its place is taken by another.
    fn decide(&mut self, command: LoyaltyCommand) -> Result<Vec<LoyaltyEvent>, RedemptionError> {
        let closed = self.closed_into.is_some();
        let mut decision = Decision { account: self, events: Vec::new() };
        match command {
            LoyaltyCommand::Settle { order_id, worth, program, at } if !closed => {
                decision.settle(order_id, worth.as_ref(), &program, at);
            }
            LoyaltyCommand::Advance { program, at } if !closed => {
                decision.lapse(&program, at);
                decision.advance(at);
                decision.review(&program, at);
            }
            LoyaltyCommand::Close { into, at } if !closed => decision.emit(LoyaltyAccountClosed { at, into }),
            LoyaltyCommand::Absorb { from, closed: other, program, at } if !closed => {
                decision.absorb(from, &other, &program, at);
            }
            LoyaltyCommand::Settle { .. }
            | LoyaltyCommand::Advance { .. }
            | LoyaltyCommand::Close { .. }
            | LoyaltyCommand::Absorb { .. } => {}
            LoyaltyCommand::Hold { id, points, order_id, reason, at } => {
                let before = decision.account.clone();
                if let Err(refusal) = decision.hold(id, points, order_id, reason, at) {
                    *decision.account = before;
                    return Err(refusal);
                }
            }
            LoyaltyCommand::Complete { id, at } => decision.complete(&id, at)?,
            LoyaltyCommand::Cancel { id, at } => decision.cancel(&id, at)?,
        }
        Ok(decision.events)
    }
}

pub(super) struct Decision<'a> {
    pub(super) account: &'a mut LoyaltyAccount,
    events: Vec<LoyaltyEvent>,
}

impl Decision<'_> {
    pub(super) fn emit(&mut self, event: impl Into<LoyaltyEvent>) {
        let event = event.into();
        self.account.evolve(event.clone());
        self.events.push(event);
    }

    /// What an event that leads to these lots has to carry.
    pub(super) fn outcome(&self, lots: Lots) -> (Vec<Lot>, PointsBalance) {
        (lots.changed_since(&self.account.lots), lots.balance())
    }

    /// Records the difference between what the order gives as it stands and what it gave before.
    fn settle(&mut self, order_id: OrderId, worth: Option<&OrderWorth>, program: &Program, at: Timestamp) {
        let held = self.account.lots.get(order_id).cloned();
        let terms = self.account.terms(order_id, program);
        let granted = held.as_ref().map_or(0, |lot| lot.granted);
        let reckoning = worth.map(|worth| Reckoning::of(worth, &terms)).unwrap_or_default();
        self.record_spending(order_id, worth, reckoning.spent, program, at);
        match (reckoning.points().cmp(&granted), worth) {
            (Ordering::Greater, Some(worth)) => {
                let lot = held.unwrap_or_else(|| {
                    let active_at = program.active_at(worth.placed_at);
                    Lot {
                        order_id,
                        granted: 0,
                        remaining: 0,
                        expired: 0,
                        // Without a delay the two clocks need not agree.
                        pending: program.pending_days > 0 && active_at > at,
                        earned_at: worth.placed_at,
                        active_at,
                        expires_at: program.expires_at(active_at),
                        terms,
                    }
                });
                self.earn(lot, reckoning, at);
            }
            (Ordering::Less, _) => self.claw_back(order_id, granted - reckoning.points(), reckoning, at),
            _ => {}
        }
        // Always: what led to a tier may have been appended without it.
        self.promote(program, at);
    }

    /// Where tiers go by it. Of an order that never counted there is nothing to say.
    fn record_spending(
        &mut self,
        order_id: OrderId,
        worth: Option<&OrderWorth>,
        spent: Decimal,
        program: &Program,
        at: Timestamp,
    ) {
        if program.tier_by == TierBasis::Spent {
            self.spend(order_id, worth.map_or(at, |worth| worth.placed_at), spent, at);
        }
    }

    fn earn(&mut self, lot: Lot, reckoning: Reckoning, at: Timestamp) {
        self.enroll(at);
        let (order_id, points) = (lot.order_id, reckoning.points() - lot.granted);
        let mut lots = self.account.lots.clone();
        lots.grant(lot, points);
        let (lots, balance) = self.outcome(lots);
        self.emit(LoyaltyPointsEarned { at, order_id, points, lines: reckoning.lines, lots, balance });
    }

    fn claw_back(&mut self, order_id: OrderId, points: i64, reckoning: Reckoning, at: Timestamp) {
        let mut lots = self.account.lots.clone();
        let expired = lots.claw_back(order_id, points);
        let (lots, balance) = self.outcome(lots);
        self.emit(LoyaltyPointsClawedBack { at, order_id, points, expired, lines: reckoning.lines, lots, balance });
    }

    /// All that has come due, in the order of time.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while let Some((at, order_id)) = self.account.lots.first_due(now) {
            let mut lots = self.account.lots.clone();
            if self.account.lots.get(order_id).is_some_and(|lot| lot.pending) {
                let points = lots.activate(order_id);
                let (lots, balance) = self.outcome(lots);
                self.emit(LoyaltyPointsActivated { at, order_id, points, lots, balance });
            } else {
                let points = lots.expire(order_id);
                let (lots, balance) = self.outcome(lots);
                self.emit(LoyaltyPointsExpired { at, order_id, points, lots, balance });
            }
        }
    }

    fn absorb(&mut self, from: CustomerId, closed: &LoyaltyAccount, program: &Program, at: Timestamp) {
        if closed.enrolled && !self.account.absorbed.contains(&from) {
            self.enroll(at);
            // Before the word that it is done: whoever is told to absorb once more finds out what is missing.
            self.inherit(&closed.spending, at);
            let mut lots = self.account.lots.clone();
            lots.absorb(&closed.lots);
            let (lots, balance) = self.outcome(lots);
            let redemptions = closed.redemptions.values().cloned().collect();
            let with = closed.absorbed.iter().copied().collect();
            let moved = closed.balance();
            self.emit(LoyaltyAccountAbsorbed { at, from, with, moved, redemptions, lots, balance });
        }
        self.promote(program, at);
    }

    pub(super) fn enroll(&mut self, at: Timestamp) {
        if !self.account.enrolled {
            self.emit(LoyaltyEnrolled { at });
        }
    }
}
