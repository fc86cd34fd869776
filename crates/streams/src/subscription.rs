//! Durable subscriptions: every message is handled, or parked and tried again, or becomes a dead letter.

mod delivery;
mod failure;
mod handling;
mod intake;
mod lanes;
mod overflow;
mod run;
mod step;
mod succession;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_nats::Subject;
use events::Shop;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use failure::{Failure, RetrySchedule};
pub use run::Drained;
pub use step::Step;

use crate::backoff::Backoff;
use crate::place::Place;
use crate::pull::Pull;
use crate::raw::{FromDelivery, Raw};
use crate::topology::{MAX_ACK_PENDING, redrive_name};
use crate::tries::Tries;
use crate::{Broker, DeadLetters, Durable, ReadError, Stream, subscribers};
use handling::{Finished, Handling, Item};
use lanes::Lanes;
use overflow::Overflow;
use succession::Succession;

/// Reacts to the messages of one durable consumer.
pub trait Subscriber: Send + Sync + 'static {
    /// The durable's name: frozen, for another name starts over from the first message.
    const NAME: &'static str;
    type Message: FromDelivery;

    /// Told of every message when it is delivered for the first time, in the order of the stream and before it is
    /// handled: for those who keep what they will need.
    fn hear(&self, _message: &Self::Message) {}

    /// Called once at a time per lane; called again for a message whose handling may not have ended well.
    fn handle(&self, message: &Self::Message) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Makes a message readable before it is read; most are stored as they are.
    fn open(&self, raw: Raw) -> impl Future<Output = Result<Raw, Failure>> + Send {
        async { Ok(raw) }
    }

    /// Whether replicas share the messages. Else one of them has all until it stops or dies, so that a key has
    /// one reader, and the others are ready to take over.
    const SHARED: bool = false;

    /// Subjects of interest; none means all of the stream's.
    fn filters() -> Vec<String> {
        Vec::new()
    }

    /// What `streams ensure` makes for it.
    fn durable() -> Durable {
        Durable { name: Self::NAME, stream: Self::Message::STREAM, filters: Self::filters(), shared: Self::SHARED }
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
    /// Where it reads alone.
    place: Option<Arc<Place>>,
    /// Another replica had the place when we last looked. Then nothing is asked for: the server would try to
    /// deliver to us too, and what comes again would lose its order.
    stands_by: bool,
    /// Just after it has become our turn.
    succession: Option<Succession>,
    /// Dead letters that come back.
    redrives: Option<Pull>,
    /// Shops whose messages wait because an operator said so.
    paused_shops: BTreeMap<Shop, String>,
    lanes: Lanes<Item<S::Message>>,
    overflow: Overflow,
    /// Every message held, with the subject that settles it.
    held: BTreeMap<u64, Subject>,
    running: JoinSet<Finished<Item<S::Message>>>,
    /// Lane and sequence of what runs: a task that is lost can say neither.
    under_way: HashMap<tokio::task::Id, (String, u64)>,
    pause: Option<Instant>,
    backoff: Backoff,
    keep_alive: Duration,
    /// For how long a message is given back that cannot be kept here.
    hold_back: Duration,
}

