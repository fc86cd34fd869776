use std::collections::BTreeSet;

use async_nats::HeaderMap;
use events::{Event, Recorded, subject};
use streams::topology::{TopologySettings, ensure};
use streams::{
    DeadLetters, Durable, ErrorClass, EventStore, Failure, Inbox, Step, Subscriber, SubscriptionSettings, status,
};
use testkit::Fixture;
use tokio_util::sync::CancellationToken;

use crate::orders::{cause, order, transaction};
use crate::probe::{Script, Word, probes, send, settings, steps, subscribe};

probes! {
    InOrder = "in-order";
    Dropped = "dropped";
    Parked = "parked";
    Exhausted = "exhausted";
    Rejecting = "rejecting";
    Paused = "paused";
    Slow = "slow";
    Drained = "drained";
    Patient = "patient";
    Crowded = "crowded";
    Held = "held";
}

pub(crate) fn durables() -> Vec<Durable> {
    probes().into_iter().chain([Odd::durable()]).collect()
}

pub(crate) async fn laws(fixture: &Fixture) {
    tokio::join!(long_work_is_not_delivered_again(fixture), async {
        every_message_is_handled_once_and_in_the_order_of_its_lane(fixture).await;
        a_parked_message_holds_up_its_lane_and_no_other(fixture).await;
        after_the_last_try_a_message_is_a_dead_letter(fixture).await;
        rejects_and_panics_are_dead_letters(fixture).await;
        an_outage_burns_no_try_and_makes_no_dead_letter(fixture).await;
        the_other_side_may_ask_for_time(fixture).await;
        a_full_subscriber_takes_no_more(fixture).await;
        what_is_still_held_is_not_handled_twice(fixture).await;
        shutdown_gives_back_what_waits(fixture).await;
        events_that_cannot_be_read_are_never_swallowed(fixture).await;
    });
}

async fn every_message_is_handled_once_and_in_the_order_of_its_lane(fixture: &Fixture) {
    let texts: Vec<String> = (0..60).map(|n| format!("{}{n:02}", ["a", "b", "c"][n % 3])).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    send::<InOrder>(&fixture.broker, &texts).await;
    let script = Script::new(&[]);
    let mut subscription = subscribe(&fixture.broker, InOrder(script.clone())).await;
    let step = steps(&mut subscription, texts.len()).await;
    assert_eq!(step, Step { handled: texts.len(), ..Step::default() });
    for lane in ['a', 'b', 'c'] {
        let sent: Vec<&str> = texts.iter().copied().filter(|text| text.starts_with(lane)).collect();
        assert_eq!(script.seen_of(lane), sent);
    }
    let mut again = subscribe(&fixture.broker, InOrder(script.clone())).await;
    assert_eq!(again.step().await.unwrap(), Step::default(), "what was handled does not come again");
}

/// The server would miss it after a minute only.
pub(crate) async fn what_was_dropped_is_given_back_at_once() {
    let server = testkit::NatsServer::start().await;
    let broker = server.connect().await;
    let patient = TopologySettings { ack_wait: std::time::Duration::from_secs(60), ..testkit::topology_settings() };
    ensure(&broker, &patient, &[Dropped::durable()]).await.unwrap();
    send::<Dropped>(&broker, &["a1", "b1"]).await;
    let script = Script::new(&[("a1", &[Word::Hang])]);
    let subscription = subscribe(&broker, Dropped(script.clone())).await;
    let running = tokio::spawn(subscription.run(CancellationToken::new()));
    script.until(|seen| seen.len() == 2).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    let mut heir = subscribe(&broker, Dropped(script.clone())).await;
    steps(&mut heir, 1).await;
    assert_eq!(script.seen_of('a'), ["a1", "a1"]);
}

