use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use aggregates::{Customer, Decider, Order, Stock, StockCommand};
use cqrs_es::{AggregateContext, AggregateError, EventStore as _};
use events::{AggregateKey, AggregateKind, Event, EventId, LocationId, Observation};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use streams::{Broker, BrokerSettings, EventStore, KeptSnapshot, SnapshotStore, StoreError, events_head};
use testkit::{Fixture, Proxy};
use tokio::task::JoinSet;

use crate::orders::{assert_dense, cause, customer, order, registration, shop, transaction, transactions};

const WRITERS: u64 = 16;
const AGGREGATES: u64 = 200;
/// The start of every answer to an append to `EVENTS`.
const ANSWER: &str = r#"{"stream":"EVENTS""#;

pub(crate) async fn laws(fixture: &Fixture) {
    sixteen_writers_lose_and_double_nothing(fixture).await;
    a_raced_birth_happens_once(fixture).await;
    commands_that_wait_together_lose_and_double_nothing(fixture).await;
    two_replicas_on_one_aggregate_lose_and_double_nothing(fixture).await;
    a_stale_state_is_decided_again(fixture).await;
    the_same_cause_appends_once_whoever_runs_it(fixture).await;
    a_command_that_comes_again_knows_what_followed(fixture).await;
    what_is_new_is_not_asked_for(fixture).await;
    a_repeated_id_drops_no_other_event(fixture).await;
    a_lost_answer_is_found_out(fixture).await;
    a_state_is_as_new_as_asked_for(fixture).await;
    a_long_history_is_read_whole(fixture).await;
    a_decision_of_nothing_is_taken_on_the_newest_state(fixture).await;
    the_store_of_cqrs_es_appends_once_and_sees_conflicts(fixture).await;
    an_aggregate_of_another_kind_is_turned_away(fixture).await;
    who_knows_less_than_others_may_have_written_decides_nothing(fixture).await;
    what_a_snapshot_holds_others_may_have_written(fixture).await;
    what_was_heard_is_not_asked_for(fixture).await;
}

async fn stores(fixture: &Fixture, count: u64) -> Vec<EventStore> {
    let mut stores = Vec::new();
    for _ in 0..count {
        stores.push(EventStore::new(&fixture.connect().await));
    }
    stores
}

async fn sixteen_writers_lose_and_double_nothing(fixture: &Fixture) {
    let before = events_head(&fixture.broker).await.unwrap();
    let mut writers = JoinSet::new();
    for (writer, store) in (1..).zip(stores(fixture, WRITERS).await) {
        writers.spawn(async move {
            let mut appended = 0;
            for id in 1..=AGGREGATES {
                let command = transaction(writer);
                let receipt =
                    store.execute::<Order>(&order("race", id), command, &cause(format!("{writer}-{id}"))).await;
                appended += receipt.unwrap().appended;
            }
            appended
        });
    }
    let appended: usize = writers.join_all().await.into_iter().sum();
    assert_eq!(appended as u64, WRITERS * AGGREGATES, "each command is counted once");
    assert_eq!(events_head(&fixture.broker).await.unwrap() - before, WRITERS * AGGREGATES);
    let store = EventStore::new(&fixture.broker);
    for id in 1..=AGGREGATES {
        let events = store.events(&order("race", id)).await.unwrap();
        assert_dense(&events);
        assert_eq!(BTreeSet::from_iter(transactions(&events)), BTreeSet::from_iter(1..=WRITERS));
    }
}

async fn a_raced_birth_happens_once(fixture: &Fixture) {
    for id in 1..=20 {
        let mut writers = JoinSet::new();
        for (writer, store) in stores(fixture, 8).await.into_iter().enumerate() {
            writers.spawn(async move {
                let cause = cause(format!("birth-{id}-{writer}"));
                store.execute::<Customer>(&customer("births", id), registration(), &cause).await.unwrap().appended
            });
        }
        let appended: usize = writers.join_all().await.into_iter().sum();
        let events = EventStore::new(&fixture.broker).events(&customer("births", id)).await.unwrap();
        assert_eq!((appended, events.len()), (1, 1));
    }
}

