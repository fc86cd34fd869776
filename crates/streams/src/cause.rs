use events::Recorded;

use crate::{Due, traces};

/// What led to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// `inbox:<sequence>`, `timer:<sequence>@<time>` or an event's id.
    pub id: String,
    /// The conversation: one merchant action and all it led to.
    pub correlation_id: String,
    /// W3C trace context.
    pub trace_parent: Option<String>,
}

impl Cause {
    /// The id of the delivery at `sequence` of `INBOX`, as a cause.
    pub fn inbox_id(sequence: u64) -> String {
        format!("inbox:{sequence}")
    }

    /// The sequence in `INBOX` of a cause that is a delivery.
    pub fn inbox_sequence(id: &str) -> Option<u64> {
        id.strip_prefix("inbox:")?.parse().ok()
    }

    /// A timer as the cause of what is decided when it is due. The time makes the id unique should the
    /// stream ever be made anew.
    pub fn due<D>(due: &Due<D>) -> Self {
        let id = format!("timer:{}@{}", due.sequence, due.fired_at);
        Self { correlation_id: id.clone(), id, trace_parent: traces::present() }
    }

    /// An event as the cause of what is decided upon it.
    pub fn of<E>(event: &Recorded<E>) -> Self {
        Self {
            id: event.envelope.id.to_string(),
            correlation_id: event.envelope.correlation_id.clone(),
            trace_parent: traces::present().or_else(|| event.envelope.trace_parent.clone()),
        }
    }
}
