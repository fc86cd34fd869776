//! The event store: aggregates on JetStream, one literal subject each.

mod aggregate;
mod append;
mod batch;
mod cache;
mod execute;
mod load;
mod snapshot;
mod tell;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aggregates::Decider;
use events::{AggregateKey, DomainEvents, Event, Recorded};

pub use aggregate::AggregateStore;
pub use snapshot::{KeptSnapshot, SnapshotStore};

use crate::raw::{FromDelivery, Raw};
use crate::{Broker, ReadError, Sealer, Stream, Unreadable};
use cache::Cache;
use snapshot::Snapshots;

/// States kept in memory; an order's is a few kilobytes.
const CACHED_STATES: usize = 10_000;

/// Loads, decides and appends. Cheap to clone; clones share one cache of states.
#[derive(Clone)]
pub struct EventStore {
    broker: Broker,
    cache: Arc<Cache>,
    snapshots: Option<Snapshots>,
    sealer: Option<Arc<dyn Sealer>>,
    conflicts: Arc<AtomicU64>,
    learned: Arc<AtomicU64>,
    /// The greatest position of an event that came by another way than by asking.
    heard: Arc<AtomicU64>,
}

/// An aggregate's state, and which of its events it holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded<A> {
    pub state: A,
    /// How many events the aggregate has.
    pub version: u64,
    /// The position of the last of them; 0 when there is none.
    pub position: u64,
    /// The version that was last written down as a snapshot.
    kept: u64,
    /// The position of the last of them that was read and not appended here: others may have written it. 0 when
    /// there is none.
    learned: u64,
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The events it led to; 0 when the state already said so.
    pub appended: usize,
    /// The position of the aggregate's last event; 0 when it has none.
    pub position: u64,
}

/// Why a command was not carried out, or a state not read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Of the broker; the events may have been appended or not, and the same command finds out.
    #[error("the event store is not available: {0}")]
    Unavailable(String),
    /// The credentials do not fit the role.
    #[error("{0}")]
    Denied(String),
    /// Others may have written after the position that was named; the command was not decided.
    #[error("{key} was written to by others at position {position}")]
    Newer { key: AggregateKey, position: u64 },
    #[error("{key} was changed by others at each of {attempts} attempts")]
    Contended { key: AggregateKey, attempts: u32 },
    #[error("{key} cannot be read")]
    Unreadable { key: AggregateKey, source: Unreadable },
    /// The log itself is wrong: versions are dense from 1.
    #[error("{key} has version {found} at position {position}, where {expected} is due")]
    Gap { key: AggregateKey, position: u64, expected: u64, found: u64 },
    #[error("{key} is not an aggregate of kind {expected}")]
    WrongKind { key: AggregateKey, expected: &'static str },
    #[error("{key} refuses the command")]
    Refused { key: AggregateKey, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("an event of {key} cannot be appended: {reason}")]
    Rejected { key: AggregateKey, reason: String },
}

impl EventStore {
    pub fn new(broker: &Broker) -> Self {
        Self::with_capacity(broker, CACHED_STATES)
    }

