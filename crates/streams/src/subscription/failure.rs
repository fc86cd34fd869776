use std::fmt::Display;
use std::time::Duration;

use crate::StoreError;
use crate::backoff::full_jitter;

/// Why a message was not handled. There is no fourth way, and nothing is swallowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may work later: the message is parked, and with it what comes after it in its lane.
    #[error("{reason}")]
    Retry {
        reason: String,
        /// Not before; what the other side asked for.
        after: Option<Duration>,
    },
    /// It will never work: the message becomes a dead letter.
    #[error("{reason}")]
    Reject { reason: String },
    /// Nothing would work now: the subscriber is paused. It burns no try and makes no dead letter.
    #[error("{reason}")]
    Unavailable { reason: String },
}

impl Failure {
    pub fn retry(reason: impl Display) -> Self {
        Self::Retry { reason: reason.to_string(), after: None }
    }

    /// For a `Retry-After`.
    pub fn retry_after(reason: impl Display, after: Duration) -> Self {
        Self::Retry { reason: reason.to_string(), after: Some(after) }
    }

    pub fn reject(reason: impl Display) -> Self {
        Self::Reject { reason: reason.to_string() }
    }

    pub fn unavailable(reason: impl Display) -> Self {
        Self::Unavailable { reason: reason.to_string() }
    }
}

/// What others changed meanwhile may settle; the log that cannot be read, or a broker that is away,
/// stops everybody; a command that is refused stays refused.
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Contended { .. } | StoreError::Newer { .. } => Self::retry(error),
            StoreError::Refused { .. } | StoreError::Rejected { .. } | StoreError::WrongKind { .. } => {
                Self::reject(error)
            }
            StoreError::Unavailable(_)
            | StoreError::Denied(_)
            | StoreError::Unreadable { .. }
            | StoreError::Gap { .. } => Self::unavailable(error),
        }
    }
}

/// How long a message is parked after each failed try; one try more than there are delays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule {
    delays: Vec<Duration>,
}

impl Default for RetrySchedule {
    /// 8 tries from 1 s to 6 h.
    fn default() -> Self {
        Self::new([1, 5, 30, 150, 900, 3600, 21_600].map(Duration::from_secs))
    }
}

impl RetrySchedule {
    pub fn new(delays: impl Into<Vec<Duration>>) -> Self {
        Self { delays: delays.into() }
    }

    /// So many tries without a delay.
    pub fn immediate(tries: usize) -> Self {
        Self::new(vec![Duration::ZERO; tries.saturating_sub(1)])
    }

    /// How long to wait after so many failed tries; `None` when there was the last.
    pub(crate) fn delay(&self, attempts: u32, after: Option<Duration>) -> Option<Duration> {
        let ceiling = self.delays.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
        Some(full_jitter(*ceiling).max(after.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eighth_try_is_the_last() {
        let schedule = RetrySchedule::default();
        assert!(schedule.delay(7, None).is_some_and(|delay| delay < Duration::from_secs(21_600)));
        assert_eq!(schedule.delay(8, None), None);
        assert_eq!(RetrySchedule::immediate(1).delay(1, None), None);
    }

    #[test]
    fn the_other_side_can_ask_for_more_time_but_not_for_more_tries() {
        let hour = Some(Duration::from_secs(3600));
        assert_eq!(RetrySchedule::default().delay(1, hour), hour);
        assert_eq!(RetrySchedule::default().delay(8, hour), None);
    }
}