async fn a_parked_message_holds_up_its_lane_and_no_other(fixture: &Fixture) {
    send::<Parked>(&fixture.broker, &["a1", "a2", "b1", "a3"]).await;
    let script = Script::new(&[("a1", &[Word::Retry, Word::Retry])]);
    let mut subscription = subscribe(&fixture.broker, Parked(script.clone())).await;
    let step = steps(&mut subscription, 2).await;
    assert_eq!((step.handled, step.retried, step.dead), (1, 1, 0));
    assert_eq!((script.seen_of('a'), script.seen_of('b')), (vec!["a1".to_owned()], vec!["b1".to_owned()]));
    let rest = steps(&mut subscription, 4).await;
    assert_eq!((rest.handled, rest.retried, rest.parked), (3, 1, 0));
    assert_eq!(script.seen_of('a'), ["a1", "a1", "a1", "a2", "a3"]);
}

async fn after_the_last_try_a_message_is_a_dead_letter(fixture: &Fixture) {
    let sent = send::<Exhausted>(&fixture.broker, &["a1", "a2"]).await;
    let script = Script::new(&[("a1", &[Word::Retry; 3])]);
    let mut subscription = subscribe(&fixture.broker, Exhausted(script.clone())).await;
    let step = steps(&mut subscription, 4).await;
    assert_eq!((step.handled, step.retried, step.dead), (1, 2, 1));
    assert_eq!(script.seen(), ["a1", "a1", "a1", "a2"]);
    let letters = DeadLetters::new(&fixture.broker).list(Some(Exhausted::NAME), 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert_eq!((letter.class, letter.attempts), (ErrorClass::Exhausted, 3));
    assert_eq!((letter.stream.as_str(), letter.sequence), ("INBOX", sent[0].sequence));
    assert_eq!(letter.reason, "a1 is not ready");
    let status = status::read(&fixture.broker, &[Exhausted::durable()]).await.unwrap();
    assert_eq!((status.durables[0].dead, status.is_settled()), (1, true));
}

async fn rejects_and_panics_are_dead_letters(fixture: &Fixture) {
    send::<Rejecting>(&fixture.broker, &["a1", "b1", "a2", "b2"]).await;
    let script = Script::new(&[("a1", &[Word::Reject]), ("b1", &[Word::Panic])]);
    let mut subscription = subscribe(&fixture.broker, Rejecting(script)).await;
    let step = steps(&mut subscription, 4).await;
    assert_eq!((step.handled, step.retried, step.dead), (2, 0, 2));
    let letters = DeadLetters::new(&fixture.broker).list(Some(Rejecting::NAME), 10).await.unwrap();
    let inbox = Inbox::new(&fixture.broker);
    let mut found = BTreeSet::new();
    for letter in letters {
        let delivery = inbox.read(letter.sequence).await.unwrap().unwrap();
        found.insert((String::from_utf8(delivery.body.to_vec()).unwrap(), letter.class.as_str(), letter.reason));
    }
    let advisories = advisories(fixture, 2).await;
    assert!(advisories.iter().all(|advisory| advisory.contains(Rejecting::NAME)), "{advisories:?}");
    let expected = [("a1", "rejected", "a1 is wrong"), ("b1", "panicked", "panicked: b1 is too much")];
    assert_eq!(found, expected.map(|(text, class, reason)| (text.to_owned(), class, reason.to_owned())).into());
}

async fn an_outage_burns_no_try_and_makes_no_dead_letter(fixture: &Fixture) {
    send::<Paused>(&fixture.broker, &["a1"]).await;
    let words = [[Word::Unavailable; 10].as_slice(), &[Word::Retry; 2]].concat();
    let script = Script::new(&[("a1", &words)]);
    let mut subscription = subscribe(&fixture.broker, Paused(script.clone())).await;
    while script.seen().len() < 10 {
        let step = subscription.step().await.unwrap();
        assert_eq!((step.handled, step.retried, step.dead), (0, 0, 0));
        assert_eq!(step.unavailable.is_some(), !script.seen().is_empty());
    }
    let step = steps(&mut subscription, 3).await;
    assert_eq!((step.handled, step.retried, step.dead), (1, 2, 0));
}

async fn the_other_side_may_ask_for_time(fixture: &Fixture) {
    send::<Patient>(&fixture.broker, &["a1", "a2"]).await;
    let script = Script::new(&[("a1", &[Word::RetryInAnHour])]);
    let mut subscription = subscribe(&fixture.broker, Patient(script.clone())).await;
    steps(&mut subscription, 1).await;
    let step = subscription.step().await.unwrap();
    assert_eq!((step.handled, step.retried), (0, 0));
    assert_eq!(script.seen(), ["a1"]);
}

async fn a_full_subscriber_takes_no_more(fixture: &Fixture) {
    send::<Crowded>(&fixture.broker, &["a1", "a2", "a3", "b1"]).await;
    let script = Script::new(&[("a1", &[Word::RetryInAnHour])]);
    let small = SubscriptionSettings { capacity: 2, ..settings() };
    let crowded = streams::Subscription::open(&fixture.broker, Crowded(script.clone()), small).await;
    let mut crowded = crowded.unwrap();
    while crowded.step().await.unwrap().parked < 2 {}
    assert_eq!(crowded.step().await.unwrap().parked, 2);
    assert_eq!(script.seen(), ["a1"]);
}

/// The server was made to forget that it had delivered.
async fn what_is_still_held_is_not_handled_twice(fixture: &Fixture) {
    let sent = send::<Held>(&fixture.broker, &["a1"]).await;
    let script = Script::new(&[("a1", &[Word::Slow(1000)])]);
    let subscription = subscribe(&fixture.broker, Held(script.clone())).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(subscription.run(shutdown.clone()));
    script.until(|seen| seen.len() == 1).await;
    let jetstream = async_nats::jetstream::new(async_nats::connect(fixture.servers[0].url()).await.unwrap());
    let stream = jetstream.get_stream("INBOX").await.unwrap();
    stream.reset_consumer(Held::NAME, Some(sent[0].sequence)).await.unwrap();
    send::<Held>(&fixture.broker, &["b1", "a2"]).await;
    script.until(|seen| seen.len() == 3).await;
    shutdown.cancel();
    running.await.unwrap();
    assert_eq!(script.seen(), ["a1", "b1", "a2"]);
}

async fn shutdown_gives_back_what_waits(fixture: &Fixture) {
    send::<Drained>(&fixture.broker, &["a1", "a2", "a3", "b1"]).await;
    let script = Script::new(&[("a1", &[Word::Hang])]);
    let subscription = subscribe(&fixture.broker, Drained(script.clone())).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(subscription.run(shutdown.clone()));
    script.until(|seen| seen.len() == 2).await;
    shutdown.cancel();
    let drained = running.await.unwrap();
    assert_eq!(drained.cut_short, 1);
    let mut heir = subscribe(&fixture.broker, Drained(script.clone())).await;
    steps(&mut heir, 3).await;
    assert_eq!(BTreeSet::from_iter(script.seen()), ["a1", "a2", "a3", "b1"].map(str::to_owned).into());
}

/// The server waits two seconds for a sign of life, the work takes five.
async fn long_work_is_not_delivered_again(fixture: &Fixture) {
    send::<Slow>(&fixture.broker, &["a1"]).await;
    let script = Script::new(&[("a1", &[Word::Slow(5000)])]);
    let subscription = subscribe(&fixture.broker, Slow(script.clone())).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(subscription.run(shutdown.clone()));
    script.until(|seen| seen.len() == 1).await;
    send::<Slow>(&fixture.broker, &["b1", "a2"]).await;
    script.until(|seen| seen.len() == 2).await;
    assert_eq!(script.seen(), ["a1", "b1"], "a slow message holds up its own lane only");
    script.until(|seen| seen.len() == 3).await;
    shutdown.cancel();
    running.await.unwrap();
    assert_eq!(script.seen(), ["a1", "b1", "a2"]);
    let info = consumer_info(fixture, Slow::NAME).await;
    assert_eq!(info.num_redelivered, 0);
    assert_eq!(info.delivered.consumer_sequence, 3, "each was delivered once");
}

/// The server tells of what was given up; who stores it hears of it a moment later.
async fn advisories(fixture: &Fixture, count: u64) -> Vec<String> {
    let jetstream = async_nats::jetstream::new(async_nats::connect(fixture.servers[0].url()).await.unwrap());
    let stream = jetstream.get_stream("ADVISORIES").await.unwrap();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(120);
    let last = loop {
        let last = stream.get_info().await.unwrap().state.last_sequence;
        if last >= count {
            break last;
        }
        assert!(tokio::time::Instant::now() < deadline, "{last} advisories");
    };
    let mut advisories = Vec::new();
    for sequence in last + 1 - count..=last {
        let message = stream.get_raw_message(sequence).await.unwrap();
        advisories.push(String::from_utf8(message.payload.to_vec()).unwrap());
    }
    advisories
}

async fn consumer_info(fixture: &Fixture, name: &str) -> async_nats::jetstream::consumer::Info {
    let jetstream = async_nats::jetstream::new(async_nats::connect(fixture.servers[0].url()).await.unwrap());
    jetstream.get_stream("INBOX").await.unwrap().consumer_info(name).await.unwrap()
}

/// Of the events of one shop.
struct Odd(Script);

impl Subscriber for Odd {
    const NAME: &'static str = "odd";
    type Message = Recorded<Event>;

    fn filters() -> Vec<String> {
        vec!["events.*.order.odd.*".to_owned()]
    }

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        self.0.play(&format!("a{}", event.envelope.key.id)).await
    }
}

