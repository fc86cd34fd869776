use async_nats::header::HeaderMap;
use bytes::Bytes;
use events::{Timestamp, header};

use crate::api::ReadError;
use crate::bodies::{Bodies, seal_of};
use crate::broker::Broker;
use crate::header_block;
use crate::publish::{MESSAGE_ID, NO_RESOURCES, PublishError, STREAM_FULL, put};
use crate::raw::{FromDelivery, Raw, Unreadable};
use crate::{Opened, SealError, Stream};

pub(crate) const HTTP_HEADERS: &str = "Http-Headers";

/// `INBOX`, where every delivery is kept as it came.
#[derive(Debug, Clone)]
pub struct Inbox {
    broker: Broker,
    bodies: Bodies,
}

/// A delivery to be kept.
#[derive(Debug, Clone)]
pub struct InboxMessage {
    /// See [`events::subject::inbox`].
    pub subject: String,
    /// Repeated by the same delivery only.
    pub message_id: String,
    /// The HTTP header block, byte for byte.
    pub headers: Bytes,
    pub body: Bytes,
    /// W3C trace context.
    pub trace_parent: Option<String>,
}

/// The delivery is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    pub sequence: u64,
    /// It was kept before, at that sequence.
    pub duplicate: bool,
}

/// Why a delivery is not known to be kept.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    #[error("the broker is not available: {0}")]
    Unavailable(String),
    /// It may be kept or not.
    #[error("the broker did not confirm")]
    Unconfirmed,
    /// Of body and headers together, in bytes.
    #[error("{size} bytes are more than the {limit} that the broker takes")]
    TooLarge { size: usize, limit: usize },
    #[error("the stream has reached its max_bytes")]
    Full,
    /// The credentials do not fit the role.
    #[error("the broker denies this role to publish to {subject}")]
    Denied { subject: String },
    #[error("the broker refuses the message ({code}): {description}")]
    Refused { code: u64, description: String },
    /// It was not sent.
    #[error(transparent)]
    Unsealed(#[from] SealError),
}

impl Inbox {
    pub fn new(broker: &Broker) -> Self {
        Self { broker: broker.clone(), bodies: Bodies::default() }
    }

    /// Bodies are sealed before they are sent, and opened when they are read.
    #[must_use]
    pub fn sealed_by(self, bodies: Bodies) -> Self {
        Self { bodies, ..self }
    }

    /// Returns once the broker has the delivery; the caller sets the deadline.
    pub async fn append(&self, message: InboxMessage) -> Result<Appended, AppendError> {
        let InboxMessage { subject, message_id, headers: block, body, trace_parent } = message;
        let mut headers = HeaderMap::new();
        put(&mut headers, MESSAGE_ID, &message_id);
        put(&mut headers, HTTP_HEADERS, header_block::encode(&block));
        if let Some(parent) = trace_parent {
            put(&mut headers, header::TRACE_PARENT, &parent);
        }
        let size = body.len() + block.len();
        let body = self.bodies.seal(Stream::Inbox, Stream::Inbox.shop(&subject), body, &mut headers).await?;
        append(&self.broker, subject, headers, body, size).await
    }

    /// One delivery, byte for byte; `None` when it is no longer, or not yet, there.
    pub async fn read(&self, sequence: u64) -> Result<Option<InboxDelivery>, ReadError> {
        let Some(raw) = self.broker.message(Stream::Inbox, sequence).await? else { return Ok(None) };
        let unreadable = |source| ReadError::Unreadable { position: sequence, source };
        let raw = self.bodies.open(raw).await?;
        InboxDelivery::read(&raw).map(Some).map_err(unreadable)
    }
}

/// Appends without expectations, with the deadline of a request.
pub(crate) async fn append(
    broker: &Broker,
    subject: String,
    headers: HeaderMap,
    body: Bytes,
    size: usize,
) -> Result<Appended, AppendError> {
    let stored = broker.publish(subject, headers, body).await;
    let stored = stored.map_err(|error| match error {
        PublishError::Unavailable(reason) => AppendError::Unavailable(reason),
        PublishError::Unconfirmed => AppendError::Unconfirmed,
        PublishError::Denied { subject } => AppendError::Denied { subject },
        PublishError::TooLarge { limit } => AppendError::TooLarge { size, limit },
        PublishError::Refused { code: STREAM_FULL | NO_RESOURCES, .. } => AppendError::Full,
        PublishError::Refused { code, description } => AppendError::Refused { code, description },
    })?;
    Ok(Appended { sequence: stored.sequence, duplicate: stored.duplicate })
}

/// A delivery as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxDelivery {
    pub sequence: u64,
    pub received_at: Timestamp,
    pub subject: String,
    /// The HTTP header block, byte for byte.
    pub headers: Bytes,
    pub body: Bytes,
    /// Names the key that seals the body where it is stored; none for one that is stored as it came.
    pub seal: Option<String>,
    /// That key is destroyed: the body is empty here.
    pub forgotten: bool,
    /// W3C trace context.
    pub trace_parent: Option<String>,
}

impl FromDelivery for InboxDelivery {
    const STREAM: Stream = Stream::Inbox;

    fn read(raw: &Raw) -> Result<Self, Unreadable> {
        let block = raw.header(HTTP_HEADERS).and_then(header_block::decode);
        Ok(Self {
            sequence: raw.sequence,
            received_at: raw.recorded_at,
            subject: raw.subject().to_owned(),
            headers: block.ok_or(Unreadable::Header(HTTP_HEADERS))?,
            body: readable(raw)?,
            seal: seal_of(raw).map(str::to_owned),
            forgotten: raw.opened == Some(Opened::Forgotten),
            trace_parent: raw.header(header::TRACE_PARENT).map(str::to_owned),
        })
    }

    fn lane(&self) -> String {
        self.subject.clone()
    }
}

/// Empty for what is forgotten, and for what nobody wanted to open, or could.
pub(crate) fn readable(raw: &Raw) -> Result<Bytes, Unreadable> {
    match (&raw.opened, seal_of(raw)) {
        (Some(Opened::Body(body)), _) => Ok(body.clone()),
        (Some(Opened::Foreign), _) => Err(Unreadable::Body("delivery: its key does not open it")),
        (None, None) => Ok(raw.body.clone()),
        (Some(Opened::Forgotten | Opened::Lost), _) | (None, Some(_)) => Ok(Bytes::new()),
    }
}
