//! Loyalty: orders give points, refunds take them back, time activates and expires them.

mod accounts;
mod age_points;
mod award_points;
mod schedule_points;
mod simulation;

use std::collections::BTreeSet;

use events::{CustomerId, OrderId, Shop, Timestamp};
use serde::{Deserialize, Serialize};
use streams::{Broker, Durable, EventStore, Failure, Subscriber, Timers};

pub use age_points::AgePoints;
pub use aggregates::{Program, Tier};
pub use award_points::AwardPoints;
pub use schedule_points::SchedulePoints;
pub use simulation::{Simulation, simulate};

use accounts::Accounts;

/// The service's name on the command line, and its timers'.
pub const NAME: &str = "loyalty";

/// What a merchant may set.
#[derive(Debug, Clone, Default)]
pub struct LoyaltySettings {
    pub program: Program,
    /// Shops without a program: their orders give nothing.
    pub without: BTreeSet<Shop>,
}

pub fn durables() -> Vec<Durable> {
    vec![AwardPoints::durable(), SchedulePoints::durable(), AgePoints::durable()]
}

/// The service's parts: run each as a subscription. It looks nothing up, so it has no copies.
pub struct Loyalty {
    pub award_points: AwardPoints,
    pub schedule_points: SchedulePoints,
    pub age_points: AgePoints,
}

impl Loyalty {
    pub fn new(broker: &Broker, settings: LoyaltySettings) -> Self {
        let accounts = Accounts::new(EventStore::new(broker));
        let clock = Clock { accounts: accounts.clone(), timers: Timers::new(broker, NAME) };
        Self {
            award_points: AwardPoints::new(accounts.clone(), settings.clone()),
            schedule_points: SchedulePoints::new(clock.clone()),
            age_points: AgePoints::new(accounts, clock, settings.program),
        }
    }
}

/// What a timer is set for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsDue {
    shop: Shop,
    customer_id: CustomerId,
    /// Whose points; none for the review of the customer's tier.
    order_id: Option<OrderId>,
    at: Timestamp,
}

/// Sets the timers of an account by its newest state, so that whoever sets one last sets it right.
#[derive(Clone)]
struct Clock {
    accounts: Accounts,
    timers: Timers,
}

impl Clock {
    /// For an order's points, or for the tier.
    async fn arm(&self, shop: &Shop, customer_id: CustomerId, order_id: Option<OrderId>) -> Result<(), Failure> {
        let account = self.accounts.load(shop, customer_id, 0).await?.state;
        let at = match (account.closed_into(), order_id) {
            (Some(_), _) => None,
            (None, Some(order)) => account.due(order),
            (None, None) => account.review_at(),
        };
        let what = order_id.map_or_else(|| "tier".to_owned(), |order| order.to_string());
        let key = format!("{shop}/{customer_id}/{what}");
        match at {
            Some(at) => self.timers.set(&key, at, &PointsDue { shop: shop.clone(), customer_id, order_id, at }).await?,
            // One that fires for nothing does no harm: where there may be none, none is cancelled.
            None if order_id.and_then(|order| account.lot(order)).is_some_and(|lot| lot.expires_at.is_none()) => {}
            None => self.timers.cancel(&key).await?,
        }
        Ok(())
    }
}
