//! Bodies leave their streams by age, and their keys follow.

use std::time::Duration;

use events::Timestamp;
use privacy::Vault;
use tokio_util::sync::CancellationToken;

use crate::failure::Outcome;

const EVERY: Duration = Duration::from_secs(60 * 60);

/// Looks once an hour until shutdown.
pub(super) async fn follow(vault: Vault, shutdown: CancellationToken) -> Outcome {
    let mut ticks = tokio::time::interval(EVERY);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        match vault.expire_bodies(Timestamp::now()).await {
            Ok(0) => {}
            Ok(keys) => tracing::info!(keys, "keys of bodies that are gone are destroyed"),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "keys of bodies that are gone are still there"
                );
            }
        }
    }
    Ok(())
}
