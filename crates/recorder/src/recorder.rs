use std::collections::HashSet;
use std::pin::Pin;

use aggregates::{Command, Decider, Execute};
use events::{AggregateKey, Shop};
use streams::{AppendError, Cause, EventStore, Failure, Quarantine, Receipt, StoreError, Subscriber};
use tracing::Instrument;

use crate::outcome::{self, Outcome};
use crate::webhook::{Meaning, Webhook};

/// Records what the deliveries to known shops say.
pub struct Recorder {
    store: EventStore,
    quarantine: Quarantine,
    shops: HashSet<Shop>,
}

impl Recorder {
    pub fn new(store: EventStore, quarantine: Quarantine, shops: impl IntoIterator<Item = Shop>) -> Self {
        Self { store, quarantine, shops: shops.into_iter().collect() }
    }

    async fn settle(&self, webhook: &Webhook) -> Result<Outcome, Failure> {
        let shop = webhook.shop.as_ref().filter(|shop| self.shops.contains(shop));
        match (&webhook.meaning, shop) {
            (Meaning::Unreadable(reason, words), shop) => self.quarantine(webhook, shop, reason, words).await,
            (_, None) => self.quarantine(webhook, None, "unknown_shop", "no shop of ours").await,
            (Meaning::Commands(commands), Some(shop)) => self.record(webhook, shop, commands).await,
            (Meaning::Kept(reason), Some(_)) => Ok(Outcome::Kept(reason)),
        }
    }

    async fn quarantine(
        &self,
        webhook: &Webhook,
        shop: Option<&Shop>,
        reason: &'static str,
        words: &str,
    ) -> Result<Outcome, Failure> {
        self.quarantine.put(shop, reason, &webhook.delivery).await.map_err(not_kept)?;
        tracing::warn!(reason, words, "quarantined");
        Ok(Outcome::Quarantined(reason))
    }

    async fn record(&self, webhook: &Webhook, shop: &Shop, commands: &[Command]) -> Result<Outcome, Failure> {
        let cause = Cause {
            id: Cause::inbox_id(webhook.delivery.sequence),
            correlation_id: webhook.correlation_id.clone(),
            trace_parent: webhook.delivery.trace_parent.clone(),
        };
        let mut appended = 0;
        for command in commands {
            let append = Append { store: &self.store, key: &command.key(shop), cause: &cause };
            appended += command.clone().dispatch(append).await?.appended;
        }
        Ok(if appended == 0 { Outcome::Unchanged } else { Outcome::Recorded })
    }
}

/// Lets the aggregate decide, and appends.
struct Append<'a> {
    store: &'a EventStore,
    key: &'a AggregateKey,
    cause: &'a Cause,
}

impl<'a> Execute for Append<'a> {
    type Output = Pin<Box<dyn Future<Output = Result<Receipt, StoreError>> + Send + 'a>>;

    fn execute<A: Decider>(self, command: A::Command) -> Self::Output {
        Box::pin(self.store.execute::<A>(self.key, command, self.cause))
    }
}

impl Subscriber for Recorder {
    const NAME: &'static str = "recorder";
    type Message = Webhook;

    async fn handle(&self, webhook: &Webhook) -> Result<(), Failure> {
        let (topic, shop) = (webhook.topic, webhook.shop.as_ref().map_or("", Shop::as_str));
        let span = tracing::info_span!("record", sequence = webhook.delivery.sequence, shop, topic);
        let outcome = self.settle(webhook).instrument(span).await?;
        outcome.count(topic);
        outcome::count_version(webhook.version);
        Ok(())
    }
}

fn not_kept(error: AppendError) -> Failure {
    match error {
        AppendError::TooLarge { .. } | AppendError::Refused { .. } => Failure::reject(error),
        AppendError::Full | AppendError::Denied { .. } | AppendError::Unavailable(_) | AppendError::Unconfirmed => {
            Failure::unavailable(error)
        }
    }
}
