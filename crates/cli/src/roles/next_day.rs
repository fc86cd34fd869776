//! The keys of the next day's bodies are there before it begins.

use std::time::Duration;

use events::{Shop, Timestamp};
use privacy::Vault;
use tokio_util::sync::CancellationToken;

use crate::failure::Outcome;

const EVERY: Duration = Duration::from_secs(60 * 60);

/// Looks once an hour until shutdown.
pub(super) async fn follow(vault: Vault, shops: Vec<Shop>, shutdown: CancellationToken) -> Outcome {
    let mut ticks = tokio::time::interval(EVERY);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        for shop in &shops {
            if let Err(error) = vault.prepare_bodies(shop, Timestamp::now()).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the next day has no key for bodies yet");
            }
        }
    }
    Ok(())
}
