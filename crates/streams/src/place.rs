//! One reader at a time: the server gives all messages of a consumer to the one that it has pinned.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::HeaderMap;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::raw::header;
use crate::{Broker, ReadError, Stream};

/// The server wants the readers of such a consumer to be a group, and takes one group per consumer.
pub(crate) const GROUP: &str = "replicas";
const PIN: &str = "Nats-Pin-Id";
/// What was given back comes first to the next reader: it is given back for less than that.
const BEFORE_THE_NEXT: Duration = Duration::from_millis(50);

/// A reader's place at a consumer, kept over its connections: without a pin it waits for its turn. Dropped, it
/// makes way for the next at once; of a process that dies, the server notices it after a while.
#[derive(Debug)]
pub(crate) struct Place {
    broker: Broker,
    stream: Stream,
    consumer: String,
    pin: Mutex<Pin>,
}

#[derive(Debug, Default)]
enum Pin {
    #[default]
    Unknown,
    Held {
        id: String,
        is_new: bool,
    },
    /// Another's, although this reader did not give it up.
    Lost,
}

impl Place {
    pub(crate) fn new(broker: &Broker, stream: Stream, consumer: &str) -> Self {
        Self { broker: broker.clone(), stream, consumer: consumer.to_owned(), pin: Mutex::default() }
    }

    /// Makes a request one of this reader.
    pub(crate) fn sign(&self, request: &mut Value) {
        request["group"] = json!(GROUP);
        if let Pin::Held { id, .. } = &*self.pin() {
            request["id"] = json!(id);
        }
    }

    /// The server tells the pin with every message.
    pub(crate) fn learn(&self, headers: Option<&HeaderMap>) {
        let Some(told) = header(headers, PIN) else { return };
        let mut pin = self.pin();
        if !matches!(&*pin, Pin::Held { id, .. } if id == told) {
            *pin = Pin::Held { id: told.to_owned(), is_new: true };
        }
    }

    /// It is another's.
    pub(crate) fn lose(&self) {
        let mut pin = self.pin();
        if matches!(*pin, Pin::Held { .. }) {
            *pin = Pin::Lost;
        }
    }

    /// Whether this reader has been given the place since it last asked.
    pub(crate) fn is_new(&self) -> bool {
        match &mut *self.pin() {
            Pin::Held { is_new, .. } => std::mem::take(is_new),
            Pin::Unknown | Pin::Lost => false,
        }
    }

    /// Whether the server has pinned somebody.
    pub(crate) async fn is_taken(&self) -> Result<bool, ReadError> {
        let info = self.broker.consumer_info(self.stream, &self.consumer).await?;
        let groups = info.map(|info| info.priority_groups).unwrap_or_default();
        Ok(groups.iter().any(|group| group.pinned_client_id.is_some()))
    }

    pub(crate) fn is_held(&self) -> bool {
        matches!(*self.pin(), Pin::Held { .. })
    }

    pub(crate) fn is_lost(&self) -> bool {
        matches!(*self.pin(), Pin::Lost)
    }

    /// Makes way for the next reader; whatever is given back has been.
    pub(crate) async fn give_up(&self) {
        let given_up = std::mem::take(&mut *self.pin());
        if matches!(given_up, Pin::Held { .. }) {
            sleep(BEFORE_THE_NEXT).await;
            unpin(&self.broker, self.stream, &self.consumer).await;
        }
    }

    fn pin(&self) -> MutexGuard<'_, Pin> {
        self.pin.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (true, Ok(runtime)) = (self.is_held(), Handle::try_current()) else { return };
        let (broker, stream, consumer) = (self.broker.clone(), self.stream, std::mem::take(&mut self.consumer));
        runtime.spawn(async move {
            sleep(BEFORE_THE_NEXT).await;
            unpin(&broker, stream, &consumer).await;
        });
    }
}

/// Not allowed, or not heard, it costs the time after which the server takes the reader for dead.
async fn unpin(broker: &Broker, stream: Stream, consumer: &str) {
    let asked: Result<Value, ReadError> =
        broker.ask(&format!("CONSUMER.UNPIN.{stream}.{consumer}"), &json!({ "group": GROUP })).await;
    if let Err(error) = asked {
        tracing::debug!(consumer, %error, "the next reader has to wait for the pin to run out");
    }
}
