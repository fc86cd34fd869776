//! The law of what is only observed: any order and any repetition end in the same state.

#![allow(clippy::unwrap_used)]

use aggregates::{Decider, ObserveCommand, Observed};
use cqrs_es::Aggregate;
use events::*;
use proptest::prelude::*;

type State = Observed<SubscriptionContract>;
type Command = ObserveCommand<SubscriptionContract>;

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn contract(revision: u64) -> SubscriptionContract {
    let policy =
        SubscriptionPolicy { interval: "month".to_owned(), interval_count: 1, min_cycles: None, max_cycles: None };
    SubscriptionContract {
        status: "active".to_owned(),
        customer_id: None,
        origin_order_id: None,
        currency: "EUR".parse().unwrap(),
        billing: policy.clone(),
        delivery: policy,
        revision,
    }
}

/// Bodies that differ have digests that differ, so the digest says all that the body says.
fn observe(revision: u64, updated_at: i64, triggered_at: Option<i64>, status: u8) -> Command {
    let digest = format!("{revision}{status}");
    let as_of = AsOf { updated_at: time(updated_at), triggered_at: triggered_at.map(time), digest };
    let snapshot = SubscriptionContract { status: status.to_string(), ..contract(revision) };
    ObserveCommand::Observe { as_of, snapshot: Box::new(snapshot) }
}

fn command() -> impl Strategy<Value = Command> {
    let snapshot = (0_u64..3, 0_i64..3, prop::option::of(0_i64..2), 0_u8..3);
    prop_oneof![
        8 => snapshot.prop_map(|(revision, at, triggered, status)| observe(revision, at, triggered, status)),
        1 => (0_i64..3).prop_map(|at| ObserveCommand::Delete { at: time(at) }),
    ]
}

/// The state after the commands, and how many events each led to.
fn after(commands: &[Command]) -> (State, Vec<usize>) {
    let mut state = State::default();
    let counts = commands.iter().map(|command| {
        let events = state.clone().decide(command.clone()).unwrap();
        let count = events.len();
        events.into_iter().for_each(|event| state.apply(event));
        count
    });
    let counts = counts.collect();
    (state, counts)
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_end_in_the_same_state(
        (commands, told) in prop::collection::vec(command(), 1..9)
            .prop_flat_map(|commands| (Just(commands.clone()), Just([commands.clone(), commands].concat()).prop_shuffle()))
    ) {
        prop_assert_eq!(after(&told).0, after(&commands).0);
    }

    #[test]
    fn a_second_telling_adds_nothing(commands in prop::collection::vec(command(), 1..9)) {
        let twice: Vec<Command> = commands.iter().chain(&commands).cloned().collect();
        let (_, counts) = after(&twice);
        prop_assert!(counts[commands.len()..].iter().all(|count| *count == 0), "{:?}", counts);
    }
}

#[test]
fn a_late_older_snapshot_adds_nothing_and_a_revision_decides_before_any_time() {
    assert_eq!(after(&[observe(1, 9, None, 0), observe(1, 5, None, 1)]).1, [1, 0]);
    assert_eq!(after(&[observe(1, 9, None, 0), observe(2, 5, None, 1)]).1, [1, 1]);
    assert_eq!(after(&[observe(2, 5, None, 0), observe(1, 9, None, 1)]).1, [1, 0]);
}

#[test]
fn a_newer_snapshot_that_shows_the_same_leaves_its_mark() {
    assert_eq!(after(&[observe(1, 5, None, 0), observe(1, 9, None, 0), observe(1, 7, None, 1)]).1, [1, 1, 0]);
}

#[test]
fn what_is_deleted_stays_so() {
    let delete = ObserveCommand::Delete { at: time(1) };
    let (one, _) = after(&[observe(1, 5, None, 0), delete.clone()]);
    let (other, counts) = after(&[delete.clone(), observe(1, 5, None, 0), delete]);
    assert_eq!((one, counts), (other, vec![1, 1, 0]));
}