/// All at once, through one store.
async fn crowd(store: &EventStore, key: &events::AggregateKey, ids: std::ops::RangeInclusive<u64>) -> usize {
    let mut writers = JoinSet::new();
    for id in ids {
        let (store, key) = (store.clone(), key.clone());
        writers.spawn(async move {
            let receipt = store.execute::<Order>(&key, transaction(id), &cause(format!("{key}-{id}"))).await.unwrap();
            receipt.appended
        });
    }
    writers.join_all().await.into_iter().sum()
}

async fn commands_that_wait_together_lose_and_double_nothing(fixture: &Fixture) {
    let (store, key) = (EventStore::new(&fixture.broker), order("crowd", 1));
    let appended = crowd(&store, &key, 1..=400).await;
    let events = EventStore::new(&fixture.broker).events(&key).await.unwrap();
    assert_dense(&events);
    assert_eq!((appended, events.len(), store.conflicts()), (400, 400, 0));
    assert_eq!(BTreeSet::from_iter(transactions(&events)), BTreeSet::from_iter(1..=400));
    assert_eq!(crowd(&store, &key, 1..=400).await, 0, "asked again, nothing is new");
}

async fn two_replicas_on_one_aggregate_lose_and_double_nothing(fixture: &Fixture) {
    let key = order("crowd", 2);
    let [one, other] = [EventStore::new(&fixture.connect().await), EventStore::new(&fixture.connect().await)];
    // Half of what each is asked for is asked of the other too.
    let (ours, theirs) = tokio::join!(crowd(&one, &key, 1..=300), crowd(&other, &key, 151..=450));
    let events = EventStore::new(&fixture.broker).events(&key).await.unwrap();
    assert_dense(&events);
    assert_eq!(BTreeSet::from_iter(transactions(&events)), BTreeSet::from_iter(1..=450));
    assert_eq!((ours + theirs >= 450, events.len()), (true, 450));
    let conflicts = one.conflicts() + other.conflicts();
    assert!(conflicts < 150, "{conflicts} conflicts over 600 commands");
}

async fn a_stale_state_is_decided_again(fixture: &Fixture) {
    let [one, other] = [EventStore::new(&fixture.broker), EventStore::new(&fixture.broker)];
    let key = order("stale", 1);
    for id in (1..=20).step_by(2) {
        one.execute::<Order>(&key, transaction(id), &cause(id)).await.unwrap();
        other.execute::<Order>(&key, transaction(id + 1), &cause(id + 1)).await.unwrap();
    }
    let events = one.events(&key).await.unwrap();
    assert_dense(&events);
    assert_eq!(transactions(&events), (1..=20).collect::<Vec<_>>());
}

/// The first run was redelivered, or died before it could tell: R1 answers a conflict, R3 a duplicate.
async fn the_same_cause_appends_once_whoever_runs_it(fixture: &Fixture) {
    let [one, other] = [EventStore::new(&fixture.broker), EventStore::new(&fixture.broker)];
    let key = order("twice", 1);
    let first = one.execute::<Order>(&key, transaction(1), &cause("first")).await.unwrap();
    other.load::<Order>(&key, first.position).await.unwrap();
    let done = one.execute::<Order>(&key, transaction(2), &cause("second")).await.unwrap();
    let again = other.execute::<Order>(&key, transaction(2), &cause("second")).await.unwrap();
    assert_eq!(again, done);
    let events = one.events(&key).await.unwrap();
    assert_eq!(transactions(&events), [1, 2]);
    let id = EventId::derive("second", &events::subject::event(&key), 2);
    assert_eq!(events[1].envelope.id, id);
}

