use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::Denied;

/// How often one caller may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub per_second: NonZeroU32,
    /// At once after a quiet time.
    pub burst: NonZeroU32,
}

/// Callers that are counted before those that were quiet are forgotten.
const COUNTED: usize = 10_000;

/// One bucket per caller.
pub(crate) struct Rates {
    limiter: DefaultKeyedRateLimiter<String>,
    clock: DefaultClock,
}

impl Rates {
    pub(crate) fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    pub(crate) fn take(&self, caller: &String) -> Result<(), Denied> {
        if self.limiter.len() > COUNTED {
            self.limiter.retain_recent();
        }
        let taken = self.limiter.check_key(caller);
        taken.map_err(|until| Denied::TooMany { after: until.wait_time_from(self.clock.now()) })
    }
}
