use std::collections::BTreeMap;

use db::{Change, Content, Database, RowKey, Table};
use events::{Shop, Timestamp};
use serde::{Deserialize, Serialize};

use super::NotificationSettings;

const TABLE: Table = Table { name: "notification_starts", version: 1, columns: &[], indexes: &[] };
const ROW: &str = "start";

/// Since when each shop's notifications are on.
pub(super) struct Starts(BTreeMap<Shop, Start>);

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Start {
    /// The log's last position then.
    position: u64,
    at: Timestamp,
}

impl Starts {
    /// A shop that is on for the first time starts here and now. Where it is off, its start is
    /// forgotten: what happens meanwhile is not told later.
    pub(super) async fn open(
        db: &Database,
        settings: &NotificationSettings,
        position: u64,
        at: Timestamp,
    ) -> Result<Self, db::Error> {
        db.ensure(&TABLE).await?;
        let key = |shop: &Shop| RowKey { shop: shop.clone(), id: ROW.to_owned() };
        let keys: Vec<RowKey> = settings.shops.keys().map(key).collect();
        let mut batch = db.begin().await?;
        let stored = batch.load(&TABLE, &keys).await?;
        let mut starts = BTreeMap::new();
        if settings.enabled {
            let held = |shop: &Shop| stored.iter().find(|row| row.key.shop == *shop);
            let start = |shop| held(shop).and_then(|row| serde_json::from_str(&row.data).ok());
            starts.extend(
                settings.shops.keys().map(|shop| (shop.clone(), start(shop).unwrap_or(Start { position, at }))),
            );
        }
        let content = |start: &Start| {
            Some(Content { data: serde_json::to_string(start).unwrap_or_default(), columns: Vec::new() })
        };
        let change = |key: RowKey| Change { content: starts.get(&key.shop).and_then(content), key, position };
        batch.save(&TABLE, keys.into_iter().map(change).collect()).await?;
        batch.commit().await?;
        Ok(Self(starts))
    }

    /// Those that were written down.
    pub(super) async fn held(db: &Database, settings: &NotificationSettings) -> Result<Self, db::Error> {
        let mut starts = BTreeMap::new();
        for shop in settings.shops.keys().filter(|_| settings.enabled) {
            let row = match db.get(&TABLE, shop, ROW).await {
                Err(db::Error::NoTable(_)) => None,
                row => row?,
            };
            let start = row.and_then(|row| serde_json::from_str::<Start>(&row.data).ok());
            starts.extend(start.map(|start| (shop.clone(), start)));
        }
        Ok(Self(starts))
    }

    /// Whether what happened then, and is told at this position, came after the start.
    pub(super) fn reached(&self, shop: &Shop, position: u64, at: Timestamp) -> bool {
        self.0.get(shop).is_some_and(|start| position > start.position && at >= start.at)
    }
}
