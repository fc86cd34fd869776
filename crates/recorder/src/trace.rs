use std::collections::HashMap;

use events::{AggregateKey, Event, Recorded, Shop, Timestamp};
use serde::Serialize;
use streams::{
    Bodies, Broker, Cause, DeadLetters, EventStore, Failure, Inbox, InboxDelivery, InboxReader, Quarantine, ReadError,
    StoreError, Subscriber, inbox_span, status,
};

use crate::decide::is_stale;
use crate::envelope::Envelope;
use crate::journal::{Firsts, JournalError, Standing, told};
use crate::recorder::{Recorder, reason};
use crate::webhook::{FORGOTTEN, Meaning, Webhook};

const BATCH: usize = 2_000;
/// Quarantined deliveries and dead letters that are looked through.
const MOST: usize = 100_000;

/// Finds out what became of deliveries, from the streams alone: nothing is kept for it. The journal only says
/// where to look; where it has not come to, the inbox is read.
pub struct Tracer {
    broker: Broker,
    bodies: Bodies,
    store: EventStore,
    firsts: Firsts,
    /// By the sequence in `INBOX`: the reason, and whether it was settled.
    quarantined: HashMap<u64, (String, Option<String>)>,
    dead: HashMap<u64, String>,
    /// The newest delivery that the recorder was given.
    given: u64,
    /// The last delivery that is looked at.
    last: u64,
}

/// A delivery, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Traced {
    /// In `INBOX`.
    pub sequence: u64,
    pub received_at: Timestamp,
    /// None when it came in for no shop of ours.
    pub shop: Option<Shop>,
    /// As the header spells it.
    pub topic: Option<String>,
    pub webhook_id: Option<String>,
    pub event_id: Option<String>,
    pub outcome: &'static str,
    /// Why it led to nothing.
    pub reason: Option<String>,
    /// The aggregates it speaks of; none when it cannot be read.
    #[serde(skip)]
    pub keys: Vec<AggregateKey>,
}

/// Why a trace is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the aggregate's state cannot be read")]
    State(#[from] Failure),
}

impl Tracer {
    /// `bodies` opens what is sealed.
    pub async fn open(broker: &Broker, firsts: Firsts, bodies: Bodies) -> Result<Self, TraceError> {
        let last = inbox_span(broker).await?.last;
        let recorder = status::read(broker, &[Recorder::durable()]).await?;
        let pending = recorder.durables.iter().map(|durable| durable.pending).sum::<u64>();
        let mut quarantined = HashMap::new();
        for item in Quarantine::new(broker).list(None, true, MOST).await? {
            let settled = item.settled.map(|settlement| settlement.outcome);
            quarantined.insert(item.delivery.sequence, (item.reason, settled));
        }
        let letters = DeadLetters::new(broker).list(Some(Recorder::NAME), MOST).await?;
        let dead = letters.into_iter().map(|letter| (letter.sequence, letter.class.to_string())).collect();
        let given = last.saturating_sub(pending);
        let (broker, store) = (broker.clone(), EventStore::new(broker));
        Ok(Self { broker, bodies, store, firsts, quarantined, dead, given, last })
    }

    /// The delivery at a sequence of `INBOX`; none when it is not there, or no longer.
    pub async fn delivery(&self, sequence: u64) -> Result<Option<Traced>, TraceError> {
        let Some(delivery) = Inbox::new(&self.broker).sealed_by(self.bodies.clone()).read(sequence).await? else {
            return Ok(None);
        };
        let standing = self.standing(&delivery).await?;
        self.explain(delivery, standing).await.map(Some)
    }

    /// Every delivery that has this `X-Shopify-Webhook-Id`: one, and its repetitions.
    pub async fn webhook(&self, webhook_id: &str, shop: Option<&Shop>) -> Result<Vec<Traced>, TraceError> {
        let mut found = self.firsts.of_webhook(webhook_id).await?;
        self.scan(shop, true, |delivery| {
            if Envelope::read(&delivery).webhook_id.as_deref() == Some(webhook_id) {
                found.push(delivery.sequence);
            }
            true
        })
        .await?;
        let mut traced = self.deliveries(found).await?;
        traced.retain(|one| shop.is_none_or(|shop| one.shop.as_ref() == Some(shop)));
        Ok(traced)
    }

    /// Every delivery that speaks of the aggregate and is still in `INBOX`.
    pub async fn aggregate(&self, key: &AggregateKey) -> Result<Vec<Traced>, TraceError> {
        let mut found = self.firsts.naming(key).await?;
        // A body that speaks of several aggregates is found under one of them; its events name it all the same.
        let events = self.events(key).await?;
        found.extend(events.iter().filter_map(|event| Cause::inbox_sequence(&event.envelope.causation_id)));
        self.scan(Some(&key.shop), false, |delivery| {
            let sequence = delivery.sequence;
            if keys(&Webhook::from(delivery)).contains(key) {
                found.push(sequence);
            }
            true
        })
        .await?;
        self.deliveries(found).await
    }

