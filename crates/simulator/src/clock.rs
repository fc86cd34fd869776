use events::Timestamp;
use jiff::tz::Offset;

/// The store's own time. Only [`demo`](crate::demo) lets it follow the wall clock.
#[derive(Debug)]
pub(crate) struct Clock {
    /// Seconds since the epoch: as fine as Shopify's bodies are.
    now: i64,
    /// Nanoseconds since the epoch of the last trigger.
    triggered: i64,
}

const SECOND: i64 = 1_000_000_000;

impl Clock {
    pub(crate) fn new(start: Timestamp) -> Self {
        Self { now: start.as_second(), triggered: 0 }
    }

    pub(crate) fn now(&self) -> i64 {
        self.now
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        self.now += seconds;
    }

    /// Never goes back.
    pub(crate) fn wait_until(&mut self, second: i64) {
        self.now = self.now.max(second);
    }

    /// The moment of a trigger in this second; each is later than the one before.
    pub(crate) fn trigger(&mut self, nanoseconds: i64) -> Timestamp {
        self.triggered = (self.triggered + 1 + nanoseconds % 1_000_000).max(self.now * SECOND + nanoseconds);
        Timestamp::from_nanosecond(self.triggered.into()).unwrap_or_default()
    }
}

/// As Shopify writes it in bodies: seconds, in the shop's own time zone (New York, winter).
pub(crate) fn local(second: i64) -> String {
    utc(second).display_with_offset(Offset::constant(-5)).to_string()
}

pub(crate) fn utc(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or_default()
}
