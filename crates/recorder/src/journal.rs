mod index;

pub(crate) use index::about;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use db::{Advance, Change, Column, Content, Database, Filter, Log, Order, RowKey, Select, Table};
use events::{AggregateKey, Shop};
use serde::{Deserialize, Serialize};
use streams::{
    Backoff, Bodies, Broker, Failure, InboxDelivery, InboxReader, ReadError, Stream, inbox_span, stream_epoch,
};
use tokio::sync::watch;
use tokio::task::{JoinError, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::envelope::Envelope;

/// The checkpoint's name, and its table's.
const NAME: &str = "first_deliveries";
const VERSION: u32 = 2;
const TABLE: Table =
    Table { name: NAME, version: VERSION, columns: &[Column::integer("sequence")], indexes: &[&["sequence"]] };
/// A signed body is looked for in all shops, so all rows are under one name.
const EVERY_SHOP: &str = "every-shop";

const BATCH: usize = 2_000;
const HEARTBEAT: Duration = Duration::from_secs(2);
const PRUNE_EVERY: Duration = Duration::from_secs(60);
const PRUNE_ROWS: u32 = 1_000;
/// How long a delivery waits for the journal before the recorder pauses.
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Remembers which delivery brought a signed body first, and what each speaks of: a copy of `INBOX` by
/// signature, and an index of it.
///
/// It is folded from the inbox in its order, so every copy of it says the same, and a lost one is made
/// again before anything is decided on it. It holds what the inbox holds.
pub struct Journal {
    db: Database,
    broker: Broker,
    bodies: Bodies,
    /// None before the first read, and after a failure.
    reader: Option<InboxReader>,
    pruned: Option<Instant>,
    reached: watch::Sender<u64>,
}

/// What the journal says, for those who decide.
#[derive(Debug, Clone)]
pub struct Firsts {
    db: Database,
    reached: watch::Receiver<u64>,
}

/// The delivery that brought a signed body first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct First {
    pub(crate) sequence: u64,
    pub(crate) shop: Shop,
    pub(crate) topic: String,
    pub(crate) webhook_id: Option<String>,
}

/// How a delivery stands to the first one of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is the first, or nothing tells.
    First,
    /// Shopify, or somebody, sent the same delivery again.
    Repeated,
    /// Another delivery of the same resource had the same body.
    Known,
    /// A captured body: the signature covers neither shop nor topic.
    OtherShop,
    OtherTopic,
}

