use std::time::Duration;

use events::{Shop, subject};
use tokio::time::{Instant, timeout_at};

use crate::api::ReadError;
use crate::bodies::Bodies;
use crate::inbox::InboxDelivery;
use crate::pull::Pull;
use crate::raw::{FromDelivery, Raw, ReplySubject};
use crate::reader::{self, Scope, what_came};
use crate::{Broker, Stream};

/// Messages asked for ahead.
const AHEAD: usize = 2_000;

/// Reads `INBOX` in order from a sequence on, beside the recorder and without taking anything from it.
pub struct InboxReader {
    broker: Broker,
    scope: Scope,
    bodies: Bodies,
    /// A body whose key is lost is no reason to stop.
    tolerant: bool,
    open: Option<Open>,
}

struct Open {
    pull: Pull,
    /// The consumer's own number of the next message: a gap in it is a message lost on the way.
    next: u64,
    /// How many messages the consumer has still to send.
    pending: u64,
}

impl InboxReader {
    /// Starts with the first delivery after `after`.
    pub fn new(broker: &Broker, after: u64) -> Self {
        Self {
            broker: broker.clone(),
            scope: Scope { after, ..Scope::default() },
            bodies: Bodies::default(),
            tolerant: false,
            open: None,
        }
    }

    /// Opens the bodies that are sealed; without this it cannot read them.
    pub fn opened_by(self, bodies: Bodies) -> Self {
        Self { bodies, ..self }
    }

    /// Reads on where the key of a body is lost: it is read as empty.
    pub fn tolerant(self) -> Self {
        Self { tolerant: true, ..self }
    }

    /// Reads the deliveries to one shop only.
    pub fn of(mut self, shop: &Shop) -> Self {
        self.scope.subject = Some(format!("inbox.{}.>", subject::encode(shop.as_str())));
        self
    }

    /// Leaves the bodies where they are: every delivery is read with an empty one.
    pub fn headers_only(mut self) -> Self {
        self.scope.headers_only = true;
        self
    }

    /// The sequence of the last delivery handed out.
    pub fn position(&self) -> u64 {
        self.scope.after
    }

    /// The next deliveries, at most `max`; none when nothing came within `wait`. After an error the
    /// reader goes on from where it was.
    pub async fn next_batch(&mut self, max: usize, wait: Duration) -> Result<Vec<InboxDelivery>, ReadError> {
        let mut deliveries = Vec::new();
        let read = self.read_into(&mut deliveries, max, wait).await;
        if read.is_err() {
            self.open = None;
        }
        what_came(read, deliveries)
    }

    /// The next deliveries of those that were there when it was first asked, at most `max`; none at the end.
    pub async fn rest(&mut self, max: usize) -> Result<Vec<InboxDelivery>, ReadError> {
        if self.connect().await?.pending == 0 {
            return Ok(Vec::new());
        }
        let wait = self.broker.request_timeout();
        let batch = self.next_batch(max, wait).await?;
        if batch.is_empty() {
            return Err(ReadError::Unavailable("the deliveries of INBOX do not come".to_owned()));
        }
        Ok(batch)
    }

    async fn read_into(
        &mut self,
        deliveries: &mut Vec<InboxDelivery>,
        max: usize,
        wait: Duration,
    ) -> Result<(), ReadError> {
        let deadline = Instant::now() + wait;
        while deliveries.len() < max {
            let open = self.connect().await?;
            let message = match open.pull.arrived()? {
                Some(message) => message,
                None if !deliveries.is_empty() && open.pending == 0 => break,
                None => match timeout_at(deadline, open.pull.next(AHEAD)).await {
                    Ok(message) => message?,
                    Err(_) => break,
                },
            };
            let reply = message.reply.as_deref().and_then(ReplySubject::parse);
            if reply.as_ref().is_none_or(|reply| reply.consumer_sequence != open.next) {
                self.open = None;
                continue;
            }
            open.next += 1;
            open.pending = reply.map_or(0, |reply| reply.pending);
            let position = self.scope.after + 1;
            let unreadable = |source| ReadError::Unreadable { position, source };
            let mut raw = Raw::delivered(message).map_err(unreadable)?;
            if !self.scope.headers_only {
                raw =
                    if self.tolerant { self.bodies.open_with_keys(raw).await? } else { self.bodies.open(raw).await? };
            }
            self.scope.after = raw.sequence;
            // What others put there is not ours to stumble over; the recorder reports it.
            deliveries.extend(InboxDelivery::read(&raw));
        }
        Ok(())
    }

    async fn connect(&mut self) -> Result<&mut Open, ReadError> {
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                let consumer = reader::create(&self.broker, Stream::Inbox, self.scope.clone()).await?;
                let pull = Pull::open(&self.broker, Stream::Inbox, &consumer.name).await?;
                Open { pull, next: 1, pending: consumer.num_pending }
            }
        };
        Ok(self.open.insert(open))
    }
}

/// What `INBOX` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxSpan {
    /// The sequence of the oldest delivery that is still there.
    pub first: u64,
    /// The sequence of the newest one; 0 when there never was one.
    pub last: u64,
}

/// Which deliveries are there.
pub async fn inbox_span(broker: &Broker) -> Result<InboxSpan, ReadError> {
    let info = broker.stream_info(Stream::Inbox).await?;
    let state = info.ok_or_else(|| ReadError::Missing(format!("the stream {}", Stream::Inbox)))?.state;
    Ok(InboxSpan { first: state.first_sequence, last: state.last_sequence })
}
