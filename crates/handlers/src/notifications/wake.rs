use std::sync::Arc;

use events::{AggregateKey, AggregateKind, Shop};
use serde::{Deserialize, Serialize};
use streams::{Cause, Due, Failure, Subscriber};

use super::{Desk, NAME};

/// Takes up what has waited for the end of quiet hours.
pub struct WakeNotifications {
    desk: Arc<Desk>,
}

/// Which notification has waited.
#[derive(Debug, Serialize, Deserialize)]
pub struct Wake {
    shop: Shop,
    key: String,
}

impl Wake {
    pub(super) fn of(key: &AggregateKey) -> Self {
        Self { shop: key.shop.clone(), key: key.id.clone() }
    }
}

impl Subscriber for WakeNotifications {
    const NAME: &'static str = "wake_notifications";
    type Message = Due<Wake>;

    fn filters() -> Vec<String> {
        vec![events::subject::timers_due(NAME)]
    }

    /// Looked at anew: consent may be gone, and the clock may have been moved.
    async fn handle(&self, due: &Due<Wake>) -> Result<(), Failure> {
        let Wake { shop, key } = &due.content;
        let key = AggregateKey::new(AggregateKind::Notification, shop, key);
        self.desk.deliver(&key, 0, &Cause::due(due)).await
    }
}

impl WakeNotifications {
    pub(super) fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }
}
