//! Snapshots: a cache that long histories are loaded with, kept by the service that uses them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aggregates::{Decider, Snapshot};
use events::AggregateKey;
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::{EventStore, Loaded, StoreError};

/// A state is written down when its aggregate has so many more events: to read and fold them takes a millisecond or two.
const EVERY: u64 = 100;
/// After each the writer rests so many times as long as it took. A large state, as of an item in a flash sale, is
/// written down less often, and commands do not feel it.
const REST: u32 = 19;
/// What waits to be written down; more is not: it is only a cache.
const QUEUE: usize = 8;

/// Where a service keeps snapshots: its own database. What it loses costs time, no more.
pub trait SnapshotStore: Send + Sync + 'static {
    fn find<'a>(&'a self, key: &'a AggregateKey) -> BoxFuture<'a, Option<KeptSnapshot>>;

    fn keep(&self, key: AggregateKey, snapshot: KeptSnapshot) -> BoxFuture<'_, ()>;
}

/// A state written down, and which of its aggregate's events it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSnapshot {
    pub snapshot: Snapshot,
    /// How many events it holds.
    pub version: u64,
    /// The position of the last of them.
    pub position: u64,
}

/// Writes down beside the commands, and reads.
#[derive(Clone)]
pub(super) struct Snapshots {
    store: Arc<dyn SnapshotStore>,
    queue: mpsc::Sender<Order>,
}

struct Order {
    key: AggregateKey,
    version: u64,
    position: u64,
    write: Box<dyn FnOnce() -> Option<Snapshot> + Send>,
}

impl Snapshots {
    pub(super) fn start(store: Arc<dyn SnapshotStore>) -> Self {
        let (queue, mut orders) = mpsc::channel::<Order>(QUEUE);
        let keeper = Arc::clone(&store);
        tokio::spawn(async move {
            while let Some(Order { key, version, position, write }) = orders.recv().await {
                let started = Instant::now();
                if let Ok(Some(snapshot)) = tokio::task::spawn_blocking(write).await {
                    keeper.keep(key, KeptSnapshot { snapshot, version, position }).await;
                }
                sleep(started.elapsed() * REST).await;
            }
        });
        Self { store, queue }
    }
}

impl EventStore {
    /// Has the state written down when it has grown enough since it last was.
    pub(super) fn keep_snapshot<A: Decider>(&self, key: &AggregateKey, loaded: &mut Loaded<A>) {
        let Some(snapshots) = &self.snapshots else { return };
        if loaded.version < loaded.kept + EVERY {
            return;
        }
        let state = loaded.state.clone();
        let (key, version, position) = (key.clone(), loaded.version, loaded.position);
        if snapshots.queue.try_send(Order { key, version, position, write: Box::new(move || state.snapshot()) }).is_ok()
        {
            loaded.kept = version;
        }
    }

    /// How many events the aggregate's snapshot holds; none when there is none.
    pub async fn snapshot_version(&self, key: &AggregateKey) -> Option<u64> {
        let snapshots = self.snapshots.as_ref()?;
        snapshots.store.find(key).await.map(|kept| kept.version)
    }

    /// The state that was written down, if it is of this log and of this binary; else that of no event.
    pub(super) async fn begin<A: Decider>(&self, key: &AggregateKey) -> Result<Loaded<A>, StoreError> {
        let Some(snapshots) = &self.snapshots else { return Ok(Loaded::default()) };
        let Some(KeptSnapshot { snapshot, version, position }) = snapshots.store.find(key).await else {
            return Ok(Loaded::default());
        };
        let Some(state) = A::restore(&snapshot) else { return Ok(Loaded::default()) };
        // The log may have been made anew since.
        let last = self.after(key, position.saturating_sub(1)).await?;
        let same = last.is_some_and(|raw| {
            raw.sequence() == position && raw.envelope().is_ok_and(|envelope| envelope.aggregate_version == version)
        });
        if !same {
            return Ok(Loaded::default());
        }
        // Another process may have written what it holds.
        self.learned.fetch_max(position, Ordering::Relaxed);
        Ok(Loaded { state, version, position, kept: version, learned: position })
    }
}
