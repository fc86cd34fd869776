use aggregates::Snapshot;
use db::{Change, Content, Database, RowKey, Table};
use events::AggregateKey;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use streams::{KeptSnapshot, SnapshotStore};

/// Not a read model: dropping it costs time, no more.
const TABLE: Table = Table { name: "snapshots", version: 1, columns: &[], indexes: &[] };

/// Snapshots in the service's own database.
pub(super) struct SnapshotTable(Database);

#[derive(Serialize, Deserialize)]
struct Row {
    shape: u32,
    version: u64,
    body: String,
}

impl SnapshotTable {
    pub(super) async fn open(db: Database) -> Result<Self, db::Error> {
        db.ensure(&TABLE).await?;
        Ok(Self(db))
    }

    async fn read(&self, key: &AggregateKey) -> Result<Option<KeptSnapshot>, db::Error> {
        let found = self.0.get(&TABLE, &key.shop, &row_id(key)).await?;
        Ok(found.and_then(|document| {
            let Row { shape, version, body } = serde_json::from_str(&document.data).ok()?;
            Some(KeptSnapshot { snapshot: Snapshot { shape, body }, version, position: document.position })
        }))
    }

    async fn write(&self, key: &AggregateKey, kept: KeptSnapshot) -> Result<(), db::Error> {
        let KeptSnapshot { snapshot: Snapshot { shape, body }, version, position } = kept;
        let Ok(data) = serde_json::to_string(&Row { shape, version, body }) else { return Ok(()) };
        let content = Some(Content { data, columns: Vec::new() });
        let key = RowKey { shop: key.shop.clone(), id: row_id(key) };
        let mut batch = self.0.begin().await?;
        batch.save(&TABLE, vec![Change { key, content, position }]).await?;
        batch.commit().await
    }
}

impl SnapshotStore for SnapshotTable {
    fn find<'a>(&'a self, key: &'a AggregateKey) -> BoxFuture<'a, Option<KeptSnapshot>> {
        let log = move |error: db::Error| tracing::warn!(%key, %error, "a snapshot cannot be read: the history is");
        self.read(key).map(move |found| found.map_err(log).ok().flatten()).boxed()
    }

    fn keep(&self, key: AggregateKey, snapshot: KeptSnapshot) -> BoxFuture<'_, ()> {
        async move {
            if let Err(error) = self.write(&key, snapshot).await {
                tracing::warn!(%key, %error, "a snapshot is not kept");
            }
        }
        .boxed()
    }
}

fn row_id(key: &AggregateKey) -> String {
    format!("{}/{}", key.kind, key.id)
}
