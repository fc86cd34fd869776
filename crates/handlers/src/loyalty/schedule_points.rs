use events::{AggregateKind, CustomerId, Event, LoyaltyEvent, Recorded, RedemptionState};
use streams::{Failure, Subscriber};

use super::{Aging, Clock};

/// Sets a timer for each lot that changed, for each hold, and for the review of a tier.
pub struct SchedulePoints {
    clock: Clock,
}

impl Subscriber for SchedulePoints {
    const NAME: &'static str = "schedule_points";
    type Message = Recorded<Event>;

    fn filters() -> Vec<String> {
        vec![events::subject::events_of(AggregateKind::Loyalty)]
    }

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        let Event::Loyalty(loyalty) = &event.event else { return Ok(()) };
        let key = &event.envelope.key;
        let customer: CustomerId = key.id.parse().map_err(|_| Failure::reject("a customer's id is not a number"))?;
        for aging in aging(loyalty) {
            self.clock.arm(&key.shop, customer, aging).await?;
        }
        Ok(())
    }
}

/// What the event may have given another time.
fn aging(event: &LoyaltyEvent) -> Vec<Aging> {
    let lots = event.lots().map_or(&[][..], |(lots, _)| lots).iter().map(|lot| Aging::Points(lot.order_id));
    let other = match event {
        LoyaltyEvent::TierChanged(_) | LoyaltyEvent::TierKept(_) => vec![Aging::Tier],
        LoyaltyEvent::PointsHeld(event) => vec![Aging::Hold(event.redemption.id.clone())],
        LoyaltyEvent::PointsRedeemed(event) => vec![Aging::Hold(event.redemption.id.clone())],
        LoyaltyEvent::RedemptionReversed(event) => vec![Aging::Hold(event.redemption.id.clone())],
        LoyaltyEvent::AccountAbsorbed(event) => {
            let held = event.redemptions.iter().filter(|redemption| redemption.state == RedemptionState::Held);
            held.map(|redemption| Aging::Hold(redemption.id.clone())).collect()
        }
        _ => Vec::new(),
    };
    lots.chain(other).collect()
}

impl SchedulePoints {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock }
    }
}
