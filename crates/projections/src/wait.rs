use std::time::Duration;

use db::Database;
use tokio::time::{Instant, sleep, timeout_at};

use crate::position;

/// Short against what a reader notices, long against the question to the database.
const POLL: Duration = Duration::from_millis(5);

#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    #[error("the read model is at position {reached}, not yet at {wanted}")]
    TimedOut { reached: u64, wanted: u64 },
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// Waits until all of these projections have come to `wanted`, and says how far they have come.
///
/// It asks the database, so it also works when the engine runs in another process.
pub async fn wait_for(db: &Database, names: &[&str], wanted: u64, timeout: Duration) -> Result<u64, WaitError> {
    let deadline = Instant::now() + timeout;
    loop {
        let reached = position(db, names).await?;
        if reached >= wanted {
            return Ok(reached);
        }
        if timeout_at(deadline, sleep(POLL)).await.is_err() {
            return Err(WaitError::TimedOut { reached, wanted });
        }
    }
}
