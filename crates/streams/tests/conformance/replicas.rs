use std::collections::BTreeSet;

use streams::{Broker, BrokerSettings, Durable, Subscriber, Subscription, status};
use testkit::Fixture;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Duration, Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::probe::{Script, Word, probes, send, settings, subscribe, until_settled};

probes! {
    Shared = "shared" shared;
    Alone = "alone";
}

pub(crate) fn durables() -> Vec<Durable> {
    probes()
}

/// Two processes read one durable; the first is killed: nothing that it still says reaches the server.
pub(crate) async fn a_replica_that_is_killed_leaves_its_work_to_the_other(fixture: &Fixture) {
    let texts: Vec<String> = (0..200).map(|n| format!("{}{n:03}", char::from(b'a' + n % 20))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let slow: Vec<(&str, &[Word])> = texts.iter().map(|text| (*text, [Word::Slow(20)].as_slice())).collect();
    let (first, second) = (Script::new(&slow), Script::new(&[]));
    let process = start(fixture.url(), Shared(first.clone()));
    let shutdown = CancellationToken::new();
    let other = subscribe(&fixture.connect().await, Shared(second.clone())).await;
    let other = tokio::spawn(other.run(shutdown.clone()));
    send::<Shared>(&fixture.broker, &texts).await;
    first.until(|seen| seen.len() >= 20).await;
    second.until(|seen| !seen.is_empty()).await;
    process.shutdown_background();
    let wanted: BTreeSet<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = status::read(&fixture.broker, &durables()).await;
        let seen: BTreeSet<String> = first.seen().into_iter().chain(second.seen()).collect();
        if seen == wanted && status.as_ref().is_ok_and(status::Status::is_settled) {
            break;
        }
        assert!(Instant::now() < deadline, "{} of 200 were handled: {status:?}", seen.len());
        sleep(Duration::from_millis(50)).await;
    }
    shutdown.cancel();
    other.await.unwrap();
    // What the first had settled did not come again; what it only held did.
    let twice = first.seen().len() + second.seen().len() - wanted.len();
    assert!(twice <= settings().lanes * 2, "{twice} were handled twice");
}

/// The second waits while the first lives, and has all of it when it is dead: first what the first had not settled.
pub(crate) async fn one_replica_at_a_time_reads_and_the_next_keeps_the_order(fixture: &Fixture) {
    let texts: Vec<String> = (0..120).map(|n| format!("{}{n:03}", char::from(b'a' + n % 6))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let slow: Vec<(&str, &[Word])> = texts.iter().map(|text| (*text, [Word::Slow(100)].as_slice())).collect();
    let (first, second) = (Script::new(&slow), Script::new(&[]));
    send::<Alone>(&fixture.broker, &texts[..60]).await;
    let process = start(fixture.url(), Alone(first.clone()));
    first.until(|seen| seen.len() >= 6).await;
    let shutdown = CancellationToken::new();
    let other = subscribe(&fixture.connect().await, Alone(second.clone())).await;
    let other = tokio::spawn(other.run(shutdown.clone()));
    first.until(|seen| seen.len() >= 30).await;
    assert_eq!(second.seen(), Vec::<String>::new(), "it reads beside the other");
    process.shutdown_background();
    send::<Alone>(&fixture.broker, &texts[60..]).await;
    let durable = Alone::durable();
    let settled = until_settled(&fixture.broker, &durable);
    tokio::time::timeout(Duration::from_secs(60), settled).await.unwrap();
    for lane in 'a'..='f' {
        let seen = second.seen_of(lane);
        assert!(seen.is_sorted(), "the order of {lane} is not kept: {seen:?}");
    }
    let seen: BTreeSet<String> = first.seen().into_iter().chain(second.seen()).collect();
    assert_eq!(seen.len(), texts.len());
    assert!(second.seen().len() >= 60, "what came after the first was dead is the second's");
    // One that stops makes way at once: the third does not wait for the place to run out.
    shutdown.cancel();
    other.await.unwrap();
    let third = Script::new(&[]);
    let shutdown = CancellationToken::new();
    let heir = subscribe(&fixture.broker, Alone(third.clone())).await;
    let heir = tokio::spawn(heir.run(shutdown.clone()));
    let since = Instant::now();
    send::<Alone>(&fixture.broker, &["a999"]).await;
    third.until(|seen| seen.len() == 1).await;
    assert!(since.elapsed() < testkit::topology_settings().ack_wait, "it waited for one that had made way");
    shutdown.cancel();
    heir.await.unwrap();
}

/// As another process would be: with a runtime and a connection of its own.
fn start<S: Subscriber>(url: String, subscriber: S) -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.spawn(async move {
        let broker = Broker::connect(&BrokerSettings::new(url, "first")).await.unwrap();
        let subscription = Subscription::open(&broker, subscriber, settings()).await.unwrap();
        subscription.run(CancellationToken::new()).await;
    });
    runtime
}
