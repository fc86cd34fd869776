//! What the log says at the end, read from its beginning.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use events::{AggregateKey, Event, EventId, NotificationEvent, Recorded, StockEvent};
use streams::{Broker, EventReader, events_head};

#[path = "../../../crates/aggregates/tests/conservation/definition.rs"]
mod definition;

use super::PATIENCE;
use definition::Definition;

#[derive(Default)]
pub(crate) struct Log {
    ids: BTreeSet<EventId>,
    /// How many events each aggregate has.
    versions: BTreeMap<AggregateKey, u64>,
    /// By shop and item, with the position of each event.
    stock: BTreeMap<String, Vec<(u64, StockEvent)>>,
    /// The message's id, by the notification's key.
    pub(crate) sent: BTreeMap<String, String>,
}

impl Log {
    /// Every event is there once, and each aggregate's are in an unbroken row.
    pub(crate) async fn read(broker: &Broker) -> Self {
        let since = Instant::now();
        let head = events_head(broker).await.unwrap();
        let mut reader = EventReader::open(broker, 0).await.unwrap();
        let mut log = Self::default();
        while reader.position() < head {
            match reader.next_batch(5_000, Duration::from_secs(5)).await {
                Ok(entries) => entries.into_iter().for_each(|entry| log.take(entry.event.unwrap())),
                // A cluster that was hurt a moment ago; the reader goes on from where it was.
                Err(error) => assert!(since.elapsed() < PATIENCE, "{error}"),
            }
        }
        log
    }

    fn take(&mut self, Recorded { position, envelope, event, .. }: Recorded<Event>) {
        assert!(self.ids.insert(envelope.id.clone()), "{position} is there twice: {}", envelope.id);
        let version = self.versions.entry(envelope.key.clone()).or_default();
        *version += 1;
        assert_eq!(envelope.aggregate_version, *version, "{position} of {:?}", envelope.key);
        let id = envelope.key.id;
        match event {
            Event::Stock(event) => self.stock.entry(id).or_default().push((position, event)),
            Event::Notification(NotificationEvent::Sent(sent)) => {
                assert_eq!(self.sent.insert(id, sent.message_id), None, "a notification is sent once");
            }
            _ => {}
        }
    }

    pub(crate) fn events(&self) -> usize {
        self.ids.len()
    }

    /// At every prefix of the log the levels of every item are what its movements add up to. Returns how many
    /// prefixes that are.
    pub(crate) fn is_conserved(&self) -> usize {
        for (item, events) in &self.stock {
            let mut defined = Definition::default();
            for (position, event) in events {
                defined.hear(event);
                let differences = defined.differences();
                assert!(differences.is_empty(), "item {item} at {position}: {differences:?}");
            }
        }
        self.stock.values().map(Vec::len).sum()
    }
}
