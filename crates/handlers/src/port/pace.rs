use std::time::Duration;

use tokio::time::Instant;

/// A steady rate with some room for bursts (the generic cell rate algorithm).
#[derive(Debug)]
pub(super) struct Pace {
    gap: Duration,
    slack: Duration,
    /// When the next call would begin if all kept the steady rate.
    due: Option<Instant>,
}

impl Pace {
    pub(super) fn new(burst: u32, gap: Duration) -> Self {
        Self { gap, slack: gap * burst.saturating_sub(1), due: None }
    }

    /// Takes the next turn, and says how long to wait for it.
    pub(super) fn turn(&mut self, now: Instant) -> Duration {
        let due = self.due.map_or(now, |due| due.max(now));
        self.due = Some(due + self.gap);
        (due - now).saturating_sub(self.slack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_the_rate_is_kept() {
        let (mut pace, now) = (Pace::new(3, Duration::from_secs(1)), Instant::now());
        let waits: Vec<u64> = (0..6).map(|_| pace.turn(now).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 1, 2, 3]);
        let later = now + Duration::from_secs(60);
        let waits: Vec<u64> = (0..4).map(|_| pace.turn(later).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 1]);
    }
}
