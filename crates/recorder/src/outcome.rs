use metrics::counter;

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
