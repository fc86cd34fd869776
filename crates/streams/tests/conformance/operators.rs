use std::collections::BTreeSet;

use events::Shop;
use streams::topology::{TopologySettings, ensure};
use streams::{
    Broker, Durable, Failure, Inbox, InboxDelivery, Subscriber, Subscribers, Subscription, SubscriptionSettings, status,
};
use testkit::{Fixture, topology_settings};
use tokio::time::{Duration, Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::probe::{Script, Word, message, probes, send, settings, steps, subscribe};

probes! {
    Halted = "halted";
    Hot = "hot";
}

pub(crate) fn durables() -> Vec<Durable> {
    probes().into_iter().chain([TwoShops::durable()]).collect()
}

/// Hears of two shops.
struct TwoShops(Script);

impl Subscriber for TwoShops {
    const NAME: &'static str = "two-shops";
    type Message = InboxDelivery;

    fn filters() -> Vec<String> {
        ["inbox.first.>", "inbox.second.>"].map(str::to_owned).into()
    }

    async fn handle(&self, delivery: &InboxDelivery) -> Result<(), Failure> {
        self.0.play(std::str::from_utf8(&delivery.body).unwrap()).await
    }
}

pub(crate) async fn laws(fixture: &Fixture) {
    tokio::join!(
        a_paused_subscriber_is_handed_nothing(fixture),
        the_messages_of_a_paused_shop_wait_in_their_order(fixture),
        a_lane_that_stands_still_leaves_room_for_others(fixture),
    );
}

async fn a_paused_subscriber_is_handed_nothing(fixture: &Fixture) {
    let (subscribers, durable) = (Subscribers::new(&fixture.broker), Halted::durable());
    subscribers.pause(&durable, None, "the warehouse moves").await.unwrap();
    send::<Halted>(&fixture.broker, &["a1"]).await;
    let script = Script::new(&[]);
    let mut subscription = subscribe(&fixture.broker, Halted(script.clone())).await;
    subscription.step().await.unwrap();
    assert!(script.seen().is_empty());
    let status = state(&fixture.broker, &durable).await;
    assert_eq!((status.paused, status.paused_reason.as_deref()), (true, Some("the warehouse moves")));
    // Provisioning changes what it must and leaves alone what an operator has set.
    let settings = TopologySettings { ack_wait: Duration::from_millis(2100), ..provisioned(fixture) };
    ensure(&fixture.broker, &settings, std::slice::from_ref(&durable)).await.unwrap();
    assert!(state(&fixture.broker, &durable).await.paused);
    subscribers.resume(&durable).await.unwrap();
    subscribers.resume(&durable).await.unwrap();
    steps(&mut subscription, 1).await;
    assert_eq!(script.seen(), ["a1"]);
    let status = state(&fixture.broker, &durable).await;
    assert_eq!((status.paused, status.paused_reason), (false, None));
}

async fn the_messages_of_a_paused_shop_wait_in_their_order(fixture: &Fixture) {
    let (subscribers, durable) = (Subscribers::new(&fixture.broker), TwoShops::durable());
    let script = Script::new(&[]);
    let subscription = subscribe(&fixture.broker, TwoShops(script.clone())).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(subscription.run(shutdown.clone()));
    let first: Shop = "first".parse().unwrap();
    subscribers.pause_shop(&durable, &first, "a dispute").await.unwrap();
    let paused = state(&fixture.broker, &durable).await.paused_shops;
    assert_eq!(paused.iter().map(|paused| paused.reason.as_str()).collect::<Vec<_>>(), ["a dispute"]);
    // It is heard of within a third of the time after which a delivery comes again.
    sleep(Duration::from_millis(1500)).await;
    let inbox = Inbox::new(&fixture.broker);
    for n in 1..=5 {
        inbox.append(message("first", &format!("a{n}"))).await.unwrap();
        inbox.append(message("second", &format!("b{n}"))).await.unwrap();
    }
    script.until(|seen| seen.len() == 5).await;
    // Longer than it takes for what is given back to come again.
    sleep(Duration::from_secs(4)).await;
    assert_eq!(script.seen(), ["b1", "b2", "b3", "b4", "b5"]);
    subscribers.resume_shop(&durable, &first).await.unwrap();
    script.until(|seen| seen.len() == 10).await;
    assert_eq!(script.seen_of('a'), ["a1", "a2", "a3", "a4", "a5"]);
    shutdown.cancel();
    running.await.unwrap();
}

/// Eight times as many messages of one lane as it may hold, behind one that is tried again later.
async fn a_lane_that_stands_still_leaves_room_for_others(fixture: &Fixture) {
    let texts: Vec<String> = (0..40).map(|n| format!("a{n:02}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    send::<Hot>(&fixture.broker, &texts).await;
    send::<Hot>(&fixture.broker, &["b1", "c1"]).await;
    let script = Script::new(&[("a00", &[Word::RetryInSeconds(8)])]);
    let small = SubscriptionSettings { capacity: 40, ..settings() };
    let mut hot = Subscription::open(&fixture.broker, Hot(script.clone()), small.clone()).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while script.seen().len() < 3 {
        assert!(Instant::now() < deadline, "others are held up: {:?}", script.seen());
        hot.step().await.unwrap();
    }
    assert_eq!(BTreeSet::from_iter(script.seen()), ["a00", "b1", "c1"].map(str::to_owned).into());
    drop(hot);
    // A restart does not forget the order.
    let mut heir = Subscription::open(&fixture.broker, Hot(script.clone()), small).await.unwrap();
    while script.seen_of('a').len() < 41 {
        assert!(Instant::now() < deadline + Duration::from_secs(60), "not all came: {:?}", script.seen());
        heir.step().await.unwrap();
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(script.seen_of('a')[1..], texts);
}

async fn state(broker: &Broker, durable: &Durable) -> status::DurableStatus {
    status::read(broker, std::slice::from_ref(durable)).await.unwrap().durables.remove(0)
}

fn provisioned(fixture: &Fixture) -> TopologySettings {
    TopologySettings { replicas: fixture.servers.len(), ..topology_settings() }
}
