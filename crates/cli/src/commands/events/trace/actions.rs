use std::collections::BTreeMap;
use std::time::Duration;

use db::Database;
use events::{AggregateKey, Event, Recorded, Shop};
use projections::conversations;
use streams::{Broker, Cause, EventReader, EventStore};

use crate::commands::events::refuse_past_end;
use crate::failure::{Exit, Failure, Outcome};
use crate::roles;

const BATCH: usize = 5_000;
const WAIT: Duration = Duration::from_secs(2);
/// From so many actions on, reading the log once is quicker than asking for each.
const MANY: usize = 5_000;

/// Finds what merchant actions led to: where the read model says, and in the log where that has not come to.
pub(super) struct Actions<'a> {
    broker: &'a Broker,
    store: EventStore,
    database: &'a Database,
    /// The position that the read model has reached.
    indexed: u64,
    head: u64,
}

/// What all that one merchant action led to has in common.
type Action = (Shop, String);
type Found = BTreeMap<u64, Recorded<Event>>;

impl<'a> Actions<'a> {
    pub(super) async fn open(broker: &'a Broker, database: &'a Database, head: u64) -> Outcome<Self> {
        let indexed = projections::position(database, conversations::READS).await?;
        Ok(Self { broker, store: EventStore::new(broker), database, indexed, head })
    }

    /// The event at a position.
    pub(super) async fn event(&self, position: u64) -> Outcome<Recorded<Event>> {
        refuse_past_end(position, self.head)?;
        let mut reader = EventReader::open(self.broker, position - 1).await.map_err(roles::explain)?;
        let entries = reader.next_batch(1, WAIT).await.map_err(roles::explain)?;
        let found = entries.into_iter().find(|entry| entry.position == position).and_then(|entry| entry.event);
        found.ok_or_else(|| {
            Failure::new(Exit::Precondition, format!("position {position} holds no event this binary knows"))
        })
    }

    /// All that the actions of these events led to after them.
    pub(super) async fn events(&self, of: impl Iterator<Item = &Recorded<Event>>) -> Outcome<Found> {
        let mut actions: BTreeMap<Action, u64> = BTreeMap::new();
        for event in of {
            let first = actions.entry(action(event)).or_insert(event.position);
            *first = event.position.min(*first);
        }
        let Some(from) = actions.values().copied().min() else { return Ok(Found::new()) };
        if actions.len() > MANY {
            return self.scan(&actions, from).await;
        }
        let mut found = Found::new();
        for (action, first) in &actions {
            let Some(aggregates) = self.aggregates(action).await? else { return self.scan(&actions, from).await };
            for (key, last) in aggregates {
                let events = self.store.events_until(&key, first - 1, last).await?;
                let own = events.into_iter().filter(|event| self::action(event) == *action);
                found.extend(own.map(|event| (event.position, event)));
            }
        }
        found.extend(self.scan(&actions, from.max(self.indexed + 1)).await?);
        Ok(found)
    }

    /// The event that led to this one; none when it was none.
    pub(super) async fn cause(&self, event: &Recorded<Event>) -> Outcome<Option<Recorded<Event>>> {
        let id = &event.envelope.causation_id;
        if Cause::inbox_sequence(id).is_some() {
            return Ok(None);
        }
        let action = action(event);
        let is_cause = |event: &Recorded<Event>| event.envelope.id.as_str() == id;
        let known = self.aggregates(&action).await?;
        let unindexed = if known.is_some() { self.indexed + 1 } else { 1 };
        let mut aggregates = known.unwrap_or_default();
        // Short histories first: an order's is, an item's may not be.
        aggregates.sort_by_key(|(_, last)| *last);
        for (key, last) in aggregates {
            let cause = self.store.events_until(&key, 0, last).await?.into_iter().find(is_cause);
            if cause.is_some() {
                return Ok(cause);
            }
        }
        let rest = self.scan(&BTreeMap::from([(action, 1)]), unindexed).await?;
        Ok(rest.into_values().find(is_cause))
    }

    /// The aggregates that an action led to events of, as far as the read model has come; none when only the log
    /// knows them.
    async fn aggregates(&self, (shop, id): &Action) -> Outcome<Option<Vec<(AggregateKey, u64)>>> {
        if self.indexed == 0 {
            return Ok(Some(Vec::new()));
        }
        let row = conversations::get(self.database, shop, id).await?;
        Ok(row.map_or_else(|| Some(Vec::new()), |row| row.aggregates(shop)))
    }

    async fn scan(&self, actions: &BTreeMap<Action, u64>, from: u64) -> Outcome<Found> {
        let mut found = Found::new();
        if from > self.head {
            return Ok(found);
        }
        let mut reader = EventReader::open(self.broker, from - 1).await.map_err(roles::explain)?;
        while reader.position() < self.head {
            for entry in reader.next_batch(BATCH, WAIT).await.map_err(roles::explain)? {
                let own = entry.event.filter(|event| actions.contains_key(&action(event)));
                found.extend(own.map(|event| (entry.position, event)));
            }
        }
        Ok(found)
    }
}

fn action(event: &Recorded<Event>) -> Action {
    (event.envelope.key.shop.clone(), event.envelope.correlation_id.clone())
}
