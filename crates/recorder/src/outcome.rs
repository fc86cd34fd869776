use metrics::counter;
use shopify::StatedVersion;

/// How a delivery ended. Labels are bounded: topics that are not Shopify's share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It led to events.
    Recorded,
    /// All it says was known.
    Unchanged,
    /// It stays in the inbox.
    Kept(&'static str),
    Quarantined(&'static str),
}

impl Outcome {
    pub(crate) fn count(self, topic: &'static str) {
        let (outcome, reason) = self.labels();
        counter!("tillstream_recorder_deliveries_total", "outcome" => outcome, "reason" => reason, "topic" => topic)
            .increment(1);
    }

    fn labels(self) -> (&'static str, &'static str) {
        match self {
            Self::Recorded => ("recorded", ""),
            Self::Unchanged => ("unchanged", ""),
            Self::Kept(reason) => ("kept", reason),
            Self::Quarantined(reason) => ("quarantined", reason),
        }
    }
}

/// Says which API versions still come: the oldest ones are about to be sent in the shape of a later one.
pub(crate) fn count_version(version: StatedVersion) {
    counter!("tillstream_recorder_api_versions_total", "version" => version.to_string()).increment(1);
}