/// Why the journal stands still; it tries again.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error(transparent)]
    Inbox(#[from] ReadError),
    #[error(transparent)]
    Resume(#[from] db::ResumeError),
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("a row of the journal cannot be read")]
    Row(#[from] serde_json::Error),
    #[error("a batch of deliveries could not be looked through")]
    Panicked(#[from] JoinError),
}

impl Journal {
    /// Makes its tables.
    pub async fn open(db: Database, broker: &Broker) -> Result<Self, db::Error> {
        ensure(&db).await?;
        let reached = watch::Sender::new(0);
        Ok(Self { db, broker: broker.clone(), bodies: Bodies::default(), reader: None, pruned: None, reached })
    }

    /// Looks into bodies that are sealed; without this it cannot.
    #[must_use]
    pub fn opened_by(self, bodies: Bodies) -> Self {
        Self { bodies, ..self }
    }

    pub fn firsts(&self) -> Firsts {
        Firsts { db: self.db.clone(), reached: self.reached.subscribe() }
    }

    /// Follows the inbox until shutdown. A failure is logged and tried again; the recorder waits meanwhile.
    pub async fn run(mut self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.follow()).await;
    }

    async fn follow(&mut self) -> Infallible {
        let mut pauses = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match self.advance().await {
                Ok(()) => pauses.reset(),
                Err(error) => {
                    self.reader = None;
                    tracing::error!(error = &error as &dyn std::error::Error, "the recorder's journal stands still");
                    metrics::counter!("tillstream_recorder_journal_failures_total").increment(1);
                    tokio::time::sleep(pauses.next_wait()).await;
                }
            }
        }
    }

    /// One batch, or one heartbeat.
    async fn advance(&mut self) -> Result<(), JournalError> {
        let reader = self.connect().await?;
        let from = reader.position();
        let deliveries = reader.next_batch(BATCH, HEARTBEAT).await?;
        let to = reader.position();
        if to == from {
            self.db.beat(&[(NAME, VERSION)], None).await?;
        } else {
            self.write(from, to, deliveries).await?;
            self.reached.send_replace(to);
        }
        if self.pruned.is_none_or(|at| at.elapsed() > PRUNE_EVERY) {
            self.prune().await?;
            self.pruned = Some(Instant::now());
        }
        Ok(())
    }

    async fn connect(&mut self) -> Result<&mut InboxReader, JournalError> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => {
                let epoch = stream_epoch(&self.broker, Stream::Inbox).await?.to_string();
                let log = Log { epoch, head: inbox_span(&self.broker).await?.last };
                let position = self.db.resume(NAME, VERSION, &log).await?;
                self.reached.send_replace(position);
                InboxReader::new(&self.broker, position).opened_by(self.bodies.clone())
            }
        };
        Ok(self.reader.insert(reader))
    }

    async fn write(&self, from: u64, to: u64, deliveries: Vec<InboxDelivery>) -> Result<(), JournalError> {
        // Bodies are looked into: not on the threads that deliveries are waiting for.
        let (mut firsts, index) = spawn_blocking(move || rows(&deliveries)).await?;
        let keys: Vec<RowKey> = firsts.keys().map(|key| row_key(key)).collect();
        let mut batch = self.db.begin().await?;
        for held in batch.load(&TABLE, &keys).await? {
            firsts.remove(&held.key.id);
        }
        let mut changes = Vec::with_capacity(firsts.len());
        for (key, first) in firsts {
            let columns = vec![first.sequence.cast_signed().into()];
            let content = Content { data: serde_json::to_string(&first)?, columns };
            changes.push(Change { key: row_key(&key), content: Some(content), position: first.sequence });
        }
        batch.save(&TABLE, changes).await?;
        batch.save(&index::TABLE, index).await?;
        batch.advance(&[Advance { name: NAME, version: VERSION, from }], to).await?;
        Ok(batch.commit().await?)
    }

    /// Forgets what the inbox no longer holds.
    async fn prune(&self) -> Result<(), JournalError> {
        let oldest = inbox_span(&self.broker).await?.first;
        self.forget(&TABLE, oldest).await?;
        self.forget(&index::TABLE, oldest).await
    }

    async fn forget(&self, table: &Table, oldest: u64) -> Result<(), JournalError> {
        loop {
            let select = Select {
                shop: &every_shop(),
                filters: vec![Filter::Below("sequence", oldest.cast_signed())],
                order: Order::Id,
                after: None,
                limit: PRUNE_ROWS,
            };
            let page = self.db.select(table, select).await?;
            if page.documents.is_empty() {
                return Ok(());
            }
            let gone =
                |document: db::Document| Change { key: document.key, content: None, position: document.position };
            let mut batch = self.db.begin().await?;
            batch.save(table, page.documents.into_iter().map(gone).collect()).await?;
            batch.commit().await?;
        }
    }
}

impl Firsts {
    /// The journal as another process keeps it; what it has not reached yet cannot be told.
    pub async fn read(db: Database) -> Result<Self, db::Error> {
        ensure(&db).await?;
        let (_, reached) = watch::channel(db.position(NAME, VERSION).await?);
        Ok(Self { db, reached })
    }

    /// How the delivery stands to all that came before it; waits until the journal has come so far.
    pub(crate) async fn standing(&self, delivery: &InboxDelivery) -> Result<Standing, Failure> {
        let Some((key, this)) = told(delivery) else { return Ok(Standing::First) };
        let mut reached = self.reached.clone();
        let waited = tokio::time::timeout(PATIENCE, reached.wait_for(|reached| *reached >= this.sequence));
        let there = waited.await.is_ok_and(|reached| reached.is_ok());
        if !there {
            return Err(Failure::unavailable("the recorder's journal has not come so far"));
        }
        let first = self.first(&key).await.map_err(Failure::unavailable)?;
        Ok(first.map_or(Standing::First, |first| this.standing(&first)))
    }

    /// Up to where the inbox is known.
    pub(crate) fn reached(&self) -> u64 {
        *self.reached.borrow()
    }