async fn events_that_cannot_be_read_are_never_swallowed(fixture: &Fixture) {
    let store = EventStore::new(&fixture.broker);
    store.execute::<aggregates::Order>(&order("odd", 1), transaction(1), &cause("odd")).await.unwrap();
    let client = async_nats::connect(fixture.servers[0].url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let put = async |id: u64, wire_type: &str, version: u32, body: &'static str| {
        let subject = subject::event(&order("odd", id));
        let headers = odd_headers(wire_type, version);
        jetstream.publish_with_headers(subject, headers, body.into()).await.unwrap().await.unwrap().sequence
    };
    put(2, "order.invented_later", 1, "{}").await;
    let garbage = put(3, "order.transaction_recorded", 1, "{").await;
    let script = Script::new(&[]);
    let mut subscription = subscribe(&fixture.broker, Odd(script.clone())).await;
    let step = steps(&mut subscription, 2).await;
    assert_eq!((step.handled, step.dead), (1, 1));
    assert_eq!(script.seen(), ["a1"], "an unknown type is nobody's business");
    let letters = DeadLetters::new(&fixture.broker).list(Some(Odd::NAME), 10).await.unwrap();
    assert_eq!(
        letters.iter().map(|letter| (letter.sequence, letter.class)).collect::<Vec<_>>(),
        [(garbage, ErrorClass::Unreadable)]
    );
    put(4, "order.transaction_recorded", 99, "{}").await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(120);
    let reason = loop {
        if let Some(reason) = subscription.step().await.unwrap().unavailable {
            break reason;
        }
        assert!(tokio::time::Instant::now() < deadline, "the newer version was passed over");
    };
    assert!(reason.contains("newer"), "{reason}");
    assert_eq!(DeadLetters::new(&fixture.broker).list(Some(Odd::NAME), 10).await.unwrap().len(), 1);
}

pub(crate) fn odd_headers(wire_type: &str, version: u32) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let schema = format!("events/{wire_type}/v{version}.json");
    let time = "2026-01-01T00:00:00Z".to_owned();
    for (name, value) in [
        ("ce-id", format!("{wire_type}-{version}")),
        ("ce-type", wire_type.to_owned()),
        ("ce-dataschema", schema),
        ("ce-time", time),
        ("ce-aggregateversion", "1".to_owned()),
        ("ce-correlationid", "odd".to_owned()),
        ("ce-causationid", "odd".to_owned()),
    ] {
        headers.insert(name, value);
    }
    headers
}
