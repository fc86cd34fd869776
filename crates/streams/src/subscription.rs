//! Durable subscriptions: every message is handled, or parked and tried again, or becomes a dead letter.

mod delivery;
mod failure;
mod handling;
mod lanes;
mod run;
mod step;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::Subject;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use failure::{Failure, RetrySchedule};
pub use run::Drained;
pub use step::Step;

use crate::backoff::Backoff;
use crate::pull::Pull;
use crate::raw::{FromDelivery, Raw};
use crate::topology::MAX_ACK_PENDING;
use crate::{Broker, DeadLetters, Durable, ReadError};
use delivery::Delivery;
use handling::{Finished, Handling, Item};
use lanes::Lanes;

/// Reacts to the messages of one durable consumer.
pub trait Subscriber: Send + Sync + 'static {
    /// The durable's name: frozen, for another name starts over from the first message.
    const NAME: &'static str;
    type Message: FromDelivery;

    /// Called once at a time per lane; called again for a message whose handling may not have ended well.
    fn handle(&self, message: &Self::Message) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Subjects of interest; none means all of the stream's.
    fn filters() -> Vec<String> {
        Vec::new()
    }

    /// What `streams ensure` makes for it.
    fn durable() -> Durable {
        Durable { name: Self::NAME, stream: Self::Message::STREAM, filters: Self::filters() }
    }

    /// Messages of one lane are handled one after the other, in the order of the stream.
    fn lane(&self, message: &Self::Message) -> String {
        message.lane()
    }
}

/// How a subscription works.
#[derive(Debug, Clone)]
pub struct SubscriptionSettings {
    /// How many messages are handled at once, of as many lanes.
    pub lanes: usize,
    /// How many messages are held in memory: handled, waiting for their lane, or parked.
    pub capacity: usize,
    pub retry: RetrySchedule,
    /// How long messages under way may still take after shutdown.
    pub drain: Duration,
}

impl Default for SubscriptionSettings {
    fn default() -> Self {
        Self { lanes: 16, capacity: 2048, retry: RetrySchedule::default(), drain: Duration::from_secs(20) }
    }
}

/// Why a subscription cannot begin.
#[derive(Debug, thiserror::Error)]
#[error("the subscription {name} cannot be opened")]
pub struct OpenError {
    name: &'static str,
    source: ReadError,
}

type Ended<M> = Result<(tokio::task::Id, Finished<Item<M>>), tokio::task::JoinError>;

/// One subscriber at its durable consumer.
pub struct Subscription<S: Subscriber> {
    broker: Broker,
    durable: Durable,
    settings: SubscriptionSettings,
    handling: Arc<Handling<S>>,
    pull: Option<Pull>,
    lanes: Lanes<Item<S::Message>>,
    /// Every message held, with the subject that settles it.
    held: HashMap<u64, Subject>,
    running: JoinSet<Finished<Item<S::Message>>>,
    /// Lane and sequence of what runs: a task that is lost can say neither.
    under_way: HashMap<tokio::task::Id, (String, u64)>,
    pause: Option<Instant>,
    backoff: Backoff,
    keep_alive: Duration,
}

impl<S: Subscriber> Subscription<S> {
    /// Finds the durable consumer; fails when `streams ensure` has not made it.
    pub async fn open(broker: &Broker, subscriber: S, settings: SubscriptionSettings) -> Result<Self, OpenError> {
        let durable = S::durable();
        let failed = |source| OpenError { name: S::NAME, source };
        let info = broker.consumer_info(durable.stream, durable.name).await.map_err(failed)?;
        let missing = || failed(ReadError::Missing(format!("the durable consumer {}", durable.name)));
        let ack_wait = info.ok_or_else(missing)?.config.ack_wait;
        let capacity = settings.capacity.min(usize::try_from(MAX_ACK_PENDING).unwrap_or(usize::MAX));
        Ok(Self {
            broker: broker.clone(),
            handling: Arc::new(Handling {
                subscriber,
                stream: durable.stream,
                retry: settings.retry.clone(),
                dead_letters: DeadLetters::new(broker),
            }),
            durable,
            settings: SubscriptionSettings { capacity, ..settings },
            pull: None,
            lanes: Lanes::default(),
            held: HashMap::new(),
            running: JoinSet::new(),
            under_way: HashMap::new(),
            pause: None,
            backoff: Backoff::new(Duration::from_millis(200), Duration::from_secs(30)),
            keep_alive: ack_wait / 3,
        })
    }