    /// The delivery that was first with this signature.
    pub(crate) async fn first(&self, key: &str) -> Result<Option<First>, JournalError> {
        let held = self.db.get(&TABLE, &every_shop(), key).await?;
        Ok(held.map(|held| serde_json::from_str(&held.data)).transpose()?)
    }

    /// The sequences of the deliveries whose body names this aggregate, oldest first.
    pub(crate) async fn naming(&self, key: &AggregateKey) -> Result<Vec<u64>, JournalError> {
        Ok(index::naming(&self.db, key).await?)
    }

    /// The sequences of the deliveries with this `X-Shopify-Webhook-Id`, oldest first.
    pub(crate) async fn of_webhook(&self, id: &str) -> Result<Vec<u64>, JournalError> {
        Ok(index::of_webhook(&self.db, id).await?)
    }
}

impl First {
    /// How this delivery stands to the one that was first.
    pub(crate) fn standing(&self, first: &Self) -> Standing {
        if self.sequence <= first.sequence {
            Standing::First
        } else if self.shop != first.shop {
            Standing::OtherShop
        } else if resource(&self.topic) != resource(&first.topic) {
            Standing::OtherTopic
        } else if self.topic == first.topic && self.webhook_id == first.webhook_id {
            Standing::Repeated
        } else {
            Standing::Known
        }
    }
}

/// What a delivery tells the journal. The signature stands for the body: whoever sends a body again without
/// knowing the secret has no other. A delivery of no shop, or of a topic that there is not, is recorded
/// nowhere, so it cannot take another's place.
pub(crate) fn told(delivery: &InboxDelivery) -> Option<(String, First)> {
    told_by(Envelope::read(delivery), delivery.sequence)
}

fn told_by(envelope: Envelope, sequence: u64) -> Option<(String, First)> {
    let first = First {
        sequence,
        shop: envelope.shop?,
        topic: envelope.topic?.name.to_owned(),
        webhook_id: envelope.webhook_id,
    };
    Some((envelope.signature?, first))
}

async fn ensure(db: &Database) -> Result<(), db::Error> {
    db.ensure(&TABLE).await?;
    db.ensure(&index::TABLE).await
}

/// The first delivery of each signature, and the index's row of each delivery.
fn rows(deliveries: &[InboxDelivery]) -> (BTreeMap<String, First>, Vec<Change>) {
    let (mut firsts, mut index) = (BTreeMap::new(), Vec::with_capacity(deliveries.len()));
    for delivery in deliveries {
        let envelope = Envelope::read(delivery);
        index.push(index::row(delivery, &envelope));
        if let Some((key, first)) = told_by(envelope, delivery.sequence) {
            firsts.entry(key).or_insert(first);
        }
    }
    (firsts, index)
}

/// One resource's topics may say the same: `orders/create` and `orders/paid` of one action share their body.
fn resource(topic: &str) -> &str {
    topic.split(['/', '.']).next().unwrap_or(topic)
}

fn row_key(key: &str) -> RowKey {
    RowKey { shop: every_shop(), id: key.to_owned() }
}

fn every_shop() -> Shop {
    EVERY_SHOP.parse().unwrap_or_else(|_| unreachable!("a well-formed name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(sequence: u64, shop: &str, topic: &str, webhook_id: &str) -> First {
        let webhook_id = Some(webhook_id.to_owned());
        First { sequence, shop: shop.parse().unwrap(), topic: topic.to_owned(), webhook_id }
    }

    #[test]
    fn a_body_may_come_again_only_as_what_it_was() {
        let held = first(5, "acme", "orders/create", "a");
        let cases = [
            (first(5, "acme", "orders/create", "a"), Standing::First),
            // The inbox's order decides, not the order of handling.
            (first(4, "other", "orders/create", "a"), Standing::First),
            (first(6, "acme", "orders/create", "a"), Standing::Repeated),
            (first(6, "acme", "orders/create", "b"), Standing::Known),
            (first(6, "acme", "orders/paid", "b"), Standing::Known),
            (first(6, "acme", "products/delete", "a"), Standing::OtherTopic),
            (first(6, "other", "orders/create", "a"), Standing::OtherShop),
            (first(6, "other", "products/delete", "b"), Standing::OtherShop),
        ];
        for (again, standing) in cases {
            assert_eq!(again.standing(&held), standing, "{again:?}");
        }
    }
}
