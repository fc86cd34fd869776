use std::time::{Duration, Instant};

use serde_json::json;
use streams::{DeadLetters, Fate, Filed, MoveError, ReadError, Redriven};

use crate::cli::Common;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

const LOOK: Duration = Duration::from_millis(200);

/// Redrives the letters in their order; with a canary, waits that many seconds for the first.
pub(super) async fn run(
    common: &Common,
    dead: &DeadLetters,
    letters: &[Filed],
    reason: &str,
    canary: Option<u64>,
) -> Outcome {
    for (done, filed) in letters.iter().enumerate() {
        let redriven = dead.redrive(filed, reason).await.map_err(explain)?;
        if let (0, Some(seconds)) = (done, canary) {
            handled(dead, &redriven, Duration::from_secs(seconds)).await?;
        }
    }
    match common.output {
        Format::Json => output::json(&json!({ "redriven": letters.len() }))?,
        Format::Table => output::line(format!("{} redriven", letters.len()))?,
    }
    Ok(())
}

/// # Errors
/// It failed again: a mismatch. Nobody has settled it in time: unavailable. The others stay letters.
async fn handled(dead: &DeadLetters, redriven: &Redriven, patience: Duration) -> Outcome {
    let started = Instant::now();
    loop {
        match dead.fate(redriven).await.map_err(roles::explain)? {
            Fate::Handled => return Ok(()),
            Fate::Dead(again) => {
                let failure = Failure::new(Exit::Mismatch, format!("the canary failed again: {}", again.letter.reason));
                return Err(failure.hint(format!("it is letter {} now; no other was redriven", again.id)));
            }
            Fate::Open if started.elapsed() > patience => {
                let message = format!("the canary was not handled within {patience:?}; no other was redriven");
                let failure = Failure::new(Exit::Unavailable, message);
                return Err(
                    failure.hint("does its handler run? `tillstream subscribers ls` shows whether it is paused")
                );
            }
            Fate::Open => tokio::time::sleep(LOOK).await,
        }
    }
}

pub(super) fn explain(error: MoveError) -> Failure {
    match error {
        MoveError::Read(error) => roles::explain(error),
        MoveError::Append(error) => roles::explain(ReadError::Unavailable(error.to_string())),
    }
}
