//! Checkouts: one that its customer leaves is given up after a while, and the order that came of it ends it.

mod abandon_checkouts;
mod watch_checkouts;

use events::{Shop, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use streams::{Broker, Durable, EventStore, Subscriber, Timers};

pub use abandon_checkouts::AbandonCheckouts;
pub use watch_checkouts::WatchCheckouts;

/// The service's name on the command line, and in the subjects of its timers.
pub const NAME: &str = "checkouts";

/// What a merchant may set.
#[derive(Debug, Clone, Copy)]
pub struct CheckoutsSettings {
    /// How long nothing may happen to a checkout until it is given up.
    pub abandoned_after: SignedDuration,
}

pub fn durables() -> Vec<Durable> {
    vec![WatchCheckouts::durable(), AbandonCheckouts::durable()]
}

/// The service's parts. It keeps nothing: what it needs is in the checkouts' events and in its timers.
pub struct Checkouts {
    pub watch: WatchCheckouts,
    pub abandon: AbandonCheckouts,
}

impl Checkouts {
    pub fn new(broker: &Broker, settings: CheckoutsSettings) -> Self {
        let (store, timers) = (EventStore::new(broker), Timers::new(broker, NAME));
        Self { watch: WatchCheckouts::new(store.clone(), timers, settings), abandon: AbandonCheckouts::new(store) }
    }
}

/// What a timer waits for: nothing more of this checkout since it was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    shop: Shop,
    token: String,
    last_seen_at: Timestamp,
    /// The end of the wait.
    at: Timestamp,
}