/// As after a crash: whoever is given the command again must not take the aggregate to be as young as it was then.
async fn a_command_that_comes_again_knows_what_followed(fixture: &Fixture) {
    let [one, other, late] = [(); 3].map(|()| EventStore::new(&fixture.broker));
    let key = order("redelivered", 1);
    let first = one.execute::<Order>(&key, transaction(1), &cause("first")).await.unwrap();
    let second = other.execute::<Order>(&key, transaction(2), &cause("second")).await.unwrap();
    let again = late.execute::<Order>(&key, transaction(1), &cause("first")).await.unwrap();
    assert_eq!(again.position, second.position);
    assert_eq!(late.load::<Order>(&key, first.position).await.unwrap().version, 2);
    assert_eq!((transactions(&one.events(&key).await.unwrap()), late.conflicts()), (vec![1, 2], 0));
}

async fn what_is_new_is_not_asked_for(fixture: &Fixture) {
    let servers: Vec<async_nats::ServerAddr> = fixture.url().split(',').map(|url| url.parse().unwrap()).collect();
    let client = async_nats::connect(servers).await.unwrap();
    let mut questions = client.subscribe("$JS.API.STREAM.MSG.GET.EVENTS").await.unwrap();
    client.flush().await.unwrap();
    let store = EventStore::new(&fixture.broker);
    for id in 1..=3 {
        let told = store.execute::<Order>(&order("unasked", 1), transaction(id), &cause(id)).await.unwrap();
        assert_eq!(told.appended, 1);
    }
    let asked = tokio::time::timeout(Duration::from_millis(100), questions.next()).await;
    assert!(asked.is_err(), "{asked:?}");
}

/// A cluster answers `duplicate` to an id it knows, whatever the message says.
async fn a_repeated_id_drops_no_other_event(fixture: &Fixture) {
    let [one, other] = [EventStore::new(&fixture.broker), EventStore::new(&fixture.broker)];
    let key = order("repeated", 1);
    let first = one.execute::<Order>(&key, transaction(1), &cause("first")).await.unwrap();
    other.load::<Order>(&key, first.position).await.unwrap();
    one.execute::<Order>(&key, transaction(2), &cause("same")).await.unwrap();
    let receipt = other.execute::<Order>(&key, transaction(3), &cause("same")).await.unwrap();
    assert_eq!(receipt.appended, 1);
    let events = one.events(&key).await.unwrap();
    assert_dense(&events);
    assert_eq!(transactions(&events), [1, 2, 3]);
}

async fn a_lost_answer_is_found_out(fixture: &Fixture) {
    let proxy = Proxy::in_front_of(fixture.servers[0].port()).await;
    let request_timeout = Duration::from_millis(500);
    let settings = BrokerSettings { request_timeout, ..BrokerSettings::new(proxy.address().to_string(), "lossy") };
    let store = EventStore::new(&Broker::connect(&settings).await.unwrap());
    let key = order("lossy", 1);
    for id in 1..=3 {
        proxy.lose(ANSWER, 1);
        let receipt = store.execute::<Order>(&key, transaction(id), &cause(id)).await.unwrap();
        assert_eq!(proxy.left(), 0, "the answer was really lost");
        assert_eq!(receipt.appended, 1);
    }
    let events = EventStore::new(&fixture.broker).events(&key).await.unwrap();
    assert_dense(&events);
    assert_eq!(transactions(&events), [1, 2, 3]);
}

async fn a_state_is_as_new_as_asked_for(fixture: &Fixture) {
    let [writer, reader] = [EventStore::new(&fixture.broker), EventStore::new(&fixture.connect().await)];
    let key = order("fresh", 1);
    for id in 1..=50 {
        let receipt = writer.execute::<Order>(&key, transaction(id), &cause(id)).await.unwrap();
        let loaded = reader.load::<Order>(&key, receipt.position).await.unwrap();
        assert_eq!((loaded.version, loaded.position), (id, receipt.position));
    }
    let elsewhere = writer.execute::<Order>(&order("fresh", 2), transaction(1), &cause("other")).await.unwrap();
    let loaded = reader.load::<Order>(&key, elsewhere.position).await.unwrap();
    assert_eq!(loaded.version, 50, "a position of another aggregate asks for nothing more");
}

