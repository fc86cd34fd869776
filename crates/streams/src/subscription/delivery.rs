use std::time::Duration;

use async_nats::{Client, Subject};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::Broker;

/// With a delay, however short, the server keeps the order of what is given back together.
const GIVE_BACK: &str = r#"-NAK {"delay": 10000000}"#;

/// Without a connection nothing can be given back; the server takes it back by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// A message that the server waits to hear of. Dropped without a word, it gives itself back.
#[must_use]
pub(super) struct Delivery {
    client: Client,
    /// None once the server has been told.
    reply: Option<Subject>,
}

impl Delivery {
    pub(super) fn new(broker: &Broker, reply: Subject) -> Self {
        Self { client: broker.client.clone(), reply: Some(reply) }
    }

    /// Handled: it never comes again. With `confirm` the server has taken note when this returns.
    pub(super) async fn ack(self, confirm: bool) {
        self.settle("+ACK".to_owned(), confirm).await;
    }

    /// Given up; the server tells the world why.
    pub(super) async fn terminate(self, why: &str, confirm: bool) {
        self.settle(format!("+TERM {why}"), confirm).await;
    }

    /// Another reader may have it.
    pub(super) async fn give_back(self) {
        self.settle(GIVE_BACK.to_owned(), false).await;
    }

    /// Another reader, or this one, may have it, but not before.
    pub(super) async fn give_back_for(self, delay: Duration) {
        self.settle(format!(r#"-NAK {{"delay": {}}}"#, delay.as_nanos()), false).await;
    }

    /// An answer that is lost costs a second handling, no more.
    async fn settle(mut self, word: String, confirm: bool) {
        let Some(reply) = self.reply.take() else { return };
        let told = if confirm {
            self.client.request(reply, word.into()).await.map(drop).map_err(|error| error.to_string())
        } else {
            self.client.publish(reply, word.into()).await.map_err(|error| error.to_string())
        };
        if let Err(error) = told {
            tracing::warn!(error, "the broker did not hear how a delivery ended: it will come again");
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let (Some(reply), Ok(runtime)) = (self.reply.take(), Handle::try_current()) else { return };
        let client = self.client.clone();
        runtime.spawn(async move { timeout(PATIENCE, client.publish(reply, GIVE_BACK.into())).await });
    }
}
