use events::{AggregateKind, CustomerId, Event, LoyaltyEvent, Recorded};
use streams::{Failure, Subscriber};

use super::Clock;

/// Sets a timer for each lot that changed, and for the review of a tier.
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
        if matches!(loyalty, LoyaltyEvent::TierChanged(_) | LoyaltyEvent::TierKept(_)) {
            self.clock.arm(&key.shop, customer, None).await?;
        }
        for lot in loyalty.lots().map_or(&[][..], |(lots, _)| lots) {
            self.clock.arm(&key.shop, customer, Some(lot.order_id)).await?;
        }
        Ok(())
    }
}

impl SchedulePoints {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock }
    }
}