async fn a_long_history_is_read_whole(fixture: &Fixture) {
    const EVENTS: u64 = 1_050;
    let store = EventStore::new(&fixture.broker);
    let key = order("long", 1);
    for id in 1..=EVENTS {
        store.execute::<Order>(&key, transaction(id), &cause(id)).await.unwrap();
    }
    let fresh = EventStore::new(&fixture.broker);
    let loaded = fresh.load::<Order>(&key, events_head(&fixture.broker).await.unwrap()).await.unwrap();
    assert_eq!(loaded.version, EVENTS);
    let known = store.load::<Order>(&key, loaded.position).await.unwrap();
    assert_eq!((loaded.state, loaded.version, loaded.position), (known.state, known.version, known.position));
    let events = fresh.events(&key).await.unwrap();
    assert_dense(&events);
    assert_eq!(events.len() as u64, EVENTS);
}

async fn a_decision_of_nothing_is_taken_on_the_newest_state(fixture: &Fixture) {
    let [one, other] = [EventStore::new(&fixture.broker), EventStore::new(&fixture.broker)];
    let key = order("nothing", 1);
    one.execute::<Order>(&key, transaction(1), &cause(1)).await.unwrap();
    let newest = other.execute::<Order>(&key, transaction(2), &cause(2)).await.unwrap();
    let repeated = one.execute::<Order>(&key, transaction(1), &cause(3)).await.unwrap();
    assert_eq!((repeated.appended, repeated.position), (0, newest.position));
}

async fn the_store_of_cqrs_es_appends_once_and_sees_conflicts(fixture: &Fixture) {
    let store = EventStore::new(&fixture.broker).of::<Order>(&shop("cqrs"));
    let metadata = |id: &str| HashMap::from([("causation_id".to_owned(), id.to_owned())]);
    let decide = async |context: &mut <streams::AggregateStore<Order> as cqrs_es::EventStore<Order>>::AC, id| {
        let sink = cqrs_es::event_sink::EventSink::default();
        cqrs_es::Aggregate::handle(context.aggregate(), transaction(id), &(), &sink).await.unwrap();
        sink.collect().await
    };
    let mut first = store.load_aggregate("1").await.unwrap();
    let mut second = store.load_aggregate("1").await.unwrap();
    let events = decide(&mut first, 1).await;
    let committed = store.commit(events.clone(), first, metadata("one")).await.unwrap();
    assert_eq!(committed.iter().map(|envelope| envelope.sequence).collect::<Vec<_>>(), [1]);
    let late = decide(&mut second, 2).await;
    let conflict = store.commit(late, second, metadata("two")).await;
    assert!(matches!(conflict, Err(AggregateError::AggregateConflict)), "{conflict:?}");
    let stored = store.load_events("1").await.unwrap();
    assert_eq!(stored.into_iter().map(|envelope| envelope.payload).collect::<Vec<_>>(), events);
}

async fn an_aggregate_of_another_kind_is_turned_away(fixture: &Fixture) {
    let store = EventStore::new(&fixture.broker);
    let refused = store.execute::<Order>(&customer("kind", 1), transaction(1), &cause(1)).await;
    assert!(matches!(refused, Err(StoreError::WrongKind { .. })));
}

