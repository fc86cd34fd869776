//! Two-phase redemption: hold, then complete or cancel, in time. Naming it again changes nothing.

use events::{
    CustomerId, LoyaltyPointsHeld, LoyaltyPointsRedeemed, LoyaltyRedemptionReversed, OrderId, Redemption, RedemptionId,
    RedemptionState, Timestamp,
};

use super::Program;
use super::decide::Decision;

/// Why points cannot be redeemed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedemptionError {
    #[error("at least one point has to be redeemed")]
    Nothing,
    #[error("{points} points were asked for and {available} can be spent")]
    Insufficient { points: i64, available: i64 },
    #[error("the redemption was begun with other points or for another order")]
    Different,
    #[error("there is no such redemption")]
    Unknown,
    #[error("the redemption is completed already")]
    Completed,
    #[error("the redemption is cancelled already")]
    Cancelled,
    #[error("the account was merged into that of customer {into}")]
    Closed { into: CustomerId },
}

impl Decision<'_> {
    pub(super) fn hold(
        &mut self,
        id: RedemptionId,
        points: i64,
        order_id: Option<OrderId>,
        reason: Option<String>,
        at: Timestamp,
    ) -> Result<(), RedemptionError> {
        if let Some(held) = self.account.redemptions.get(&id) {
            let same = (held.points, held.order_id, &held.reason) == (points, order_id, &reason);
            return if same { Ok(()) } else { Err(RedemptionError::Different) };
        }
        if points < 1 {
            return Err(RedemptionError::Nothing);
        }
        self.refuse_closed()?;
        // What has expired meanwhile is not to be spent, though its timer be late.
        self.advance(at);
        let available = self.account.balance().points;
        if available < points {
            return Err(RedemptionError::Insufficient { points, available });
        }
        let mut lots = self.account.lots.clone();
        let draws = lots.draw(points);
        let redemption = Redemption { id, points, state: RedemptionState::Held, order_id, reason, draws };
        let (lots, balance) = self.outcome(lots);
        self.emit(LoyaltyPointsHeld { at, redemption, lots, balance });
        Ok(())
    }

    pub(super) fn complete(&mut self, id: &RedemptionId, at: Timestamp) -> Result<(), RedemptionError> {
        let redemption = self.known(id)?;
        match redemption.state {
            RedemptionState::Completed => return Ok(()),
            RedemptionState::Cancelled => return Err(RedemptionError::Cancelled),
            RedemptionState::Held => self.refuse_closed()?,
        }
        let redemption = Redemption { state: RedemptionState::Completed, ..redemption };
        let balance = self.account.balance();
        self.emit(LoyaltyPointsRedeemed { at, redemption, lots: Vec::new(), balance });
        Ok(())
    }

    pub(super) fn cancel(&mut self, id: &RedemptionId, at: Timestamp) -> Result<(), RedemptionError> {
        let redemption = self.known(id)?;
        match redemption.state {
            RedemptionState::Cancelled => return Ok(()),
            RedemptionState::Completed => return Err(RedemptionError::Completed),
            RedemptionState::Held => self.refuse_closed()?,
        }
        self.reverse(redemption, at);
        Ok(())
    }

    /// Gives back what was held for too long, as of when its time was over.
    pub(super) fn lapse(&mut self, program: &Program, now: Timestamp) {
        let over = |(id, since): (&RedemptionId, &Timestamp)| Some((program.lapses_at(*since)?, id.clone()));
        let mut over: Vec<_> = self.account.holds.iter().filter_map(over).filter(|(at, _)| *at <= now).collect();
        over.sort();
        for (at, id) in over {
            if let Some(redemption) = self.account.redemptions.get(&id).cloned() {
                self.reverse(redemption, at);
            }
        }
    }

    fn reverse(&mut self, redemption: Redemption, at: Timestamp) {
        let mut lots = self.account.lots.clone();
        lots.give_back(&redemption.draws);
        let redemption = Redemption { state: RedemptionState::Cancelled, ..redemption };
        let (lots, balance) = self.outcome(lots);
        self.emit(LoyaltyRedemptionReversed { at, redemption, lots, balance });
    }

    fn known(&self, id: &RedemptionId) -> Result<Redemption, RedemptionError> {
        self.account.redemptions.get(id).cloned().ok_or(RedemptionError::Unknown)
    }

    fn refuse_closed(&self) -> Result<(), RedemptionError> {
        self.account.closed_into.map_or(Ok(()), |into| Err(RedemptionError::Closed { into }))
    }
}
