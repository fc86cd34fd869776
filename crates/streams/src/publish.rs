//! Publishing with the broker's answer awaited: the one way anything gets into a stream.

use async_nats::header::{HeaderMap, HeaderName, HeaderValue};
use async_nats::{Client, Message, Request, RequestError, RequestErrorKind};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use crate::api::Refusal;
use crate::broker::Broker;

pub(crate) const MESSAGE_ID: &str = "Nats-Msg-Id";
pub(crate) const EXPECTED_LAST: &str = "Nats-Expected-Last-Subject-Sequence";
/// The expected sequence is not the last one.
const WRONG_LAST_SEQUENCE: u64 = 10071;
/// The same, found while another append to the subject is under way on a cluster.
const WRONG_LAST_SEQUENCE_IN_FLIGHT: u64 = 10164;
/// The stream has reached its max_bytes.
pub(crate) const STREAM_FULL: u64 = 10077;
/// The server has reached its own.
pub(crate) const NO_RESOURCES: u64 = 10047;
const MESSAGE_TOO_LARGE: u64 = 10054;

/// Messages that may wait to be sent; more have to wait to wait.
pub(crate) const QUEUE: usize = 1024;

/// The broker has the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PubAck {
    pub(crate) sequence: u64,
    /// The message id was seen before: the sequence is that of the first.
    pub(crate) duplicate: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error("the broker is not available: {0}")]
    Unavailable(String),
    /// It may be stored or not.
    #[error("the broker did not confirm")]
    Unconfirmed,
    #[error("the broker denies this role to publish to {subject}")]
    Denied { subject: String },
    #[error("the message is larger than the {limit} bytes that the broker takes")]
    TooLarge { limit: usize },
    #[error("the broker refuses the message ({code}): {description}")]
    Refused { code: u64, description: String },
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    duplicate: bool,
    error: Option<Refusal>,
}

impl Broker {
    pub(crate) async fn publish(
        &self,
        subject: String,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<PubAck, PublishError> {
        // Without a connection the client would keep the message and send it whenever it can.
        if !self.is_connected() {
            return Err(PublishError::Unavailable("not connected".to_owned()));
        }
        let (answer, answered) = oneshot::channel();
        let closed = || PublishError::Unavailable("the connection is closed".to_owned());
        let before = self.denials.before(&subject);
        let outgoing = Outgoing { subject: subject.clone(), headers, body, answer };
        self.outgoing.send(outgoing).await.map_err(|_| closed())?;
        let answer = tokio::select! {
            biased;
            answer = answered => answer.map_err(|_| closed())?,
            () = self.denials.of(&subject, before) => return Err(PublishError::Denied { subject }),
        };
        match answer {
            Ok(answer) => read_answer(&answer.payload),
            Err(error) => Err(match error.kind() {
                RequestErrorKind::NoResponders => PublishError::Unavailable("no stream takes this subject".to_owned()),
                RequestErrorKind::MaxPayloadExceeded => PublishError::TooLarge { limit: self.max_payload() },
                RequestErrorKind::InvalidSubject => PublishError::Refused { code: 0, description: error.to_string() },
                RequestErrorKind::TimedOut | RequestErrorKind::Other => PublishError::Unconfirmed,
            }),
        }
    }
}

impl Broker {
    /// One atomic batch; the last message commits it, and its answer alone tells the truth.
    pub(crate) async fn publish_together(
        &self,
        subject: &str,
        messages: Vec<(HeaderMap, Bytes)>,
    ) -> Result<PubAck, PublishError> {
        // One by one they are noted as well, and nothing gets by.
        if self.rehearses {
            return Err(PublishError::Unconfirmed);
        }
        let mut messages = messages.into_iter();
        let Some((headers, body)) = messages.next_back() else { return Err(PublishError::Unconfirmed) };
        for (headers, body) in messages {
            if !self.is_connected() {
                return Err(PublishError::Unavailable("not connected".to_owned()));
            }
            let sent = self.client.publish_with_headers(subject.to_owned(), headers, body).await;
            sent.map_err(|error| PublishError::Unavailable(error.to_string()))?;
        }
        self.publish(subject.to_owned(), headers, body).await
    }
}

/// A message on its way out.
pub(crate) struct Outgoing {
    pub(crate) subject: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) answer: oneshot::Sender<Result<Message, RequestError>>,
}

/// The client writes to its socket whenever it is given something. Given all that is there at once, it
/// writes once: under load that is a fifth of the whole cost.
pub(crate) async fn send_together(client: Client, mut queue: mpsc::Receiver<Outgoing>) {
    let mut under_way = FuturesUnordered::new();
    let mut ready = Vec::new();
    loop {
        tokio::select! {
            Some(()) = under_way.next() => {}
            count = queue.recv_many(&mut ready, QUEUE) => {
                if count == 0 {
                    break;
                }
                // Whoever else is about to publish gets a turn first.
                tokio::task::yield_now().await;
                while let Ok(more) = queue.try_recv() {
                    ready.push(more);
                }
                under_way.extend(ready.drain(..).map(|outgoing| send(&client, outgoing)));
            }
        }
    }
    while under_way.next().await.is_some() {}
}

/// Nobody may wait for the answer any more.
async fn send(client: &Client, Outgoing { subject, headers, body, answer }: Outgoing) {
    let request = Request::new().headers(headers).payload(body);
    let _ = answer.send(client.send_request(subject, request).await);
}

fn read_answer(payload: &[u8]) -> Result<PubAck, PublishError> {
    match serde_json::from_slice(payload) {
        Ok(Answer { error: Some(refusal), .. }) => Err(read_refusal(refusal)),
        Ok(Answer { seq: sequence, duplicate, error: None }) if sequence > 0 => Ok(PubAck { sequence, duplicate }),
        // An answer that is none of JetStream's: somebody else listens on the subject.
        _ => Err(PublishError::Unconfirmed),
    }
}

fn read_refusal(Refusal { err_code, code, description }: Refusal) -> PublishError {
    match (err_code, code) {
        (MESSAGE_TOO_LARGE, _) => PublishError::TooLarge { limit: 0 },
        (STREAM_FULL | NO_RESOURCES, _) => PublishError::Refused { code: err_code, description },
        (_, 408 | 429 | 503) => PublishError::Unavailable(description),
        _ => PublishError::Refused { code: err_code, description },
    }
}

/// Whether it is refused because something else than was expected stands last on the subject.
pub(crate) fn wrong_last(code: u64) -> bool {
    matches!(code, WRONG_LAST_SEQUENCE | WRONG_LAST_SEQUENCE_IN_FLIGHT)
}

/// Adds a header whatever the value holds: a line break in it cannot start a header of its own.
pub(crate) fn put(headers: &mut HeaderMap, name: &'static str, value: impl Into<String>) {
    let value = value.into();
    let value = if value.contains(['\r', '\n']) { value.replace(['\r', '\n'], " ") } else { value };
    // A name that is made of text would be checked and copied each time.
    headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
}