async fn who_knows_less_than_others_may_have_written_decides_nothing(fixture: &Fixture) {
    let [one, other] = [EventStore::new(&fixture.broker), EventStore::new(&fixture.broker)];
    let key = order("learned", 1);
    let tell = async |store: &EventStore, id, known_to| {
        store.execute_unless_newer::<Order>(&key, transaction(id), &cause(id), known_to).await
    };
    tell(&one, 1, 0).await.unwrap();
    let own = tell(&one, 2, 0).await.unwrap();
    // To the other all of it is of others.
    let refused = tell(&other, 3, own.position - 1).await;
    assert!(matches!(&refused, Err(StoreError::Newer { position, .. }) if *position == own.position), "{refused:?}");
    let theirs = tell(&other, 3, own.position).await.unwrap();
    // What it does not know yet it finds when it appends, or when it has nothing to append.
    for id in [4, 2] {
        let refused = tell(&one, id, theirs.position - 1).await;
        assert!(matches!(&refused, Err(StoreError::Newer { .. })), "{refused:?}");
    }
    assert_eq!((one.learned(), one.events(&key).await.unwrap().len()), (theirs.position, 3));
    assert_eq!(tell(&one, 4, theirs.position).await.unwrap().appended, 1);
    assert_eq!(tell(&one, 5, theirs.position).await.unwrap().appended, 1, "what it wrote itself it knows");
}

/// One snapshot, whatever is asked for.
struct Shelf(KeptSnapshot);

impl SnapshotStore for Shelf {
    fn find<'a>(&'a self, _: &'a AggregateKey) -> BoxFuture<'a, Option<KeptSnapshot>> {
        async { Some(self.0.clone()) }.boxed()
    }

    fn keep(&self, _: AggregateKey, _: KeptSnapshot) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }
}

async fn what_a_snapshot_holds_others_may_have_written(fixture: &Fixture) {
    let key = AggregateKey::new(AggregateKind::Stock, &shop("learned"), 70);
    let observe = |second: i64| {
        let observation = Observation { at: crate::orders::at(second), triggered_at: None, available: second };
        StockCommand::Observe { location_id: LocationId::new(9).unwrap(), observation }
    };
    let store = EventStore::new(&fixture.broker);
    let written = store.execute::<Stock>(&key, observe(1), &cause("level-1")).await.unwrap();
    let state = store.load::<Stock>(&key, written.position).await.unwrap();
    let (snapshot, version, position) = (state.state.snapshot().unwrap(), state.version, state.position);
    let shelf = Arc::new(Shelf(KeptSnapshot { snapshot, version, position }));
    // No event is read after the snapshot: it is the snapshot that others may have written.
    let heir = EventStore::new(&fixture.broker).with_snapshots(shelf);
    let refused = heir.execute_unless_newer::<Stock>(&key, observe(2), &cause("level-2"), position - 1).await;
    assert!(matches!(&refused, Err(StoreError::Newer { position: at, .. }) if *at == position), "{refused:?}");
    assert_eq!(heir.learned(), position);
    heir.execute_unless_newer::<Stock>(&key, observe(2), &cause("level-2"), position).await.unwrap();
}

async fn what_was_heard_is_not_asked_for(fixture: &Fixture) {
    let (writer, key) = (EventStore::new(&fixture.broker), order("heard", 1));
    for id in 1..=4 {
        writer.execute::<Order>(&key, transaction(id), &cause(id)).await.unwrap();
    }
    let told = writer.events(&key).await.unwrap();
    let hear = |store: &EventStore, version: usize, position| {
        let Event::Order(event) = &told[version - 1].event else { panic!("not an order's") };
        store.hear::<Order>(&told[version - 1].envelope, position, event);
    };
    // At a position beyond the log nothing is found, so whoever asked would know less.
    let far = 1 << 40;
    let store = EventStore::new(&fixture.connect().await);
    hear(&store, 1, far);
    hear(&store, 2, far + 1);
    let loaded = store.load::<Order>(&key, far + 1).await.unwrap();
    assert_eq!((loaded.version, loaded.position), (2, far + 1));
    // Without the third the fourth says too little, and what is known already says nothing.
    hear(&store, 4, far + 3);
    hear(&store, 1, far + 4);
    assert_eq!(store.load::<Order>(&key, far + 1).await.unwrap(), loaded);
    let late = EventStore::new(&fixture.connect().await);
    hear(&late, 2, far);
    assert_eq!(late.load::<Order>(&key, told[1].position).await.unwrap().version, 4, "it begins with the first");
}
