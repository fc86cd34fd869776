//! The inventory service as it runs, on a database of its own.

use std::path::Path;
use std::time::{Duration, Instant};

use db::Database;
use handlers::inventory::{AllocateStock, Inventory, InventorySettings};
use streams::{Broker, EventStore, Subscription, events_head};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::failure::{Exit, Failure, Outcome};

const PATIENCE: Duration = Duration::from_secs(600);

/// One replica under way.
pub(super) struct Replica {
    pub(super) store: EventStore,
    shutdown: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Replica {
    pub(super) async fn start(broker: &Broker, dir: &Path, name: &str) -> Outcome<Self> {
        let database = fresh_database(dir, name).await?;
        let Inventory { copies, allocate_stock, store } =
            Inventory::open(broker, database, InventorySettings::default()).await?;
        let subscription: Subscription<AllocateStock> =
            Subscription::open(broker, allocate_stock, Inventory::subscription()).await?;
        let shutdown = CancellationToken::new();
        let (fold, handle) = (shutdown.clone(), shutdown.clone());
        let tasks = vec![
            tokio::spawn(async move { copies.run(fold).await }),
            tokio::spawn(async move {
                // what it could not finish is given back to the broker
                subscription.run(handle).await;
            }),
        ];
        Ok(Self { store, shutdown, tasks })
    }

    pub(super) async fn stop(self) -> Outcome<u64> {
        let conflicts = self.store.conflicts();
        self.shutdown.cancel();
        for task in self.tasks {
            task.await?;
        }
        Ok(conflicts)
    }
}

/// An empty database.
pub(super) async fn fresh_database(dir: &Path, name: &str) -> Outcome<Database> {
    let file = dir.join(format!("{name}.db"));
    for stale in ["", "-wal", "-shm"] {
        // a file that is not there is as good as one that is gone
        let _ = std::fs::remove_file(format!("{}{stale}", file.display()));
    }
    Ok(Database::open(&format!("sqlite://{}", file.display())).await?)
}

/// Waits until the log has grown to `head`, and says how long that took since `started`.
pub(super) async fn grown_to(broker: &Broker, head: u64, started: Instant) -> Outcome<Duration> {
    while started.elapsed() < PATIENCE {
        if events_head(broker).await? >= head {
            return Ok(started.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err(Failure::new(Exit::Failed, "the service did not come to the end"))
}
