use std::time::Instant;

use metrics::{Counter, Histogram, counter, histogram};

/// How a webhook ended; each is a value of the `outcome` label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Stored,
    /// Stored before, and answered like the first time.
    Duplicate,
    /// Stored, but from a shop that is not configured.
    UnknownShop,
    Unauthorized,
    /// Too large, too slow or broken off.
    Refused,
    Unavailable,
}

/// The counters are looked up once: a webhook costs an increment.
#[derive(Clone)]
pub(crate) struct Meters {
    outcomes: [Counter; 6],
    seconds: Histogram,
}

impl Meters {
    pub(crate) fn new() -> Self {
        let outcome = |label: &'static str| counter!("tillstream_webhooks_total", "outcome" => label);
        let outcomes = ["stored", "duplicate", "unknown_shop", "unauthorized", "refused", "unavailable"].map(outcome);
        Self { outcomes, seconds: histogram!("tillstream_webhook_seconds") }
    }

    pub(crate) fn record(&self, outcome: Outcome, started: Instant) {
        self.outcomes[outcome as usize].increment(1);
        self.seconds.record(started.elapsed());
    }
}
