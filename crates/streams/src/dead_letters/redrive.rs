use async_nats::header::HeaderMap;
use events::{Timestamp, subject};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{DeadLetter, DeadLetters, Filed, LetterFilter};
use crate::inbox::{AppendError, append};
use crate::publish::{MESSAGE_ID, put};
use crate::topology::redrive_name;
use crate::{Broker, ReadError, Stream};

/// Asks a handler to take a message again that it gave up. In its stream it stands for the letter: the
/// message is always in one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Redrive {
    pub(crate) letter: DeadLetter,
    /// Why somebody thinks that it will work now.
    pub(crate) reason: String,
    pub(crate) at: Timestamp,
}

/// A letter on its way back to its handler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redriven {
    handler: String,
    stream: String,
    sequence: u64,
    /// Of the request, in `DEAD_LETTERS`.
    request: u64,
}

/// What became of a letter that was redriven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Fate {
    /// Its handler has not settled it: it is tried again, or nobody runs the handler.
    Open,
    Handled,
    /// It is a dead letter again.
    Dead(Box<Filed>),
}

/// Why a letter could not be redriven or dropped. Doing it again is always right.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl DeadLetters {
    /// Gives a letter's message back to its handler, as it was and with its position. The handler tries it
    /// in its lane, with all its tries again; letters of one lane are tried in the order they are redriven.
    pub async fn redrive(&self, filed: &Filed, reason: &str) -> Result<Redriven, MoveError> {
        let Filed { id, letter } = filed;
        let subject = subject::redrive(&letter.handler, letter.shop().as_ref());
        let request = self.replace(*id, letter, subject, "redriven", reason).await?;
        Ok(Redriven {
            handler: letter.handler.clone(),
            stream: letter.stream.clone(),
            sequence: letter.sequence,
            request,
        })
    }

    /// Gives a letter up for good; who and why stays on record.
    pub async fn drop_letter(&self, filed: &Filed, reason: &str) -> Result<(), MoveError> {
        let subject = subject::dropped(&filed.letter.handler, filed.letter.shop().as_ref());
        self.replace(filed.id, &filed.letter, subject, "dropped", reason).await.map(drop)
    }

    /// First the one, then not the other: the message id makes the first idempotent.
    async fn replace(
        &self,
        id: u64,
        letter: &DeadLetter,
        subject: String,
        word: &str,
        reason: &str,
    ) -> Result<u64, MoveError> {
        let mut headers = HeaderMap::new();
        put(&mut headers, MESSAGE_ID, format!("{word}:{id}"));
        let body = json!(Redrive { letter: letter.clone(), reason: reason.to_owned(), at: Timestamp::now() });
        let body = body.to_string();
        let size = body.len();
        let appended = append(&self.broker, subject, headers, body.into(), size).await?;
        self.broker.delete_message(Stream::DeadLetters, id).await?;
        tracing::info!(
            handler = letter.handler,
            stream = letter.stream,
            sequence = letter.sequence,
            reason,
            word,
            "dead letter moved"
        );
        Ok(appended.sequence)
    }

    /// What became of it by now.
    pub async fn fate(&self, redriven: &Redriven) -> Result<Fate, ReadError> {
        let consumer = redrive_name(&redriven.handler);
        let info = self.broker.consumer_info(Stream::DeadLetters, &consumer).await?;
        let info = info.ok_or_else(|| ReadError::Missing(format!("the durable consumer {consumer}")))?;
        let settled = info.ack_floor.stream_sequence >= redriven.request || info.num_ack_pending == 0;
        if info.delivered.stream_sequence < redriven.request || !settled {
            return Ok(Fate::Open);
        }
        let filter = LetterFilter::of_handler(&redriven.handler);
        let again =
            |filed: &Filed| filed.letter.stream == redriven.stream && filed.letter.sequence == redriven.sequence;
        let letter = self.find_from(&filter, redriven.request, usize::MAX).await?.into_iter().find(again);
        Ok(letter.map_or(Fate::Handled, |letter| Fate::Dead(Box::new(letter))))
    }
}

impl Broker {
    /// Of a stream that lets messages be deleted.
    async fn delete_message(&self, stream: Stream, sequence: u64) -> Result<(), ReadError> {
        #[derive(Deserialize)]
        struct Done {}
        let request = json!({ "seq": sequence, "no_erase": true });
        let done: Result<Done, _> = self.ask(&format!("STREAM.MSG.DELETE.{stream}"), &request).await;
        let Err(error) = done else { return Ok(()) };
        // It may be gone already: somebody, or an earlier try of ours, was faster.
        match self.message(stream, sequence).await? {
            None => Ok(()),
            Some(_) => Err(error),
        }
    }
}
