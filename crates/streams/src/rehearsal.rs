//! Writing without writing: what a handler would do to the streams, seen before it is done.

use async_nats::header::HeaderValue;
use async_nats::{Message, StatusCode};
use bytes::Bytes;
use events::header;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::Broker;
use crate::publish::{Outgoing, QUEUE};

/// Positions of what was never stored: beyond every log, so that the log is never asked for them in vain.
const FIRST: u64 = 1 << 62;

/// What would have been published, in order.
#[derive(Debug)]
pub struct Rehearsal(UnboundedReceiver<WouldBe>);

/// One message that was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WouldBe {
    pub subject: String,
    /// Of an event.
    pub wire_type: Option<String>,
    pub body: Bytes,
}

impl Broker {
    /// A broker on the same connection that reads what is there and stores nothing. It confirms what it
    /// is given and hands it to the rehearsal instead, so what is decided later sees what was decided before.
    pub fn rehearse(&self) -> (Self, Rehearsal) {
        let (outgoing, mut queue) = mpsc::channel::<Outgoing>(QUEUE);
        let (note, noted) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut next = FIRST;
            while let Some(Outgoing { subject, headers, body, answer }) = queue.recv().await {
                let wire_type = headers.get(header::TYPE).map(HeaderValue::to_string);
                // Nobody may listen, and nobody may wait.
                let _ = note.send(WouldBe { subject, wire_type, body });
                let _ = answer.send(Ok(confirmation(next)));
                next += 1;
            }
        });
        let mut broker = self.clone();
        (broker.outgoing, broker.rehearses) = (outgoing, true);
        (broker, Rehearsal(noted))
    }
}

impl Rehearsal {
    /// What was noted since it was last asked.
    pub fn take(&mut self) -> Vec<WouldBe> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

fn confirmation(sequence: u64) -> Message {
    let payload = Bytes::from(format!("{{\"stream\":\"REHEARSAL\",\"seq\":{sequence}}}"));
    Message {
        subject: "rehearsal".into(),
        reply: None,
        length: payload.len(),
        payload,
        headers: None,
        status: None::<StatusCode>,
        description: None,
    }
}
