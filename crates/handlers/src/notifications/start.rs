use std::collections::BTreeMap;

use events::{Shop, Timestamp};
use streams::{ReadError, Start, Starts, StartsError};

use super::NotificationSettings;

/// Since when each shop's notifications are on.
pub(super) struct Since(BTreeMap<Shop, Start>);

impl Since {
    /// A shop that is on for the first time starts now, which is `start`. Where it is off, its start is
    /// forgotten: what happens meanwhile is not told later.
    pub(super) async fn begun(
        starts: &Starts,
        settings: &NotificationSettings,
        start: Start,
    ) -> Result<Self, StartsError> {
        let mut since = BTreeMap::new();
        for shop in settings.shops.keys() {
            if settings.enabled {
                since.insert(shop.clone(), starts.begin(shop, start).await?);
            } else {
                starts.forget(shop).await?;
            }
        }
        Ok(Self(since))
    }

    /// Those that were noted.
    pub(super) async fn noted(starts: &Starts, settings: &NotificationSettings) -> Result<Self, ReadError> {
        let mut since = BTreeMap::new();
        for shop in settings.shops.keys().filter(|_| settings.enabled) {
            since.extend(starts.of(shop).await?.map(|start| (shop.clone(), start)));
        }
        Ok(Self(since))
    }

    /// Whether what happened then, and is told at this position, came after the start.
    pub(super) fn reached(&self, shop: &Shop, position: u64, at: Timestamp) -> bool {
        self.0.get(shop).is_some_and(|start| position > start.position && at >= start.at)
    }
}
