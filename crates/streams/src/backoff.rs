use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// A duration below `ceiling`, evenly spread: those who failed together come back apart.
pub(crate) fn full_jitter(ceiling: Duration) -> Duration {
    // A fresh RandomState is seeded by the system; nothing here has to be unguessable.
    let random = RandomState::new().hash_one(0u8) >> 11;
    ceiling.mul_f64(random as f64 / (1u64 << 53) as f64)
}

/// Waits for some part of `ceiling`. Nothing is not waited for: the timer would make a millisecond of it.
pub(crate) async fn pause(ceiling: Duration) {
    if !ceiling.is_zero() {
        tokio::time::sleep(full_jitter(ceiling)).await;
    }
}

/// Waits that double up to a ceiling.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    ceiling: Duration,
    failures: u32,
}

impl Backoff {
    pub const fn new(first: Duration, ceiling: Duration) -> Self {
        Self { first, ceiling, failures: 0 }
    }

    /// The next wait: half of it fixed, half of it chance.
    pub fn next_wait(&mut self) -> Duration {
        let base = self.first.saturating_mul(1 << self.failures.min(20)).min(self.ceiling);
        self.failures += 1;
        base / 2 + full_jitter(base / 2)
    }

    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_ceiling_and_start_over_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        assert!(backoff.next_wait() <= Duration::from_millis(100));
        let waits: Vec<Duration> = (0..40).map(|_| backoff.next_wait()).collect();
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(1)));
        assert!(waits[39] >= Duration::from_millis(500));
        backoff.reset();
        assert!(backoff.next_wait() <= Duration::from_millis(100));
    }

    #[test]
    fn jitter_stays_below_its_ceiling_and_varies() {
        let ceiling = Duration::from_secs(3600);
        let draws: Vec<Duration> = (0..100).map(|_| full_jitter(ceiling)).collect();
        assert!(draws.iter().all(|draw| *draw < ceiling));
        assert!(draws.iter().any(|draw| *draw < ceiling / 2) && draws.iter().any(|draw| *draw > ceiling / 2));
    }
}
