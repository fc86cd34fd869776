use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aggregates::Order;
use events::{Event, Recorded};
use streams::{
    Broker, BrokerSettings, DeadLetters, Durable, EventStore, Failure, Inbox, StoreError, Stream, Subscriber,
    Subscription, SubscriptionSettings, status,
};
use testkit::{Fixture, Proxy};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::orders::{assert_dense, cause, order, transaction, transactions};
use crate::probe::message;

const WRITERS: u64 = 4;
const ORDERS: u64 = 20;
const COMMANDS: u64 = 30;
const DELIVERIES: u64 = 400;
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn durables() -> Vec<Durable> {
    vec![Collector::durable()]
}

/// Remembers the positions of all it was handed.
struct Collector(Arc<Mutex<BTreeSet<u64>>>);

impl Subscriber for Collector {
    const NAME: &'static str = "collector";
    type Message = Recorded<Event>;

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        self.0.lock().unwrap().insert(event.position);
        Ok(())
    }
}

pub(crate) async fn a_server_is_killed_at_work(fixture: &mut Fixture) {
    let collected = Arc::new(Mutex::new(BTreeSet::new()));
    let collector = Collector(Arc::clone(&collected));
    let subscription = Subscription::open(&fixture.broker, collector, SubscriptionSettings::default()).await.unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(subscription.run(shutdown.clone()));

    let progress = watch::Sender::new(0);
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(writer, EventStore::new(&fixture.connect().await), progress.clone()));
    }
    let deliveries = tokio::spawn(deliver(fixture.connect().await));

    let done = async |share: u64| {
        let enough = WRITERS * COMMANDS * share / 4;
        let mut done = progress.subscribe();
        let waited = tokio::time::timeout(PATIENCE, done.wait_for(|done| *done >= enough)).await;
        assert!(waited.is_ok(), "work came to a halt");
    };
    done(1).await;
    let victim = leader(fixture).await;
    fixture.servers[victim].kill();
    if fixture.servers.len() > 1 {
        done(2).await;
    }
    fixture.servers[victim].restart().await;
    writers.join_all().await;
    let kept = deliveries.await.unwrap();

    let store = EventStore::new(&fixture.broker);
    let mut positions = BTreeSet::new();
    for id in 1..=ORDERS {
        let events = loop {
            match store.events(&order("faults", id)).await {
                Ok(events) => break events,
                Err(error) => wait_after(error, Instant::now() + PATIENCE).await,
            }
        };
        assert_dense(&events);
        let mut told = transactions(&events);
        told.sort_unstable();
        let sent = (0..WRITERS * COMMANDS).filter(|command| command % ORDERS + 1 == id).map(|command| command + 1);
        assert_eq!(told, sent.collect::<Vec<_>>(), "each command once");
        positions.extend(events.iter().map(|event| event.position));
    }
    let deadline = Instant::now() + PATIENCE;
    while *collected.lock().unwrap() != positions || !settled(&fixture.broker).await {
        assert!(Instant::now() < deadline, "events were not handed out: {:?}", collected.lock().unwrap().len());
        sleep(Duration::from_millis(50)).await;
    }
    shutdown.cancel();
    assert_eq!(running.await.unwrap().cut_short, 0);
    assert_eq!(DeadLetters::new(&fixture.broker).list(None, 10).await.unwrap(), []);
    let inbox = Inbox::new(&fixture.broker);
    for (sequence, text) in &kept {
        let delivery = inbox.read(*sequence).await.unwrap().expect("a confirmed delivery is kept");
        assert_eq!(
            (&delivery.body[..], &delivery.headers[..]),
            (text.as_bytes(), &message("faults", text).headers[..])
        );
    }
    assert_eq!(kept.len() as u64, DELIVERIES);
}

/// A server that dies may take a request with it, and the connection stays as it is.
pub(crate) async fn a_request_that_was_lost_is_made_again(fixture: &Fixture) {
    let proxy = Proxy::in_front_of(fixture.servers[0].port()).await;
    let lossy = Broker::connect(&BrokerSettings::new(proxy.address().to_string(), "lossy")).await.unwrap();
    let collected = Arc::new(Mutex::new(BTreeSet::new()));
    let collector = Collector(Arc::clone(&collected));
    let subscription = Subscription::open(&lossy, collector, SubscriptionSettings::default()).await.unwrap();
    proxy.lose("CONSUMER.MSG.NEXT.EVENTS.collector ", 1);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(subscription.run(shutdown.clone()));
    let store = EventStore::new(&fixture.broker);
    let receipt = store.execute::<Order>(&order("lost", 1), transaction(1), &cause(1)).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !collected.lock().unwrap().contains(&receipt.position) {
        assert!(Instant::now() < deadline, "nothing is asked for any more");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(proxy.left(), 0, "the request was really lost");
    shutdown.cancel();
    running.await.unwrap();
}

async fn settled(broker: &Broker) -> bool {
    status::read(broker, &durables()).await.is_ok_and(|status| status.is_settled())
}

/// The node that matters most: the one that decides what is appended.
async fn leader(fixture: &Fixture) -> usize {
    if fixture.servers.len() == 1 {
        return 0;
    }
    let jetstream = async_nats::jetstream::new(async_nats::connect(fixture.servers[0].url()).await.unwrap());
    let stream = jetstream.get_stream(Stream::Events.name()).await.unwrap();
    let leader = stream.cached_info().cluster.as_ref().and_then(|cluster| cluster.leader.clone()).unwrap();
    fixture.servers.iter().position(|server| server.name() == leader).unwrap()
}

/// Sends each command until it is known to be carried out.
async fn write(writer: u64, store: EventStore, progress: watch::Sender<u64>) {
    for n in 0..COMMANDS {
        let command = n * WRITERS + writer;
        let key = order("faults", command % ORDERS + 1);
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = store.execute::<Order>(&key, transaction(command + 1), &cause(command)).await {
            wait_after(error, deadline).await;
        }
        progress.send_modify(|done| *done += 1);
    }
}

/// Nothing but an outage, or a crowd, may be the reason.
async fn wait_after(error: StoreError, deadline: Instant) {
    let passing = matches!(error, StoreError::Unavailable(_) | StoreError::Contended { .. });
    assert!(passing && Instant::now() < deadline, "{error}: {:?}", std::error::Error::source(&error));
    sleep(Duration::from_millis(20)).await;
}

/// As Shopify does: sent again until it is confirmed. Returns what was confirmed, by sequence.
async fn deliver(broker: Broker) -> BTreeMap<u64, String> {
    let inbox = Inbox::new(&broker);
    let mut kept = BTreeMap::new();
    for n in 0..DELIVERIES {
        let text = format!("d{n}");
        let appended = loop {
            match inbox.append(message("faults", &text)).await {
                Ok(appended) => break appended,
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        };
        kept.insert(appended.sequence, text);
    }
    kept
}