impl<S: Subscriber> Subscription<S> {
    /// Finds the durable consumer; fails when `streams ensure` has not made it.
    pub async fn open(broker: &Broker, subscriber: S, settings: SubscriptionSettings) -> Result<Self, OpenError> {
        let durable = S::durable();
        let failed = |source| OpenError { name: S::NAME, source };
        let info = broker.consumer_info(durable.stream, durable.name).await.map_err(failed)?;
        let missing = || failed(ReadError::Missing(format!("the durable consumer {}", durable.name)));
        let config = info.ok_or_else(missing)?.config;
        let (ack_wait, paused_shops) = (config.ack_wait, subscribers::paused_shops(&config.metadata));
        let capacity = settings.capacity.min(usize::try_from(MAX_ACK_PENDING).unwrap_or(usize::MAX));
        let place = (!durable.shared).then(|| Arc::new(Place::new(broker, durable.stream, durable.name)));
        Ok(Self {
            broker: broker.clone(),
            handling: Arc::new(Handling {
                subscriber,
                stream: durable.stream,
                retry: settings.retry.clone(),
                dead_letters: DeadLetters::new(broker),
                tries: Tries::new(broker),
            }),
            durable,
            settings: SubscriptionSettings { capacity, ..settings },
            pull: None,
            place,
            stands_by: false,
            succession: None,
            redrives: None,
            paused_shops,
            lanes: Lanes::default(),
            overflow: Overflow::default(),
            held: BTreeMap::new(),
            running: JoinSet::new(),
            under_way: HashMap::new(),
            pause: None,
            backoff: Backoff::new(Duration::from_millis(200), Duration::from_secs(30)),
            keep_alive: ack_wait / 3,
            hold_back: ack_wait * 2 / 3,
        })
    }

    fn room(&self) -> usize {
        let kept = self.succession.as_ref().map_or(0, Succession::len);
        self.settings.capacity.saturating_sub(self.held.len() + kept)
    }

    /// How many messages to ask for. The first tells whether the place is ours.
    fn wanted(&self) -> usize {
        let wanted = match (&self.place, &self.succession) {
            (Some(place), _) if !place.is_held() => 1,
            (_, Some(succession)) => succession.wanted(),
            _ => usize::MAX,
        };
        self.room().min(wanted)
    }

    /// Opens the taps that are closed: the messages, and what is redriven.
    async fn connect(&mut self) -> Result<(), ReadError> {
        if self.pull.is_none() {
            self.look().await?;
            if self.stands_by {
                return Ok(());
            }
            let pull = Pull::open(&self.broker, self.durable.stream, self.durable.name).await?;
            self.pull = Some(match &self.place {
                Some(place) => pull.at(Arc::clone(place)),
                None => pull,
            });
        }
        if self.redrives.is_none() {
            let name = redrive_name(self.durable.name);
            self.redrives = Some(Pull::open(&self.broker, Stream::DeadLetters, &name).await?);
        }
        Ok(())
    }

    /// Whether it is our turn to read.
    async fn look(&mut self) -> Result<(), ReadError> {
        if let Some(place) = self.place.as_ref().filter(|place| !place.is_held()) {
            self.stands_by = place.is_taken().await?;
        }
        Ok(())
    }

    async fn disconnect(&mut self) {
        self.pull = None;
        self.redrives = None;
        self.heed_the_loss().await;
    }

    /// What is not under way is for the one who has the place now.
    async fn heed_the_loss(&mut self) {
        if self.place.as_ref().is_some_and(|place| place.is_lost()) {
            self.make_way().await;
        }
    }

    /// Starts what may run now.
    fn start(&mut self, confirm: bool) {
        if self.pause.is_some() {
            return;
        }
        while self.running.len() < self.settings.lanes {
            let Some((lane, item)) = self.lanes.next() else { return };
            if self.is_paused(&item.raw) {
                self.lanes.park(lane, item, Instant::now() + self.hold_back);
                continue;
            }
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
            Some(Finished::NotYet(item, delay)) => {
                self.lanes.park(lane, item, Instant::now() + delay);
                Finished::NotYet((), delay)
            }
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
            let wait = self.backoff.next_wait();
            tracing::warn!(subscriber = S::NAME, reason, ?wait, "subscriber paused");
            self.pause = Some(Instant::now() + wait);
        }
        metrics::gauge!("tillstream_subscriber_paused", "subscriber" => S::NAME).set(1.0);
    }
}

fn count<S: Subscriber>(outcome: &'static str) {
    metrics::counter!("tillstream_deliveries_total", "subscriber" => S::NAME, "outcome" => outcome).increment(1);
}
