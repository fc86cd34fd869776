//! Loyalty: orders give points, refunds take them back, time activates and expires them.

mod accounts;
mod age_points;
mod award_points;
mod merge_accounts;
mod schedule_points;
mod simulation;

use std::collections::BTreeSet;

use events::{CustomerId, OrderId, RedemptionId, Shop, Timestamp};
use serde::{Deserialize, Serialize};
use streams::{Broker, Durable, EventStore, Failure, Subscriber, Timers};

pub use age_points::AgePoints;
pub use aggregates::{Program, Tier, TierBasis};
pub use award_points::AwardPoints;
pub use merge_accounts::MergeAccounts;
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
    vec![AwardPoints::durable(), SchedulePoints::durable(), AgePoints::durable(), MergeAccounts::durable()]
}

/// The service's parts: run each as a subscription. It looks nothing up, so it has no copies.
pub struct Loyalty {
    pub award_points: AwardPoints,
    pub schedule_points: SchedulePoints,
    pub age_points: AgePoints,
    pub merge_accounts: MergeAccounts,
}

impl Loyalty {
    pub fn new(broker: &Broker, settings: LoyaltySettings) -> Self {
        let accounts = Accounts::new(EventStore::new(broker));
        let (program, timers) = (settings.program.clone(), Timers::new(broker, NAME));
        let clock = Clock { accounts: accounts.clone(), timers, program };
        Self {
            award_points: AwardPoints::new(accounts.clone(), settings.clone()),
            schedule_points: SchedulePoints::new(clock.clone()),
            merge_accounts: MergeAccounts::new(accounts.clone(), settings.program.clone()),
            age_points: AgePoints::new(accounts, clock, settings.program),
        }
    }
}

/// What a timer is set for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsDue {
    shop: Shop,
    customer_id: CustomerId,
    /// Whose points.
    order_id: Option<OrderId>,
    /// Whose hold; with neither it is the review of the customer's tier.
    #[serde(default)]
    redemption_id: Option<RedemptionId>,
    at: Timestamp,
}

/// What of an account comes to its time.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Aging {
    Points(OrderId),
    Hold(RedemptionId),
    Tier,
}

impl PointsDue {
    fn aging(&self) -> Aging {
        match (self.order_id, &self.redemption_id) {
            (Some(order), _) => Aging::Points(order),
            (None, Some(redemption)) => Aging::Hold(redemption.clone()),
            (None, None) => Aging::Tier,
        }
    }
}

/// Sets the timers of an account by its newest state, so that whoever sets one last sets it right.
#[derive(Clone)]
struct Clock {
    accounts: Accounts,
    timers: Timers,
    program: Program,
}

impl Clock {
    async fn arm(&self, shop: &Shop, customer_id: CustomerId, aging: Aging) -> Result<(), Failure> {
        let account = self.accounts.load(shop, customer_id, 0).await?.state;
        let closed = account.closed_into().is_some();
        let (what, at, order_id, redemption_id) = match aging {
            Aging::Points(order) => (order.to_string(), account.due(order), Some(order), None),
            Aging::Hold(id) => (format!("hold/{id}"), account.lapses_at(&id, &self.program), None, Some(id)),
            Aging::Tier => ("tier".to_owned(), account.review_at(), None, None),
        };
        let key = format!("{shop}/{customer_id}/{what}");
        match at.filter(|_| !closed) {
            Some(at) => {
                let due = PointsDue { shop: shop.clone(), customer_id, order_id, redemption_id, at };
                self.timers.set(&key, at, &due).await?;
            }
            // One that fires for nothing does no harm: where there may be none, none is cancelled.
            None if order_id.and_then(|order| account.lot(order)).is_some_and(|lot| lot.expires_at.is_none()) => {}
            None => self.timers.cancel(&key).await?,
        }
        Ok(())
    }
}