    async fn deliveries(&self, mut sequences: Vec<u64>) -> Result<Vec<Traced>, TraceError> {
        sequences.sort_unstable();
        sequences.dedup();
        let mut traced = Vec::with_capacity(sequences.len());
        for sequence in sequences {
            traced.extend(self.delivery(sequence).await?);
        }
        Ok(traced)
    }

    async fn standing(&self, delivery: &InboxDelivery) -> Result<Standing, TraceError> {
        let Some((key, this)) = told(delivery) else { return Ok(Standing::First) };
        if let Some(first) = self.firsts.first(&key).await? {
            return Ok(this.standing(&first));
        }
        // Only what came before can have been the first.
        let mut standing = Standing::First;
        self.scan(Some(&this.shop), true, |earlier| {
            if let Some((_, first)) = told(&earlier).filter(|(other, _)| *other == key) {
                standing = this.standing(&first);
            }
            earlier.sequence < this.sequence && standing == Standing::First
        })
        .await?;
        Ok(standing)
    }

    /// All events of an aggregate.
    pub async fn events(&self, key: &AggregateKey) -> Result<Vec<Recorded<Event>>, TraceError> {
        Ok(self.store.events(key).await?)
    }

    /// Hands out the deliveries that the journal has not come to, oldest first, until told to stop.
    async fn scan(
        &self,
        shop: Option<&Shop>,
        headers_only: bool,
        mut see: impl FnMut(InboxDelivery) -> bool,
    ) -> Result<(), TraceError> {
        let mut reader = InboxReader::new(&self.broker, self.firsts.reached()).opened_by(self.bodies.clone());
        reader = if let Some(shop) = shop { reader.of(shop) } else { reader };
        reader = if headers_only { reader.headers_only() } else { reader };
        while reader.position() < self.last {
            let batch = reader.rest(BATCH).await?;
            if batch.is_empty() {
                return Ok(());
            }
            for delivery in batch {
                if delivery.sequence > self.last || !see(delivery) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn explain(&self, delivery: InboxDelivery, standing: Standing) -> Result<Traced, TraceError> {
        let envelope = Envelope::read(&delivery);
        let webhook = Webhook::from(delivery);
        let keys = keys(&webhook);
        let (outcome, reason) = self.outcome(&webhook, &keys, standing).await?;
        Ok(Traced {
            sequence: webhook.delivery.sequence,
            received_at: webhook.delivery.received_at,
            shop: webhook.shop,
            topic: envelope.topic_name,
            webhook_id: envelope.webhook_id,
            event_id: envelope.event_id,
            outcome,
            reason,
            keys,
        })
    }

    async fn outcome(
        &self,
        webhook: &Webhook,
        keys: &[AggregateKey],
        standing: Standing,
    ) -> Result<(&'static str, Option<String>), TraceError> {
        let sequence = webhook.delivery.sequence;
        for key in keys {
            let cause = Cause::inbox_id(sequence);
            if self.store.events(key).await?.iter().any(|event| event.envelope.causation_id == cause) {
                return Ok(("recorded", None));
            }
        }
        if let Some((reason, settled)) = self.quarantined.get(&sequence) {
            return Ok(match settled {
                Some(outcome) => ("released", Some(format!("{reason}, then {outcome}"))),
                None => ("quarantined", Some(reason.clone())),
            });
        }
        if let Some(class) = self.dead.get(&sequence) {
            return Ok(("dead", Some(class.clone())));
        }
        if sequence > self.given {
            return Ok(("pending", None));
        }
        match (&webhook.meaning, &webhook.shop) {
            (Meaning::Commands(commands), Some(shop)) => {
                let mut stale = false;
                for command in commands {
                    stale |= is_stale(&self.store, &command.key(shop), command.clone()).await?;
                }
                Ok(("dropped", Some(reason(standing, stale).as_str().to_owned())))
            }
            // Its body is; what it led to still names it as its cause.
            (Meaning::Kept(FORGOTTEN), _) => Ok((FORGOTTEN, None)),
            (Meaning::Kept(reason), _) => Ok(("kept", Some((*reason).to_owned()))),
            // Its copy in the quarantine has gone by its age, or it is on its way there.
            (Meaning::Unreadable(reason, _), _) => Ok(("unreadable", Some((*reason).to_owned()))),
            (Meaning::Commands(_), None) => Ok(("unreadable", Some("unknown_shop".to_owned()))),
        }
    }
}

fn keys(webhook: &Webhook) -> Vec<AggregateKey> {
    match (&webhook.meaning, &webhook.shop) {
        (Meaning::Commands(commands), Some(shop)) => {
            let mut keys: Vec<AggregateKey> = commands.iter().map(|command| command.key(shop)).collect();
            keys.dedup();
            keys
        }
        _ => Vec::new(),
    }
}
