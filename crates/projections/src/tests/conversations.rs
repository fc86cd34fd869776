use events::{AggregateKey, AggregateKind, DomainEvents, Event, Recorded};

use super::fixtures::{acme, placed};
use super::history::recorded;
use crate::Projection;
use crate::conversations::{Conversation, Conversations, MOST};

fn event(number: usize, version: u64) -> Recorded<Event> {
    let key = AggregateKey::new(AggregateKind::Order, &acme(), number);
    let mut event = recorded(1, key, events::OrderEvent::from(placed(1, None)).into_event());
    event.envelope.aggregate_version = version;
    event
}

fn fold(events: impl IntoIterator<Item = Recorded<Event>>) -> Conversation {
    events.into_iter().fold(None, |row, event| Conversations::project("", row, &event)).unwrap()
}

#[test]
fn an_action_names_what_it_led_to_and_how_far() {
    let row = fold([event(7, 1), event(8, 4), event(7, 2)]);
    let order = |number: usize| AggregateKey::new(AggregateKind::Order, &acme(), number);
    assert_eq!(row.aggregates(&acme()), Some(vec![(order(7), 2), (order(8), 4)]));
}

#[test]
fn an_action_that_led_too_far_says_so_and_its_row_stays_small() {
    let many = fold((1..=MOST).map(|number| event(number, 1)));
    assert_eq!(many.aggregates(&acme()).map(|all| all.len()), Some(MOST));
    let more = fold((1..=MOST + 20).map(|number| event(number, 1)));
    assert_eq!(more.aggregates(&acme()), None);
    assert_eq!(more, fold((1..=MOST + 20).rev().map(|number| event(number, 1))), "whatever came first");
}
