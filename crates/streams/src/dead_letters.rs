use std::collections::BTreeMap;
use std::fmt;

use async_nats::header::HeaderMap;
use events::{Shop, Timestamp, subject};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::ReadError;
use crate::broker::Broker;
use crate::inbox::{AppendError, append};
use crate::publish::{MESSAGE_ID, put};
use crate::raw::Raw;
use crate::{Stream, Unreadable};

/// A reason is for people; the message itself is found by the pointer.
const LONGEST_REASON: usize = 500;

/// `DEAD_LETTERS`, pointers to the messages that subscribers gave up.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    broker: Broker,
}

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

    fn shop(&self) -> Option<Shop> {
        let token = match self.stream.as_str() {
            "EVENTS" => self.subject.split('.').nth(3),
            "TIMERS" => None,
            _ => self.subject.split('.').nth(1),
        };
        subject::decode(token?)?.parse().ok()
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

impl DeadLetters {
    pub fn new(broker: &Broker) -> Self {
        Self { broker: broker.clone() }
    }

    /// The message id says handler and message, so that a repeated failure makes no second letter.
    pub(crate) async fn put(&self, letter: &DeadLetter) -> Result<(), AppendError> {
        let mut headers = HeaderMap::new();
        put(&mut headers, MESSAGE_ID, &format!("{}:{}:{}", letter.handler, letter.stream, letter.sequence));
        let body = json!(letter).to_string();
        let size = body.len();
        let subject = subject::dead_letter(&letter.handler, letter.shop().as_ref());
        append(&self.broker, subject, headers, body.into(), size).await.map(drop)
    }

    /// The oldest letters, of one handler or of all.
    pub async fn list(&self, handler: Option<&str>, limit: usize) -> Result<Vec<DeadLetter>, ReadError> {
        let filter = handler.map_or_else(|| "dead.>".to_owned(), |name| format!("dead.{}.>", subject::encode(name)));
        let mut letters: Vec<DeadLetter> = Vec::new();
        let mut next = 1;
        while letters.len() < limit {
            let Some(raw) = self.broker.next_message(Stream::DeadLetters, &filter, next).await? else { break };
            next = raw.sequence + 1;
            let malformed =
                |_| ReadError::Unreadable { position: raw.sequence, source: Unreadable::Header("dead letter") };
            letters.push(serde_json::from_slice(&raw.body).map_err(malformed)?);
        }
        Ok(letters)
    }

    /// How many letters each handler has.
    pub async fn counts(&self) -> Result<BTreeMap<String, u64>, ReadError> {
        let request = json!({ "subjects_filter": "dead.>" });
        let info: WithSubjects = self.broker.ask("STREAM.INFO.DEAD_LETTERS", &request).await?;
        let mut counts = BTreeMap::new();
        for (subject, count) in info.state.subjects {
            let handler = subject.split('.').nth(1).and_then(subject::decode).unwrap_or(subject);
            *counts.entry(handler).or_default() += count;
        }
        Ok(counts)
    }
}

#[derive(Deserialize)]
struct WithSubjects {
    state: Subjects,
}

#[derive(Deserialize)]
struct Subjects {
    #[serde(default)]
    subjects: BTreeMap<String, u64>,
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
