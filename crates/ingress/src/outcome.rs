use std::time::Instant;

use events::Timestamp;
use metrics::{Histogram, counter, histogram};

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

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Duplicate => "duplicate",
            Self::UnknownShop => "unknown_shop",
            Self::Unauthorized => "unauthorized",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
        }
    }
}

#[derive(Clone)]
pub(crate) struct Meters {
    seconds: Histogram,
    lag: Histogram,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Self { seconds: histogram!("tillstream_webhook_seconds"), lag: histogram!("tillstream_webhook_lag_seconds") }
    }

    /// Topics that there are not share one label; a refused webhook has none.
    pub(crate) fn record(&self, outcome: Outcome, topic: &'static str, started: Instant) {
        counter!("tillstream_webhooks_total", "outcome" => outcome.as_str(), "topic" => topic).increment(1);
        if outcome == Outcome::Duplicate {
            counter!("tillstream_webhook_duplicates_total", "reason" => "window").increment(1);
        }
        self.seconds.record(started.elapsed());
    }

    /// How late a delivery that was not here before has come: lost tries, and Shopify's own queue.
    pub(crate) fn late(&self, triggered_at: Timestamp) {
        self.lag.record(Timestamp::now().duration_since(triggered_at).as_secs_f64().max(0.0));
    }
}
