//! Who is still to be forgotten, as numbers to watch.

use std::time::Duration;

use db::Database;
use events::Shop;
use projections::redactions;
use tokio_util::sync::CancellationToken;

use crate::failure::Outcome;

const EVERY: Duration = Duration::from_secs(30);

/// Looks twice a minute until shutdown. While the database is away the last numbers stand.
pub(super) async fn follow(database: Database, shops: Vec<Shop>, shutdown: CancellationToken) -> Outcome {
    let mut ticks = tokio::time::interval(EVERY);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        match redactions::open(&database, &shops).await {
            Ok(all) => {
                metrics::gauge!("tillstream_privacy_requests_open").set(all.open as f64);
                // Of nobody it is never.
                let due_at = all.due_at.map_or(f64::INFINITY, |at| at.as_second() as f64);
                metrics::gauge!("tillstream_privacy_deadline_timestamp_seconds").set(due_at);
            }
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "deadlines not read"),
        }
    }
    Ok(())
}
