//! Commands whose effect can be counted: each transaction id makes exactly one event of its order.

use aggregates::{CustomerCommand, CustomerSnapshot, OrderCommand};
use events::{AggregateKey, AggregateKind, AsOf, Event, OrderEvent, Recorded, Shop, Timestamp};
use serde_json::json;
use streams::Cause;

pub(crate) fn shop(name: &str) -> Shop {
    name.parse().unwrap()
}

pub(crate) fn order(shop_name: &str, id: u64) -> AggregateKey {
    AggregateKey::new(AggregateKind::Order, &shop(shop_name), id)
}

pub(crate) fn customer(shop_name: &str, id: u64) -> AggregateKey {
    AggregateKey::new(AggregateKind::Customer, &shop(shop_name), id)
}

pub(crate) fn cause(id: impl ToString) -> Cause {
    Cause { id: id.to_string(), correlation_id: "conversation".to_owned(), trace_parent: None }
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub(crate) fn transaction(id: u64) -> OrderCommand {
    let transaction = json!({
        "id": id.to_string(),
        "kind": "sale",
        "status": "success",
        "amount": { "amount": "1.00", "currency": "EUR" },
        "gateway": null,
        "processed_at": at(i64::try_from(id).unwrap()),
    });
    OrderCommand::Transaction(serde_json::from_value(transaction).unwrap())
}

/// The birth of a customer; the same for whoever sends it.
pub(crate) fn registration() -> CustomerCommand {
    CustomerCommand::Snapshot(Box::new(CustomerSnapshot {
        as_of: AsOf { updated_at: at(0), triggered_at: None, digest: "0".repeat(16) },
        created_at: at(0),
        profile: events::CustomerProfile {
            first_name: Some(events::Sealed::Clear("Ada".to_owned())),
            ..Default::default()
        },
        default_address: None,
        tags: None,
        consents: Vec::new(),
        enabled: false,
    }))
}

/// The transactions that an order's events tell of, in order.
pub(crate) fn transactions(events: &[Recorded<Event>]) -> Vec<u64> {
    let id = |recorded: &Recorded<Event>| match &recorded.event {
        Event::Order(OrderEvent::TransactionRecorded(told)) => told.transaction.id.get(),
        other => panic!("an event that nobody asked for: {other:?}"),
    };
    events.iter().map(id).collect()
}

/// Versions run from 1 without a gap, positions grow.
pub(crate) fn assert_dense(events: &[Recorded<Event>]) {
    let versions: Vec<u64> = events.iter().map(|recorded| recorded.envelope.aggregate_version).collect();
    assert_eq!(versions, (1..=events.len() as u64).collect::<Vec<_>>());
    assert!(events.is_sorted_by(|a, b| a.position < b.position));
}