    /// Keeps about as many states in memory.
    pub fn with_capacity(broker: &Broker, states: usize) -> Self {
        let cache = Arc::new(Cache::new(states));
        let (conflicts, learned, heard) = <(Arc<AtomicU64>, Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        Self { broker: broker.clone(), cache, snapshots: None, sealer: None, conflicts, learned, heard }
    }

    /// Loads of long histories begin with a snapshot where there is one that fits.
    #[must_use]
    pub fn with_snapshots(self, snapshots: Arc<dyn SnapshotStore>) -> Self {
        Self { snapshots: Some(Snapshots::start(snapshots)), ..self }
    }

    /// Commands are sealed before they are decided. Without it those that tell of people are refused.
    #[must_use]
    pub fn sealed_by(self, sealer: Arc<dyn Sealer>) -> Self {
        Self { sealer: Some(sealer), ..self }
    }

    /// How often something was decided in vain, because others appended to the same aggregate first.
    pub fn conflicts(&self) -> u64 {
        self.conflicts.load(Ordering::Relaxed)
    }

    /// The greatest position of an event that this process read and did not append. Whatever is read from the log
    /// after this was asked is newer than what led others to that event.
    pub fn learned(&self) -> u64 {
        self.learned.load(Ordering::Relaxed)
    }

    /// The state, at least as new as `at_least`: with the position of an event just received, that
    /// event and all before it are in. 0 asks for the newest there is.
    pub async fn load<A: Decider>(&self, key: &AggregateKey, at_least: u64) -> Result<Loaded<A>, StoreError> {
        check_kind::<A>(key)?;
        let slot = self.cache.slot(key);
        let mut kept = slot.kept.lock().await;
        let loaded = match kept.take::<A>() {
            Some(loaded) if at_least > 0 && loaded.position >= at_least => loaded,
            Some(mut loaded) => {
                self.catch_up(key, &mut loaded).await?;
                loaded
            }
            None => self.fresh(key).await?,
        };
        kept.put(loaded.clone());
        Ok(loaded)
    }

    /// All events of an aggregate, the newest too.
    pub async fn events(&self, key: &AggregateKey) -> Result<Vec<Recorded<Event>>, StoreError> {
        self.events_until(key, 0, u64::MAX).await
    }

    /// The aggregate's events after `position`: not all, but up to the one of this version and maybe some more.
    pub async fn events_until(
        &self,
        key: &AggregateKey,
        mut position: u64,
        version: u64,
    ) -> Result<Vec<Recorded<Event>>, StoreError> {
        let reached = |raw: &Raw| raw.envelope().is_ok_and(|envelope| envelope.aggregate_version >= version);
        let subject = events::subject::event(key);
        let stretch = load::stretch(&self.broker, &subject, position, reached).await;
        let mut history = stretch.map_err(|error| failed(key, error))?;
        position = history.last().map_or(position, Raw::sequence);
        while !history.last().is_some_and(reached) {
            let Some(next) = self.after(key, position).await? else { break };
            position = next.sequence();
            history.push(next);
        }
        history.iter().map(|raw| Recorded::read(raw).map_err(unreadable(key))).collect()
    }

    /// The store of one kind of aggregate, as cqrs-es knows it.
    pub fn of<A: Decider>(&self, shop: &events::Shop) -> AggregateStore<A> {
        AggregateStore::new(self.clone(), shop.clone())
    }

    /// The aggregate's messages after `position` as any replica has them; it may lag.
    async fn history(&self, key: &AggregateKey, position: u64) -> Result<Vec<Raw>, StoreError> {
        let subject = events::subject::event(key);
        load::history(&self.broker, &subject, position).await.map_err(|error| failed(key, error))
    }

    /// The aggregate's first message after `position`, as the stream's leader has it.
    async fn after(&self, key: &AggregateKey, position: u64) -> Result<Option<Raw>, StoreError> {
        let subject = events::subject::event(key);
        let next = self.broker.next_message(Stream::Events, &subject, position + 1).await;
        next.map_err(|error| failed(key, error))
    }
}

fn check_kind<A: Decider>(key: &AggregateKey) -> Result<(), StoreError> {
    let expected = <A::Event as DomainEvents>::KIND;
    if key.kind == expected {
        Ok(())
    } else {
        Err(StoreError::WrongKind { key: key.clone(), expected: expected.as_str() })
    }
}

fn failed(key: &AggregateKey, error: ReadError) -> StoreError {
    match error {
        ReadError::Denied { .. } => StoreError::Denied(error.to_string()),
        ReadError::Unreadable { source, .. } => StoreError::Unreadable { key: key.clone(), source },
        other => StoreError::Unavailable(other.to_string()),
    }
}

fn unreadable(key: &AggregateKey) -> impl Fn(Unreadable) -> StoreError + '_ {
    |source| StoreError::Unreadable { key: key.clone(), source }
}
