//! What was tried in vain is remembered by the broker: neither a restart nor another replica begins anew.

use std::time::Duration;

use streams::{DeadLetters, Durable, ErrorClass, Step, Subscriber, Subscription};
use testkit::Fixture;
use tokio::time::{Instant, sleep};

use crate::probe::{Script, Word, probes, send, settings, steps, subscribe};

probes! {
    Counted = "counted";
    Later = "later";
    Redriven = "redriven-tries";
}

pub(crate) fn durables() -> Vec<Durable> {
    probes()
}

pub(crate) async fn laws(fixture: &mut Fixture) {
    tries_are_counted_over_restarts(fixture).await;
    a_redriven_message_has_tries_of_its_own(fixture).await;
    a_time_that_was_asked_for_is_kept_over_restarts(fixture).await;
}

/// Three tries, each by another process.
async fn tries_are_counted_over_restarts(fixture: &Fixture) {
    send::<Counted>(&fixture.broker, &["a1", "a2"]).await;
    let script = Script::new(&[("a1", &[Word::Retry; 4])]);
    for (retried, dead, handled) in [(1, 0, 0), (1, 0, 0), (0, 1, 1)] {
        let mut process = subscribe(&fixture.connect().await, Counted(script.clone())).await;
        let step = steps(&mut process, retried + dead + handled).await;
        assert_eq!((step.retried, step.dead, step.handled), (retried, dead, handled), "{:?}", script.seen());
    }
    assert_eq!(script.seen(), ["a1", "a1", "a1", "a2"]);
    let letters = DeadLetters::new(&fixture.broker).list(Some(Counted::NAME), 10).await.unwrap();
    assert_eq!(
        letters.iter().map(|letter| (letter.class, letter.attempts)).collect::<Vec<_>>(),
        [(ErrorClass::Exhausted, 3)]
    );
}

/// An operator who gives a letter back gives it all its tries.
async fn a_redriven_message_has_tries_of_its_own(fixture: &Fixture) {
    send::<Redriven>(&fixture.broker, &["a1"]).await;
    let script = Script::new(&[("a1", &[Word::Retry; 6])]);
    let mut process = subscribe(&fixture.broker, Redriven(script.clone())).await;
    let step = steps(&mut process, 3).await;
    assert_eq!((step.retried, step.dead), (2, 1));
    let dead = DeadLetters::new(&fixture.broker);
    let filter = streams::LetterFilter::of_handler(Redriven::NAME);
    let letter = dead.find(&filter, 1).await.unwrap().remove(0);
    dead.redrive(&letter, "it should work now").await.unwrap();
    assert_eq!(steps(&mut process, 1).await.retried, 1);
    drop(process);
    let mut heir = subscribe(&fixture.connect().await, Redriven(script.clone())).await;
    let step = steps(&mut heir, 2).await;
    assert_eq!((step.retried, step.dead), (1, 1), "its second try, and its last");
}

/// The other side said when to come back; its message waits, and what comes after it in its lane, and nothing else.
async fn a_time_that_was_asked_for_is_kept_over_restarts(fixture: &mut Fixture) {
    send::<Later>(&fixture.broker, &["a1", "a2", "b1"]).await;
    let script = Script::new(&[("a1", &[Word::RetryInAnHour])]);
    let mut process = subscribe(&fixture.broker, Later(script.clone())).await;
    let step = steps(&mut process, 2).await;
    assert_eq!((step.retried, step.handled, step.parked), (1, 1, 2));
    drop(process);
    // Long enough for the server to have it written down.
    sleep(Duration::from_secs(1)).await;
    fixture.servers.iter_mut().for_each(testkit::NatsServer::kill);
    fixture.start_again().await;
    let mut heir = reopened(fixture, &script).await;
    let step = until_parked(&mut heir, 2).await;
    assert_eq!((step.retried, step.handled), (0, 0));
    assert_eq!(script.seen_of('a'), ["a1"]);
}

/// A cluster that has just been started may not answer at once.
async fn reopened(fixture: &Fixture, script: &Script) -> Subscription<Later> {
    let (broker, deadline) = (fixture.connect().await, Instant::now() + Duration::from_secs(120));
    loop {
        match Subscription::open(&broker, Later(script.clone()), settings()).await {
            Ok(subscription) => return subscription,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    }
}

/// What the dead process held comes again when its place and the time for its answer have run out, one after the
/// other at worst, and then it may meet a cluster that has no leader yet.
async fn until_parked<S: Subscriber>(subscription: &mut Subscription<S>, count: usize) -> Step {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        match subscription.step().await {
            Ok(step) if step.parked == count => return step,
            other => assert!(Instant::now() < deadline, "they do not come again: {other:?}"),
        }
        sleep(Duration::from_millis(50)).await;
    }
}
