use std::fmt;

use events::{Shop, subject};

/// The six streams of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Deliveries as they came, byte for byte.
    Inbox,
    /// The domain events: the one total order.
    Events,
    /// Authentic deliveries that could not be read.
    Quarantine,
    /// Pointers to messages that a subscriber gave up.
    DeadLetters,
    /// Messages that the server sends later.
    Timers,
    /// What the server tells of messages nobody will see again.
    Advisories,
}

impl Stream {
    pub const ALL: [Self; 6] =
        [Self::Inbox, Self::Events, Self::Quarantine, Self::DeadLetters, Self::Timers, Self::Advisories];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "INBOX",
            Self::Events => "EVENTS",
            Self::Quarantine => "QUARANTINE",
            Self::DeadLetters => "DEAD_LETTERS",
            Self::Timers => "TIMERS",
            Self::Advisories => "ADVISORIES",
        }
    }

    pub(crate) const fn subjects(self) -> &'static [&'static str] {
        match self {
            Self::Inbox => &["inbox.>"],
            Self::Events => &["events.>"],
            Self::Quarantine => &["quarantine.>"],
            // A letter, what asks for its message once more, and what says why it was dropped.
            Self::DeadLetters => &["dead.>", "redrive.>", "dropped.>"],
            // What waits for its time, what was tried in vain and waits for its next, and since when a service acts.
            Self::Timers => &["timers.>", "tries.>", "starts.>"],
            Self::Advisories => {
                &["$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>", "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>"]
            }
        }
    }

    /// The shop that a message belongs to, as its subject says.
    pub(crate) fn shop(self, subject: &str) -> Option<Shop> {
        let token = match self {
            Self::Events => subject.split('.').nth(3),
            Self::Inbox | Self::Quarantine => subject.split('.').nth(1),
            Self::DeadLetters => subject.split('.').nth(2),
            Self::Timers | Self::Advisories => None,
        };
        subject::decode(token?)?.parse().ok()
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stream| stream.name() == name)
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
