use std::time::Duration;

use tokio::time::Instant;

/// Counts failures in a row; enough of them, and nobody is called for a while.
#[derive(Debug)]
pub(super) struct Breaker {
    limit: u32,
    shortest: Duration,
    longest: Duration,
    state: State,
}

#[derive(Debug)]
enum State {
    Closed {
        failures: u32,
    },
    /// Until then; and for how long that was.
    Open {
        until: Instant,
        wait: Duration,
    },
    /// One call tries whether it works again; by then it has ended, or was forgotten.
    Trying {
        until: Instant,
        wait: Duration,
    },
}

impl Breaker {
    pub(super) fn new(limit: u32, shortest: Duration, longest: Duration) -> Self {
        Self { limit, shortest, longest, state: State::Closed { failures: 0 } }
    }

    pub(super) fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    /// Whether a call may be made; if not, how long at least none may.
    pub(super) fn admit(&mut self, now: Instant, trial: Duration) -> Result<(), Duration> {
        match self.state {
            State::Closed { .. } => Ok(()),
            State::Open { until, .. } | State::Trying { until, .. } if now < until => Err(until - now),
            State::Open { wait, .. } | State::Trying { wait, .. } => {
                self.state = State::Trying { until: now + trial, wait };
                Ok(())
            }
        }
    }

    pub(super) fn worked(&mut self) {
        // A call that began before the breaker opened says nothing of now.
        if !matches!(self.state, State::Open { .. }) {
            self.state = State::Closed { failures: 0 };
        }
    }

    pub(super) fn failed(&mut self, now: Instant) {
        self.state = match self.state {
            State::Closed { failures } if failures + 1 < self.limit => State::Closed { failures: failures + 1 },
            State::Closed { .. } => State::Open { until: now + self.shortest, wait: self.shortest },
            State::Trying { wait, .. } => {
                let wait = (wait * 2).min(self.longest);
                State::Open { until: now + wait, wait }
            }
            State::Open { until, wait } => State::Open { until, wait },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn open(now: Instant) -> Breaker {
        let mut breaker = Breaker::new(2, SECOND, 3 * SECOND);
        breaker.failed(now);
        assert!(!breaker.is_open());
        breaker.failed(now);
        assert!(breaker.is_open());
        breaker
    }

    #[test]
    fn a_success_between_failures_starts_the_count_over() {
        let (mut breaker, now) = (Breaker::new(2, SECOND, SECOND), Instant::now());
        for _ in 0..5 {
            breaker.failed(now);
            breaker.worked();
        }
        assert!(!breaker.is_open());
    }

    #[test]
    fn only_one_call_tries_an_open_breaker() {
        let now = Instant::now();
        let mut breaker = open(now);
        assert_eq!(breaker.admit(now, SECOND), Err(SECOND));
        assert_eq!(breaker.admit(now + SECOND, SECOND), Ok(()));
        assert_eq!(breaker.admit(now + SECOND, SECOND), Err(SECOND));
        assert_eq!(breaker.admit(now + 2 * SECOND, SECOND), Ok(()), "the first was never heard of again");
    }

    #[test]
    fn a_late_answer_does_not_close_an_open_breaker() {
        let now = Instant::now();
        let mut breaker = open(now);
        breaker.worked();
        assert!(breaker.is_open());
        breaker.admit(now + SECOND, SECOND).unwrap();
        breaker.worked();
        assert!(!breaker.is_open());
    }

    #[test]
    fn the_wait_doubles_to_its_ceiling() {
        let mut now = Instant::now();
        let mut breaker = open(now);
        for wait in [1, 2, 3, 3] {
            let wait = wait * SECOND;
            assert_eq!(breaker.admit(now, SECOND), Err(wait));
            now += wait;
            breaker.admit(now, SECOND).unwrap();
            breaker.failed(now);
        }
    }
}
