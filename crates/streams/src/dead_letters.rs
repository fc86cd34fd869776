//! What subscribers gave up, and the ways out: back to the handler, or dropped for a reason.

mod filter;
mod letter;
mod pointed;
mod redrive;

use std::collections::BTreeMap;

use async_nats::header::HeaderMap;
use events::subject;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use filter::{LetterFilter, LetterGroup, grouped};
pub use letter::{DeadLetter, ErrorClass};
pub use pointed::{Pointed, pointed_at};
pub(crate) use redrive::Redrive;
pub use redrive::{Fate, MoveError, Redriven};

use crate::api::ReadError;
use crate::broker::Broker;
use crate::inbox::{AppendError, append};
use crate::publish::{MESSAGE_ID, put};
use crate::raw::Raw;
use crate::{Stream, Unreadable};

/// `DEAD_LETTERS`, pointers to the messages that subscribers gave up.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    broker: Broker,
}

/// A letter and where it is filed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Filed {
    /// Its sequence in `DEAD_LETTERS`.
    pub id: u64,
    #[serde(flatten)]
    pub letter: DeadLetter,
}

impl DeadLetters {
    pub fn new(broker: &Broker) -> Self {
        Self { broker: broker.clone() }
    }

    /// The message id says handler and message, so that a repeated failure makes no second letter; of a
    /// message that was redriven it also says the request, for that failure is another one.
    pub(crate) async fn put(&self, letter: &DeadLetter, request: Option<u64>) -> Result<(), AppendError> {
        let mut headers = HeaderMap::new();
        let request = request.map(|request| format!(":{request}")).unwrap_or_default();
        let id = format!("{}:{}:{}{request}", letter.handler, letter.stream, letter.sequence);
        put(&mut headers, MESSAGE_ID, &id);
        let body = json!(letter).to_string();
        let size = body.len();
        let subject = subject::dead_letter(&letter.handler, letter.shop().as_ref());
        append(&self.broker, subject, headers, body.into(), size).await.map(drop)
    }

    /// The oldest letters, of one handler or of all.
    pub async fn list(&self, handler: Option<&str>, limit: usize) -> Result<Vec<DeadLetter>, ReadError> {
        let filter = LetterFilter { handler: handler.map(str::to_owned), ..LetterFilter::default() };
        Ok(self.find(&filter, limit).await?.into_iter().map(|filed| filed.letter).collect())
    }

    /// The oldest letters that a filter takes.
    pub async fn find(&self, filter: &LetterFilter, limit: usize) -> Result<Vec<Filed>, ReadError> {
        self.find_from(filter, 1, limit).await
    }

    async fn find_from(&self, filter: &LetterFilter, first: u64, limit: usize) -> Result<Vec<Filed>, ReadError> {
        let subject = filter.subject();
        let mut letters = Vec::new();
        let mut next = first;
        while letters.len() < limit {
            let Some(raw) = self.broker.next_message(Stream::DeadLetters, &subject, next).await? else { break };
            next = raw.sequence + 1;
            letters.extend(Some(filed(&raw)?).filter(|filed| filter.takes(&filed.letter)));
        }
        Ok(letters)
    }

    /// The letter with this id; `None` when it was redriven or dropped, or never was.
    pub async fn get(&self, id: u64) -> Result<Option<Filed>, ReadError> {
        let raw = self.broker.message(Stream::DeadLetters, id).await?;
        raw.filter(|raw| raw.subject().starts_with("dead.")).map(|raw| filed(&raw)).transpose()
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

fn filed(raw: &Raw) -> Result<Filed, ReadError> {
    let malformed = |_| ReadError::Unreadable { position: raw.sequence, source: Unreadable::Body("dead letter") };
    Ok(Filed { id: raw.sequence, letter: serde_json::from_slice(&raw.body).map_err(malformed)? })
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
