//! What stands before the recorder and behind it, as numbers to watch.

use std::collections::BTreeSet;
use std::time::Duration;

use recorder::Recorder;
use streams::{Broker, Quarantine, ReadError, Subscriber, status};
use tokio_util::sync::CancellationToken;

use crate::failure::Outcome;

const EVERY: Duration = Duration::from_secs(10);

/// Looks every few seconds until shutdown. While the broker is away the last numbers stand.
pub(super) async fn follow(broker: Broker, shutdown: CancellationToken) -> Outcome {
    let mut reasons = BTreeSet::new();
    let mut ticks = tokio::time::interval(EVERY);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(error) = look(&broker, &mut reasons).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "gauges not read");
        }
    }
    Ok(())
}

async fn look(broker: &Broker, reasons: &mut BTreeSet<String>) -> Result<(), ReadError> {
    let recorder = status::read(broker, &[Recorder::durable()]).await?.durables;
    let pending: u64 = recorder.iter().map(|durable| durable.pending).sum();
    let unsettled: u64 = recorder.iter().map(|durable| durable.ack_pending).sum();
    metrics::gauge!("tillstream_recorder_pending").set(pending as f64);
    metrics::gauge!("tillstream_recorder_ack_pending").set(unsettled as f64);
    let counts = Quarantine::new(broker).counts().await?;
    // A reason that is gone is zero, not silent.
    reasons.extend(counts.keys().cloned());
    for reason in reasons.iter() {
        let count = counts.get(reason).copied().unwrap_or_default();
        metrics::gauge!("tillstream_quarantine_messages", "reason" => reason.clone()).set(count as f64);
    }
    Ok(())
}
