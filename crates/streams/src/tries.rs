//! Failed tries of a message, kept on the broker: they outlive the process that counted them.

use std::time::Duration;

use events::{Timestamp, subject};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::ReadError;
use crate::inbox::AppendError;
use crate::note::{self, KEPT_FOR};
use crate::{Broker, Unreadable};

/// So long after its time the message has been tried again by somebody.
const MARGIN: Duration = Duration::from_secs(24 * 60 * 60);

/// What a subscriber notes of the messages that it could not handle: on `TIMERS`, because the server there
/// forgets a note by itself.
#[derive(Debug, Clone)]
pub(crate) struct Tries {
    broker: Broker,
}

/// How often a message was tried in vain, and when it may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tried {
    pub(crate) attempts: u32,
    pub(crate) not_before: Timestamp,
}

impl Tried {
    pub(crate) fn until(attempts: u32, delay: Duration) -> Self {
        let delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX);
        Self { attempts, not_before: Timestamp::now().saturating_add(delay).unwrap_or(Timestamp::MAX) }
    }

    /// How long it still has to wait.
    pub(crate) fn wait(&self) -> Duration {
        self.not_before.duration_since(Timestamp::now()).try_into().unwrap_or_default()
    }
}

impl Tries {
    pub(crate) fn new(broker: &Broker) -> Self {
        Self { broker: broker.clone() }
    }

    /// Of the message that a consumer delivered; the consumer's name and the sequence are it.
    pub(crate) async fn note(&self, consumer: &str, sequence: u64, tried: &Tried) -> Result<(), AppendError> {
        let kept = (KEPT_FOR, format!("{}s", (tried.wait() + MARGIN).as_secs()));
        note::write(&self.broker, subject::tries(consumer, sequence), kept, json!(tried).to_string()).await
    }

    pub(crate) async fn of(&self, consumer: &str, sequence: u64) -> Result<Option<Tried>, ReadError> {
        let subject = subject::tries(consumer, sequence);
        let Some(raw) = note::read(&self.broker, &subject).await? else { return Ok(None) };
        let unreadable =
            |_| ReadError::Unreadable { position: raw.sequence, source: Unreadable::Body("note of tries") };
        serde_json::from_slice(raw.body()).map(Some).map_err(unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_has_come_is_not_waited_for() {
        assert_eq!(Tried::until(1, Duration::ZERO).wait(), Duration::ZERO);
        let hour = Duration::from_secs(3600);
        let left = Tried::until(1, hour).wait();
        assert!(left <= hour && left > hour - Duration::from_secs(60), "{left:?}");
    }

    #[test]
    fn a_time_beyond_the_calendar_is_its_end() {
        assert_eq!(Tried::until(1, Duration::MAX).not_before, Timestamp::MAX);
    }
}
