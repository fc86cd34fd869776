//! Who is still to be forgotten, or to be told what is held of them, as numbers to watch.

use std::time::Duration;

use db::Database;
use events::{Shop, Timestamp};
use privacy::Vault;
use projections::redactions;
use tokio_util::sync::CancellationToken;

use crate::failure::Outcome;

const EVERY: Duration = Duration::from_secs(30);

/// Looks twice a minute until shutdown. While the database is away the last numbers stand.
pub(super) async fn of_redactions(database: Database, shops: Vec<Shop>, shutdown: CancellationToken) -> Outcome {
    let mut ticks = tokio::time::interval(EVERY);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        match redactions::open(&database, &shops).await {
            Ok(all) => show("redaction", all.open, all.due_at),
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "deadlines not read"),
        }
    }
    Ok(())
}

/// Likewise for reports: whether one was handed over, only who can open it knows.
pub(super) async fn of_reports(
    database: Database,
    vault: Vault,
    shops: Vec<Shop>,
    shutdown: CancellationToken,
) -> Outcome {
    let mut ticks = tokio::time::interval(EVERY);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        match query::open_reports(&database, &vault, &shops).await {
            Ok(all) => show("report", all.open, all.due_at),
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "deadlines not read"),
        }
    }
    Ok(())
}

fn show(request: &'static str, open: usize, due_at: Option<Timestamp>) {
    metrics::gauge!("tillstream_privacy_requests_open", "request" => request).set(open as f64);
    // Of nobody it is never.
    let due_at = due_at.map_or(f64::INFINITY, |at| at.as_second() as f64);
    metrics::gauge!("tillstream_privacy_deadline_timestamp_seconds", "request" => request).set(due_at);
}