    fn room(&self) -> usize {
        self.settings.capacity.saturating_sub(self.held.len())
    }

    async fn connect(&mut self) -> Result<&mut Pull, ReadError> {
        let pull = match self.pull.take() {
            Some(pull) => pull,
            None => Pull::open(&self.broker, self.durable.stream, self.durable.name).await?,
        };
        Ok(self.pull.insert(pull))
    }

    /// Puts a message into its lane.
    async fn take_in(&mut self, message: async_nats::Message) {
        let Some(reply) = message.reply.clone() else { return };
        let raw = match Raw::delivered(message) {
            Ok(raw) => raw,
            Err(error) => return tracing::error!(subscriber = S::NAME, %error, "a delivery is not JetStream's"),
        };
        // The server thinks that we are dead and delivers again what is still held here.
        if self.held.contains_key(&raw.sequence) {
            return;
        }
        let sequence = raw.sequence;
        let delivery = Delivery::new(&self.broker, reply.clone());
        let content = S::Message::read(&raw);
        if content.as_ref().is_err_and(crate::Unreadable::is_unknown_type) {
            count::<S>("skipped");
            return delivery.ack(false).await;
        }
        let lane = content.as_ref().ok().and_then(|message| self.handling.lane(message));
        let lane = lane.unwrap_or_else(|| raw.subject().to_owned());
        self.held.insert(sequence, reply);
        self.lanes.push(lane, Item { delivery, raw, content, attempts: 0 });
    }

    /// Starts what may run now.
    fn start(&mut self, confirm: bool) {
        if self.pause.is_some() {
            return;
        }
        while self.running.len() < self.settings.lanes {
            let Some((lane, item)) = self.lanes.next() else { return };
            let sequence = item.raw.sequence;
            let handling = Arc::clone(&self.handling);
            let task = self.running.spawn(async move { handling.run(item, confirm).await });
            self.under_way.insert(task.id(), (lane, sequence));
        }
    }

    /// Takes note of how a handling ended.
    fn finish(&mut self, ended: Ended<S::Message>) -> Finished<()> {
        let (id, finished) = match ended {
            Ok((id, finished)) => (id, Some(finished)),
            // Torn down with the runtime; the delivery has given itself back.
            Err(lost) => (lost.id(), None),
        };
        let (lane, sequence) = self.under_way.remove(&id).unwrap_or_default();
        match finished {
            Some(Finished::Retry(item, delay)) => {
                self.lanes.park(lane, item, Instant::now() + delay);
                self.backoff.reset();
                count::<S>("retried");
                Finished::Retry((), delay)
            }
            Some(Finished::Unavailable(item, reason)) => {
                self.lanes.put_back(lane, item);
                self.pause(&reason);
                Finished::Unavailable((), reason)
            }
            Some(Finished::Settled(settled)) => {
                self.held.remove(&sequence);
                self.lanes.done(&lane);
                self.backoff.reset();
                count::<S>(settled.as_str());
                Finished::Settled(settled)
            }
            None => {
                self.held.remove(&sequence);
                self.lanes.done(&lane);
                Finished::Unavailable((), "a handling was torn down".to_owned())
            }
        }
    }

    /// Nothing is started for a while: it would fail alike.
    fn pause(&mut self, reason: &str) {
        if self.pause.is_none() {
            let wait = self.backoff.next();
            tracing::warn!(subscriber = S::NAME, reason, ?wait, "subscriber paused");
            self.pause = Some(Instant::now() + wait);
        }
        metrics::gauge!("tillstream_subscriber_paused", "subscriber" => S::NAME).set(1.0);
    }
}

fn count<S: Subscriber>(outcome: &'static str) {
    metrics::counter!("tillstream_deliveries_total", "subscriber" => S::NAME, "outcome" => outcome).increment(1);
}
