//! Events of the past, given to a handler once more.
//!
//! With a broker that [rehearses](Broker::rehearse) nothing happens: what would is noted there. With a
//! real one only what is missing happens, for the handlers set targets and their aggregates know what
//! they did.

use db::Database;
use events::{AggregateKind, Event, Recorded};
use privacy::Vault;
use streams::{Broker, EventStore, Failure, Subscriber};

use crate::checkouts::{Checkouts, CheckoutsSettings, WatchCheckouts};
use crate::inventory::{self, AllocateStock, InventorySettings};
use crate::loyalty::{AwardPoints, Loyalty, LoyaltySettings, SchedulePoints};
use crate::notifications::{
    self, NotificationSettings, Notifications, RequestNotifications, SendNotifications, StartError,
};

/// A handler of events, without its subscription. Those of timers are not here: what they hear is no event.
pub enum Replayed {
    Allocate(Box<AllocateStock>),
    Award(AwardPoints),
    Schedule(SchedulePoints),
    Watch(WatchCheckouts),
    Request(RequestNotifications),
    Send(SendNotifications),
}

/// The handlers that can be given past events.
pub const REPLAYED: [&str; 6] = [
    AllocateStock::NAME,
    AwardPoints::NAME,
    SchedulePoints::NAME,
    WatchCheckouts::NAME,
    RequestNotifications::NAME,
    SendNotifications::NAME,
];

/// The service whose database the handler looks things up in; none when it looks nothing up.
pub fn database_of(handler: &str) -> Option<&'static str> {
    match handler {
        AllocateStock::NAME => Some(inventory::NAME),
        RequestNotifications::NAME | SendNotifications::NAME => Some(notifications::NAME),
        _ => None,
    }
}

impl Replayed {
    pub fn allocate_stock(broker: &Broker, copies: Database, settings: InventorySettings) -> Self {
        Self::Allocate(Box::new(AllocateStock::new(EventStore::new(broker), EventStore::new(broker), copies, settings)))
    }

    pub fn award_points(broker: &Broker, settings: LoyaltySettings) -> Self {
        Self::Award(Loyalty::new(broker, settings).award_points)
    }

    pub fn schedule_points(broker: &Broker, settings: LoyaltySettings) -> Self {
        Self::Schedule(Loyalty::new(broker, settings).schedule_points)
    }

    pub fn watch_checkouts(broker: &Broker, settings: CheckoutsSettings) -> Self {
        Self::Watch(Checkouts::new(broker, settings).watch)
    }

    pub async fn request_notifications(
        broker: &Broker,
        copies: Database,
        vault: Vault,
        settings: NotificationSettings,
    ) -> Result<Self, StartError> {
        Ok(Self::Request(Notifications::again(broker, copies, vault, settings).await?.0))
    }

    pub async fn send_notifications(
        broker: &Broker,
        copies: Database,
        vault: Vault,
        settings: NotificationSettings,
    ) -> Result<Self, StartError> {
        Ok(Self::Send(Notifications::again(broker, copies, vault, settings).await?.1))
    }

    pub async fn handle(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        match self {
            Self::Allocate(handler) => handler.handle(event).await,
            Self::Award(handler) => handler.handle(event).await,
            Self::Schedule(handler) => handler.handle(event).await,
            Self::Watch(handler) => handler.handle(event).await,
            Self::Request(handler) => handler.handle(event).await,
            Self::Send(handler) => handler.handle(event).await,
        }
    }
}

/// The aggregates whose events a handler hears; all of them when it says nothing.
pub fn kinds_of(handler: &str) -> Vec<AggregateKind> {
    let filters = match handler {
        AllocateStock::NAME => AllocateStock::filters(),
        AwardPoints::NAME => AwardPoints::filters(),
        SchedulePoints::NAME => SchedulePoints::filters(),
        WatchCheckouts::NAME => WatchCheckouts::filters(),
        RequestNotifications::NAME => RequestNotifications::filters(),
        SendNotifications::NAME => SendNotifications::filters(),
        _ => Vec::new(),
    };
    AggregateKind::ALL.into_iter().filter(|kind| filters.contains(&events::subject::events_of(*kind))).collect()
}
