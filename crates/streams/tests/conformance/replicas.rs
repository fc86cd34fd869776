use std::collections::BTreeSet;

use async_nats::Subject;
use futures::StreamExt;
use serde_json::json;
use streams::{Broker, BrokerSettings, Durable, Subscriber, Subscription, status};
use testkit::Fixture;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Duration, Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::probe::{Script, Word, probes, send, settings, subscribe, until_settled};

probes! {
    Shared = "shared" shared;
    Alone = "alone";
    CutOff = "cut-off";
    BitByBit = "bit-by-bit";
}

pub(crate) fn durables() -> Vec<Durable> {
    probes()
}

/// Two processes read one durable; the first is killed: nothing that it still says reaches the server.
pub(crate) async fn a_replica_that_is_killed_leaves_its_work_to_the_other(fixture: &Fixture) {
    let texts = texts(200, 20);
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
    let texts = texts(120, 6);
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
        // One whose ack is late comes once more: what counts is when each came first.
        let mut known = BTreeSet::new();
        let seen: Vec<String> = second.seen_of(lane).into_iter().filter(|text| known.insert(text.clone())).collect();
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
    third.until(|seen| seen.iter().any(|text| text == "a999")).await;
    assert!(since.elapsed() < testkit::topology_settings().ack_wait, "it waited for one that had made way");
    shutdown.cancel();
    heir.await.unwrap();
}

/// One that is cut off from the place still works at what it holds: the next one has new messages, but waits.
pub(crate) async fn what_a_reader_that_was_cut_off_holds_comes_before_what_is_new(fixture: &Fixture) {
    send::<CutOff>(&fixture.broker, &["a001", "b002", "a003"]).await;
    let client = async_nats::connect(fixture.servers[0].url()).await.unwrap();
    let held = hold::<CutOff>(&client, 3).await;
    let script = Script::new(&[]);
    let shutdown = CancellationToken::new();
    let next = subscribe(&fixture.broker, CutOff(script.clone())).await;
    let next = tokio::spawn(next.run(shutdown.clone()));
    send::<CutOff>(&fixture.broker, &["a004", "b005", "b006"]).await;
    work_on(&client, &held).await;
    client.publish(held[0].clone(), "+ACK".into()).await.unwrap();
    script.until(|seen| seen.len() >= 5).await;
    shutdown.cancel();
    next.await.unwrap();
    assert_eq!(script.seen_of('a'), ["a003", "a004"]);
    assert_eq!(script.seen_of('b'), ["b002", "b005", "b006"]);
}

/// One that loses the place gives back what waits at it, which takes a moment: meanwhile there is much that is new.
pub(crate) async fn what_is_given_back_bit_by_bit_is_not_overtaken(fixture: &Fixture) {
    let texts = texts(600, 6);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    send::<BitByBit>(&fixture.broker, &texts[..200]).await;
    let client = async_nats::connect(fixture.servers[0].url()).await.unwrap();
    let held = hold::<BitByBit>(&client, 200).await;
    let script = Script::new(&[]);
    let shutdown = CancellationToken::new();
    let next = subscribe(&fixture.broker, BitByBit(script.clone())).await;
    let next = tokio::spawn(next.run(shutdown.clone()));
    send::<BitByBit>(&fixture.broker, &texts[200..]).await;
    work_on(&client, &held).await;
    for some in held.chunks(10) {
        for reply in some.iter().cloned() {
            client.publish(reply, r#"-NAK {"delay": 10000000}"#.into()).await.unwrap();
        }
        sleep(Duration::from_millis(20)).await;
    }
    script.until(|seen| seen.len() >= texts.len()).await;
    shutdown.cancel();
    next.await.unwrap();
    for lane in 'a'..='f' {
        let seen = script.seen_of(lane);
        assert!(seen.is_sorted(), "the order of {lane} is not kept: {seen:?}");
    }
}

/// In turn of so many lanes.
fn texts(count: usize, lanes: usize) -> Vec<String> {
    let lanes = ('a'..='z').take(lanes).cycle();
    lanes.zip(0..count).map(|(lane, number)| format!("{lane}{number:03}")).collect()
}

/// The first messages of a durable, handed to one that never asks to keep its place. They are settled by these.
async fn hold<S: Subscriber>(client: &async_nats::Client, count: usize) -> Vec<Subject> {
    let reply = client.new_inbox();
    let mut held = client.subscribe(reply.clone()).await.unwrap();
    let request = json!({ "batch": count, "group": "replicas", "expires": 10_000_000_000_u64 }).to_string();
    let subject = format!("$JS.API.CONSUMER.MSG.NEXT.INBOX.{}", S::NAME);
    client.publish_with_reply(subject, reply, request.into()).await.unwrap();
    held.by_ref().take(count).map(|message| message.reply.unwrap()).collect().await
}

/// For longer than the place lasts that nobody asks to keep.
async fn work_on(client: &async_nats::Client, held: &[Subject]) {
    let since = Instant::now();
    while since.elapsed() < testkit::topology_settings().ack_wait * 9 / 4 {
        for reply in held.iter().cloned() {
            client.publish(reply, "+WPI".into()).await.unwrap();
        }
        sleep(Duration::from_millis(200)).await;
    }
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
