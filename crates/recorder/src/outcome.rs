use std::fmt;

use events::Timestamp;
use metrics::{counter, histogram};
use serde::{Serialize, Serializer};
use shopify::StatedVersion;

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It led to events.
    Recorded,
    /// It led to none.
    Dropped(Reason),
    /// It stays in the inbox, for a stable reason.
    Kept(&'static str),
    /// For a stable reason.
    Quarantined(&'static str),
}

/// Why a delivery that was understood led to no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Shopify sent this delivery before: same body, topic and webhook id.
    RepeatedDelivery,
    /// Another delivery of the shop had the same body.
    AlreadyRecorded,
    /// A newer snapshot is recorded, and it adds nothing to it.
    Stale,
    /// All it says was known.
    Unchanged,
}

impl Reason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RepeatedDelivery => "repeated_delivery",
            Self::AlreadyRecorded => "already_recorded",
            Self::Stale => "stale",
            Self::Unchanged => "unchanged",
        }
    }
}

impl Outcome {
    /// Labels are bounded: topics that there are not share one.
    pub(crate) fn count(self, topic: &'static str) {
        let (outcome, reason) = (self.outcome(), self.reason());
        counter!("tillstream_recorder_deliveries_total", "outcome" => outcome, "reason" => reason, "topic" => topic)
            .increment(1);
        if let Self::Dropped(reason) = self {
            counter!("tillstream_webhook_duplicates_total", "reason" => reason.as_str()).increment(1);
        }
    }

    pub const fn outcome(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Dropped(_) => "dropped",
            Self::Kept(_) => "kept",
            Self::Quarantined(_) => "quarantined",
        }
    }

    /// A stable token; empty when events say all.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Recorded => "",
            Self::Dropped(reason) => reason.as_str(),
            Self::Kept(reason) | Self::Quarantined(reason) => reason,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded => f.pad("recorded"),
            Self::Dropped(reason) => f.pad(reason.as_str()),
            Self::Kept(reason) => write!(f, "kept: {reason}"),
            Self::Quarantined(reason) => write!(f, "quarantined: {reason}"),
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Recorded => "recorded",
            other => other.reason(),
        })
    }
}

/// How long a delivery was in the inbox until its events were in the log.
pub(crate) fn measure_lag(received_at: Timestamp) {
    let lag = Timestamp::now().duration_since(received_at).as_secs_f64();
    histogram!("tillstream_recorder_lag_seconds").record(lag.max(0.0));
}

/// Says which API versions still come: the oldest ones are about to be sent in the shape of a later one.
pub(crate) fn count_version(version: StatedVersion) {
    counter!("tillstream_recorder_api_versions_total", "version" => version.to_string()).increment(1);
}
