use std::collections::BTreeSet;

use streams::{Broker, BrokerSettings, Durable, Subscription, status};
use testkit::Fixture;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Duration, Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::probe::{Script, Word, probes, send, settings, subscribe};

probes! {
    Shared = "shared";
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
    let process = start(fixture.url(), first.clone());
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

/// As another process would be: with a runtime and a connection of its own.
fn start(url: String, script: Script) -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.spawn(async move {
        let broker = Broker::connect(&BrokerSettings::new(url, "first")).await.unwrap();
        let subscription = Subscription::open(&broker, Shared(script), settings()).await.unwrap();
        subscription.run(CancellationToken::new()).await;
    });
    runtime
}
