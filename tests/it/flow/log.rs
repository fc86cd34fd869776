//! What the log says at the end, read from its beginning.

use std::collections::BTreeMap;
use std::time::Duration;

use events::{AggregateKind, Event, NotificationEvent, StockEvent};
use streams::{Broker, EventReader, events_head};

#[path = "../../../crates/aggregates/tests/conservation/definition.rs"]
mod definition;

use definition::Definition;

#[derive(Default)]
pub(crate) struct Log {
    /// By shop and item, with the position of each event.
    stock: BTreeMap<String, Vec<(u64, StockEvent)>>,
    /// The message's id, by the notification's key.
    pub(crate) sent: BTreeMap<String, String>,
}

impl Log {
    pub(crate) async fn read(broker: &Broker) -> Self {
        let head = events_head(broker).await.unwrap();
        let kinds = [AggregateKind::Stock, AggregateKind::Notification];
        let mut reader = EventReader::open(broker, 0).await.unwrap().only(kinds);
        let mut log = Self::default();
        while reader.position() < head {
            for entry in reader.next_batch(5_000, Duration::from_secs(5)).await.unwrap() {
                let Some(recorded) = entry.event else { continue };
                let id = recorded.envelope.key.id.clone();
                match recorded.event {
                    Event::Stock(event) => log.stock.entry(id).or_default().push((entry.position, event)),
                    Event::Notification(NotificationEvent::Sent(sent)) => {
                        assert_eq!(log.sent.insert(id, sent.message_id), None, "a notification is sent once");
                    }
                    _ => {}
                }
            }
        }
        log
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
