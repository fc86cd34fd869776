//! What stands before the recorder and behind it, as numbers to watch.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use recorder::Recorder;
use streams::status::{self, Status};
use streams::{Broker, DeadLetters, Quarantine, ReadError, Subscriber};
use tokio_util::sync::CancellationToken;

use crate::failure::Outcome;

const EVERY: Duration = Duration::from_secs(10);

/// Looks every few seconds until shutdown. While the broker is away the last numbers stand.
pub(super) async fn follow(broker: Broker, shutdown: CancellationToken) -> Outcome {
    let mut seen = Seen::default();
    let mut ticks = tokio::time::interval(EVERY);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(error) = look(&broker, &mut seen).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "gauges not read");
        }
    }
    Ok(())
}

/// What was counted once is zero when it is gone, not silent.
#[derive(Default)]
struct Seen {
    reasons: BTreeSet<String>,
    handlers: BTreeSet<String>,
}

async fn look(broker: &Broker, seen: &mut Seen) -> Result<(), ReadError> {
    let status = status::read(broker, &[Recorder::durable()]).await?;
    show_streams(&status);
    let recorder = status.durables;
    let pending: u64 = recorder.iter().map(|durable| durable.pending).sum();
    let unsettled: u64 = recorder.iter().map(|durable| durable.ack_pending).sum();
    metrics::gauge!("tillstream_recorder_pending").set(pending as f64);
    metrics::gauge!("tillstream_recorder_ack_pending").set(unsettled as f64);
    for (reason, count) in zeroed(Quarantine::new(broker).counts().await?, &mut seen.reasons) {
        metrics::gauge!("tillstream_quarantine_messages", "reason" => reason).set(count as f64);
    }
    for (handler, count) in zeroed(DeadLetters::new(broker).counts().await?, &mut seen.handlers) {
        metrics::gauge!("tillstream_dead_letters", "subscriber" => handler).set(count as f64);
    }
    Ok(())
}

fn show_streams(status: &Status) {
    metrics::gauge!("tillstream_events_head").set(status.events.last as f64);
    let streams = [
        ("INBOX", status.inbox),
        ("EVENTS", status.events),
        ("QUARANTINE", status.quarantine),
        ("DEAD_LETTERS", status.dead_letters),
    ];
    for (name, stream) in streams {
        metrics::gauge!("tillstream_stream_bytes", "stream" => name).set(stream.bytes as f64);
        metrics::gauge!("tillstream_stream_max_bytes", "stream" => name).set(stream.max_bytes as f64);
    }
}

fn zeroed(counts: BTreeMap<String, u64>, seen: &mut BTreeSet<String>) -> Vec<(String, u64)> {
    seen.extend(counts.keys().cloned());
    seen.iter().map(|key| (key.clone(), counts.get(key).copied().unwrap_or_default())).collect()
}
