//! Requests to JetStream's own API, all with one kind of error.

use async_nats::RequestErrorKind;
use async_nats::header::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::broker::Broker;
use crate::raw::Raw;
use crate::{SealError, Stream, Unreadable};

pub(crate) const NO_MESSAGE: u64 = 10037;
pub(crate) const NO_STREAM: u64 = 10059;
pub(crate) const NO_CONSUMER: u64 = 10014;

/// Why something could not be read from the broker.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("the broker is not available: {0}")]
    Unavailable(String),
    /// The credentials do not fit the role.
    #[error("the broker denies this role the use of {subject}")]
    Denied { subject: String },
    #[error("{0} does not exist on the broker: run `tillstream streams ensure`")]
    Missing(String),
    #[error("message {position} of the log cannot be read")]
    Unreadable { position: u64, source: Unreadable },
    #[error("the broker refuses the request ({code}): {description}")]
    Refused { code: u64, description: String },
    /// What came is sealed.
    #[error(transparent)]
    Shut(#[from] SealError),
}

impl ReadError {
    fn is(&self, wanted: u64) -> bool {
        matches!(self, Self::Refused { code, .. } if *code == wanted)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer<T> {
    Refusal { error: Refusal },
    Granted(T),
}

#[derive(Deserialize)]
pub(crate) struct Refusal {
    #[serde(default)]
    pub(crate) code: u64,
    #[serde(default)]
    pub(crate) err_code: u64,
    #[serde(default)]
    pub(crate) description: String,
}

impl Broker {
    /// Asks `$JS.API.<verb>`.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, verb: &str, request: &impl Serialize) -> Result<T, ReadError> {
        if !self.is_connected() {
            return Err(ReadError::Unavailable("not connected".to_owned()));
        }
        let request = serde_json::to_vec(request).map_err(|error| ReadError::Unavailable(error.to_string()))?;
        let subject = format!("$JS.API.{verb}");
        let before = self.denials.before(&subject);
        let answer = tokio::select! {
            biased;
            answer = self.client.request(subject.clone(), request.into()) => answer,
            () = self.denials.of(&subject, before) => return Err(ReadError::Denied { subject }),
        };
        let answer = answer.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => ReadError::Unavailable("JetStream does not answer".to_owned()),
            RequestErrorKind::TimedOut => ReadError::Unavailable(format!("no answer to {verb}")),
            _ => ReadError::Unavailable(error.to_string()),
        })?;
        match serde_json::from_slice(&answer.payload) {
            Ok(Answer::Granted(granted)) => Ok(granted),
            // The server's own "try again later": no leader yet, no quorum, too many requests.
            Ok(Answer::Refusal { error }) if matches!(error.code, 408 | 429 | 503) => {
                Err(ReadError::Unavailable(error.description))
            }
            Ok(Answer::Refusal { error }) => {
                Err(ReadError::Refused { code: error.err_code, description: error.description })
            }
            Err(error) => Err(ReadError::Unavailable(format!("answer to {verb}: {error}"))),
        }
    }

    /// `None` when there is no such stream.
    pub(crate) async fn stream_info(&self, stream: Stream) -> Result<Option<StreamInfo>, ReadError> {
        found(self.ask(&format!("STREAM.INFO.{stream}"), &serde_json::json!({})).await, NO_STREAM)
    }

    /// `None` when there is no such stream or no such consumer.
    pub(crate) async fn consumer_info(&self, stream: Stream, name: &str) -> Result<Option<ConsumerInfo>, ReadError> {
        let answer = self.ask(&format!("CONSUMER.INFO.{stream}.{name}"), &serde_json::json!({})).await;
        Ok(found(found(answer, NO_CONSUMER), NO_STREAM)?.flatten())
    }

    /// The message at `sequence`, as the stream's leader has it.
    pub(crate) async fn message(&self, stream: Stream, sequence: u64) -> Result<Option<Raw>, ReadError> {
        self.get(stream, &GetMessage { seq: sequence, next_by_subj: None }).await
    }

    /// The first message on `subject` at or after `sequence`, as the stream's leader has it.
    pub(crate) async fn next_message(
        &self,
        stream: Stream,
        subject: &str,
        sequence: u64,
    ) -> Result<Option<Raw>, ReadError> {
        self.get(stream, &GetMessage { seq: sequence, next_by_subj: Some(subject) }).await
    }

    async fn get(&self, stream: Stream, request: &GetMessage<'_>) -> Result<Option<Raw>, ReadError> {
        let answer: Result<Stored, _> = self.ask(&format!("STREAM.MSG.GET.{stream}"), request).await;
        let Some(Stored { message }) = found(answer, NO_MESSAGE)? else { return Ok(None) };
        let position = message.seq;
        message.into_raw().map(Some).map_err(|source| ReadError::Unreadable { position, source })
    }
}

pub(crate) type StreamInfo = async_nats::jetstream::stream::Info;
pub(crate) type ConsumerInfo = async_nats::jetstream::consumer::Info;

pub(crate) fn found<T>(answer: Result<T, ReadError>, absent: u64) -> Result<Option<T>, ReadError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is(absent) => Ok(None),
        Err(error) => Err(error),
    }
}

#[derive(Serialize)]
struct GetMessage<'a> {
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_by_subj: Option<&'a str>,
}

#[derive(Deserialize)]
struct Stored {
    message: StoredMessage,
}

#[derive(Deserialize)]
struct StoredMessage {
    subject: String,
    seq: u64,
    #[serde(default)]
    hdrs: String,
    #[serde(default)]
    data: String,
    time: String,
}

impl StoredMessage {
    fn into_raw(self) -> Result<Raw, Unreadable> {
        let decode = |field, text: &str| STANDARD.decode(text).map_err(|_| Unreadable::Header(field));
        let block = decode("hdrs", &self.hdrs)?;
        Ok(Raw {
            subject: self.subject.into(),
            sequence: self.seq,
            recorded_at: self.time.parse().map_err(|_| Unreadable::Header("time"))?,
            headers: Some(header_block(&block)),
            body: decode("data", &self.data)?.into(),
            opened: None,
        })
    }
}

/// `NATS/1.0\r\nName: value\r\n…`
fn header_block(block: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in String::from_utf8_lossy(block).split("\r\n").skip(1) {
        let Some((name, value)) = line.split_once(':') else { continue };
        if let (Ok(name), Ok(value)) =
            (name.parse::<async_nats::HeaderName>(), value.trim().parse::<async_nats::HeaderValue>())
        {
            headers.append(name, value);
        }
    }
    headers
}
