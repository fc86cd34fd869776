use std::fmt;

use events::{Shop, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Stream;
use crate::raw::Raw;

/// A reason is for people; the message itself is found by the pointer.
const LONGEST_REASON: usize = 500;

/// Points to a message; not a copy, so that a fix in its reading applies when it is handled again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    pub handler: String,
    pub stream: String,
    pub sequence: u64,
    pub subject: String,
    pub class: ErrorClass,
    /// The same for failures that differ in numbers only.
    pub fingerprint: String,
    pub attempts: u32,
    pub reason: String,
    pub at: Timestamp,
}

/// How a message came to be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The handler will never be able to handle it.
    Rejected,
    /// Every try failed.
    Exhausted,
    Panicked,
    /// It is not what its stream keeps.
    Unreadable,
}

impl ErrorClass {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Exhausted => "exhausted",
            Self::Panicked => "panicked",
            Self::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl DeadLetter {
    pub(crate) fn new(
        handler: &str,
        stream: Stream,
        raw: &Raw,
        class: ErrorClass,
        attempts: u32,
        reason: &str,
    ) -> Self {
        Self {
            handler: handler.to_owned(),
            stream: stream.name().to_owned(),
            sequence: raw.sequence,
            subject: raw.subject().to_owned(),
            class,
            fingerprint: fingerprint(class, reason),
            attempts,
            reason: reason.chars().take(LONGEST_REASON).collect(),
            at: Timestamp::now(),
        }
    }

    /// Whose message it is; none when nobody knows.
    pub fn shop(&self) -> Option<Shop> {
        Stream::from_name(&self.stream)?.shop(&self.subject)
    }
}

/// FNV-1a over the reason with every number as one sign.
fn fingerprint(class: ErrorClass, reason: &str) -> String {
    let mut last_was_digit = false;
    let shape = reason.chars().filter_map(|c| {
        let digit = c.is_ascii_digit();
        let repeated = digit && std::mem::replace(&mut last_was_digit, digit);
        last_was_digit = digit;
        (!repeated).then_some(if digit { '#' } else { c })
    });
    let text: String = class.as_str().chars().chain([' ']).chain(shape).collect();
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_that_differ_in_numbers_only_have_one_fingerprint() {
        let print = |reason| fingerprint(ErrorClass::Rejected, reason);
        assert_eq!(print("order 12 has no line 3456"), print("order 9 has no line 1"));
        assert_ne!(print("order 12 has no line"), print("order 12 has no lines"));
        assert_ne!(print("gone"), fingerprint(ErrorClass::Panicked, "gone"));
    }
}
