//! Pulling messages from a consumer: requests are kept open ahead, so that none is waited for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Message, StatusCode, Subscriber};
use futures::{FutureExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::Stream;
use crate::api::ReadError;
use crate::broker::Broker;
use crate::denials::Lookout;
use crate::place::Place;

/// How long a request stays open at the server.
const EXPIRES: Duration = Duration::from_secs(30);
/// The server says this often that an open request is not forgotten.
const HEARTBEAT: Duration = Duration::from_secs(2);
const SILENCE: Duration = Duration::from_secs(5);

/// An open tap on one consumer. Messages arrive in the order the server sends them.
pub(crate) struct Pull {
    broker: Broker,
    stream: Stream,
    request_subject: String,
    inbox: String,
    replies: Subscriber,
    connections: watch::Receiver<u64>,
    requests: VecDeque<Request>,
    last_request: u64,
    /// When the server last said anything, or was last asked. Whoever waits is interrupted by other things again and
    /// again: it is not from then that its silence counts.
    heard_at: Instant,
    /// Of a consumer that has one reader at a time.
    place: Option<Arc<Place>>,
    /// What is denied is never answered: without it we would ask for ever.
    lookout: Lookout,
}

struct Request {
    id: u64,
    outstanding: usize,
}

impl Pull {
    pub(crate) async fn open(broker: &Broker, stream: Stream, consumer: &str) -> Result<Self, ReadError> {
        let inbox = broker.client.new_inbox();
        let request_subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
        let lookout = Lookout::new(&broker.denials, [request_subject.clone(), format!("{inbox}.*")]);
        let replies = broker.client.subscribe(format!("{inbox}.*")).await;
        let mut connections = broker.connections.clone();
        connections.mark_unchanged();
        Ok(Self {
            broker: broker.clone(),
            stream,
            request_subject,
            inbox,
            replies: replies.map_err(|error| ReadError::Unavailable(error.to_string()))?,
            connections,
            requests: VecDeque::new(),
            last_request: 0,
            heard_at: Instant::now(),
            place: None,
            lookout,
        })
    }

    /// Of a consumer that gives all its messages to one reader at a time: the others wait for their turn.
    pub(crate) fn at(self, place: Arc<Place>) -> Self {
        Self { place: Some(place), ..self }
    }

    /// The next message; asks for as many as there is room for. Cancel safe.
    pub(crate) async fn next(&mut self, room: usize) -> Result<Message, ReadError> {
        loop {
            self.top_up(room).await?;
            let reply = tokio::select! {
                biased;
                reply = self.replies.next() => reply,
                // What was asked for on a lost connection is forgotten by the server.
                Ok(()) = self.connections.changed() => {
                    self.requests.clear();
                    continue;
                }
                subject = self.lookout.denied() => return Err(ReadError::Denied { subject }),
                () = sleep_until(self.heard_at + SILENCE) => {
                    tracing::debug!(stream = %self.stream, "no sign of open requests: asking again");
                    self.requests.clear();
                    continue;
                }
            };
            if let Some(message) = self.sort_out(reply)? {
                return Ok(message);
            }
        }
    }

    /// Asks for more in time, so that the server does not wait for us while we work on what has arrived.
    pub(crate) async fn top_up(&mut self, room: usize) -> Result<(), ReadError> {
        if self.outstanding() * 2 < room {
            self.request(room - self.outstanding(), false).await?;
        }
        Ok(())
    }

    /// A message that has already arrived.
    pub(crate) fn arrived(&mut self) -> Result<Option<Message>, ReadError> {
        while let Some(reply) = self.replies.next().now_or_never() {
            if let Some(message) = self.sort_out(reply)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// What the consumer has now, at most `room` messages; does not wait for more.
    pub(crate) async fn pending(&mut self, room: usize) -> Result<Vec<Message>, ReadError> {
        self.request(room, true).await?;
        let mut messages = Vec::new();
        while self.outstanding() > 0 {
            let reply = tokio::select! {
                reply = tokio::time::timeout(SILENCE, self.replies.next()) => reply,
                subject = self.lookout.denied() => return Err(ReadError::Denied { subject }),
            };
            let Ok(reply) = reply else {
                self.requests.clear();
                return Err(ReadError::Unavailable("no answer to a request for messages".to_owned()));
            };
            messages.extend(self.sort_out(reply)?);
        }
        Ok(messages)
    }

    /// How many messages were asked for and have not come.
    pub(crate) fn outstanding(&self) -> usize {
        self.requests.iter().map(|request| request.outstanding).sum()
    }

    async fn request(&mut self, batch: usize, no_wait: bool) -> Result<(), ReadError> {
        if !self.broker.is_connected() {
            return Err(ReadError::Unavailable("not connected".to_owned()));
        }
        let request = if no_wait {
            json!({ "batch": batch, "no_wait": true })
        } else {
            json!({ "batch": batch, "expires": EXPIRES.as_nanos(), "idle_heartbeat": HEARTBEAT.as_nanos() })
        };
        let id = self.ask(request).await?;
        self.heard_at = Instant::now();
        self.requests.push_back(Request { id, outstanding: batch });
        Ok(())
    }

    /// Tells the server that whoever has its place lives. Only a request says so, and while all messages that
    /// there is room for are here none is sent: this one is for a message that is smaller than any.
    pub(crate) async fn keep_place(&mut self) -> Result<(), ReadError> {
        let held = self.place.as_ref().is_some_and(|place| place.is_held());
        if held && self.broker.is_connected() {
            self.ask(json!({ "batch": 1, "no_wait": true, "max_bytes": 1 })).await?;
        }
        Ok(())
    }

    /// Sends one request, and gives its number.
    async fn ask(&mut self, mut request: Value) -> Result<u64, ReadError> {
        if let Some(place) = &self.place {
            place.sign(&mut request);
        }
        let id = self.last_request + 1;
        let reply = format!("{}.{id}", self.inbox);
        let sent =
            self.broker.client.publish_with_reply(self.request_subject.clone(), reply, request.to_string().into());
        sent.await.map_err(|error| ReadError::Unavailable(error.to_string()))?;
        self.last_request = id;
        Ok(id)
    }

    /// A message is handed on; a status ends the request it speaks of.
    fn sort_out(&mut self, reply: Option<Message>) -> Result<Option<Message>, ReadError> {
        let Some(reply) = reply else { return Err(ReadError::Unavailable("the connection is closed".to_owned())) };
        self.heard_at = Instant::now();
        let Some(status) = reply.status else {
            if let Some(place) = &self.place {
                place.learn(reply.headers.as_ref());
            }
            self.count_down();
            return Ok(Some(reply));
        };
        if status == StatusCode::IDLE_HEARTBEAT {
            return Ok(None);
        }
        let id = reply.subject.rsplit_once('.').and_then(|(_, id)| id.parse::<u64>().ok());
        self.requests.retain(|request| Some(request.id) != id);
        let description = reply.description.unwrap_or_default();
        match status.as_u16() {
            404 | 408 => Ok(None),
            // The latter answers what keeps the place.
            409 if description.contains("MaxAckPending") || description.contains("MaxBytes") => Ok(None),
            423 => {
                self.place.iter().for_each(|place| place.lose());
                Err(ReadError::Unavailable("another replica has been given the place".to_owned()))
            }
            409 if description.contains("Consumer Deleted") => {
                Err(ReadError::Missing(format!("a consumer of {}", self.stream)))
            }
            409 => Err(ReadError::Unavailable(description)),
            // Nobody answers for the consumer: it is gone, or has no leader just now.
            503 => Err(ReadError::Unavailable(format!("no consumer of {} answers", self.stream))),
            code => Err(ReadError::Refused { code: code.into(), description }),
        }
    }

    fn count_down(&mut self) {
        if let Some(front) = self.requests.front_mut() {
            front.outstanding -= 1;
            if front.outstanding == 0 {
                self.requests.pop_front();
            }
        }
    }

    /// Ends the tap; what has arrived and was not taken is handed out.
    pub(crate) async fn close(&mut self) -> Vec<Message> {
        let unsubscribed = self.replies.unsubscribe().await;
        if unsubscribed.is_err() {
            return Vec::new();
        }
        std::iter::from_fn(|| self.replies.next().now_or_never().flatten()).filter(|m| m.status.is_none()).collect()
    }
}
