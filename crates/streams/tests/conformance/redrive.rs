use events::Timestamp;
use streams::{DeadLetters, Durable, ErrorClass, Fate, Filed, Inbox, LetterFilter, Redriven, Subscriber, grouped};
use testkit::Fixture;
use tokio::time::{Duration, Instant, sleep};

use crate::probe::{Script, Word, probes, send, steps, subscribe};

probes! {
    Revived = "revived";
    Hopeless = "hopeless";
    Forgotten = "forgotten";
    Sorted = "sorted";
}

pub(crate) fn durables() -> Vec<Durable> {
    probes()
}

pub(crate) async fn laws(fixture: &Fixture) {
    letters_are_grouped_by_what_failed(fixture).await;
    what_is_redriven_comes_as_it_was_and_in_its_order(fixture).await;
    what_fails_again_is_a_letter_again(fixture).await;
    a_message_that_its_stream_let_go_stays_dead(fixture).await;
}

async fn letters_are_grouped_by_what_failed(fixture: &Fixture) {
    let texts = ["a1", "b1", "c1", "d1"];
    send::<Sorted>(&fixture.broker, &texts).await;
    let reject: &[Word] = &[Word::Reject];
    let script = Script::new(&[("a1", reject), ("b1", &[Word::Panic]), ("c1", reject), ("d1", &[Word::Odd])]);
    let mut subscription = subscribe(&fixture.broker, Sorted(script)).await;
    steps(&mut subscription, 4).await;
    let (dead, filter) = (DeadLetters::new(&fixture.broker), LetterFilter::of_handler(Sorted::NAME));
    let letters = dead.find(&filter, 10).await.unwrap();
    let sizes: Vec<u64> = grouped(&letters).iter().map(|group| group.letters).collect();
    assert_eq!(sizes.iter().sum::<u64>(), 4);
    let of = |class| LetterFilter { class: Some(class), ..filter.clone() };
    assert_eq!(dead.find(&of(ErrorClass::Panicked), 10).await.unwrap().len(), 1);
    let rejected = dead.find(&of(ErrorClass::Rejected), 10).await.unwrap();
    assert_eq!(rejected.len(), 3);
    let odd = rejected.iter().find(|filed| filed.letter.reason == "odd").unwrap();
    let alike = LetterFilter { fingerprint: Some(odd.letter.fingerprint.clone()), ..LetterFilter::default() };
    assert_eq!(dead.find(&alike, 10).await.unwrap(), std::slice::from_ref(odd));
    let foreign = LetterFilter { shop: Some("nobody".parse().unwrap()), ..filter.clone() };
    assert_eq!(dead.find(&foreign, 10).await.unwrap(), []);
    assert_eq!(dead.get(odd.id).await.unwrap().as_ref(), Some(odd));
    for filed in &letters {
        dead.drop_letter(filed, "a test").await.unwrap();
        dead.drop_letter(filed, "a test, asked twice").await.unwrap();
    }
    assert_eq!(dead.find(&filter, 10).await.unwrap(), []);
    assert_eq!(dead.get(odd.id).await.unwrap(), None);
    assert_eq!(dead.counts().await.unwrap().get(Sorted::NAME), None);
    assert_eq!(subscription.step().await.unwrap().handled, 0, "what is dropped is not handled");
}

async fn what_is_redriven_comes_as_it_was_and_in_its_order(fixture: &Fixture) {
    let sent = send::<Revived>(&fixture.broker, &["a1", "a2", "b1", "a3"]).await;
    let reject: &[Word] = &[Word::Reject];
    let script = Script::new(&[("a1", reject), ("a3", reject)]);
    let mut subscription = subscribe(&fixture.broker, Revived(script.clone())).await;
    steps(&mut subscription, 4).await;
    let dead = DeadLetters::new(&fixture.broker);
    let letters = letters(&dead, Revived::NAME).await;
    let sequences: Vec<u64> = letters.iter().map(|filed| filed.letter.sequence).collect();
    assert_eq!(sequences, [sent[0].sequence, sent[3].sequence]);
    let mut redriven = Vec::new();
    for filed in &letters {
        redriven.push(dead.redrive(filed, "fixed").await.unwrap());
        // Whoever is not sure that it worked asks again.
        assert_eq!(dead.redrive(filed, "fixed").await.unwrap(), redriven[redriven.len() - 1]);
    }
    assert_eq!(self::letters(&dead, Revived::NAME).await, [], "what is on its way is no letter");
    assert_eq!(dead.fate(&redriven[0]).await.unwrap(), Fate::Open);
    let before = script.seen().len();
    steps(&mut subscription, 2).await;
    assert_eq!(script.seen()[before..], ["a1", "a3"], "in their order, each once");
    for redriven in &redriven {
        until(&dead, redriven, |fate| *fate == Fate::Handled).await;
    }
    assert_eq!(subscription.step().await.unwrap().handled, 0);
}

async fn what_fails_again_is_a_letter_again(fixture: &Fixture) {
    send::<Hopeless>(&fixture.broker, &["a1"]).await;
    let script = Script::new(&[("a1", &[Word::Reject, Word::Retry, Word::Retry, Word::Retry])]);
    let mut subscription = subscribe(&fixture.broker, Hopeless(script.clone())).await;
    steps(&mut subscription, 1).await;
    let dead = DeadLetters::new(&fixture.broker);
    let first = letters(&dead, Hopeless::NAME).await.remove(0);
    let redriven = dead.redrive(&first, "let us see").await.unwrap();
    drop(subscription);
    // Nobody listens: the request waits for whoever comes.
    assert_eq!(dead.fate(&redriven).await.unwrap(), Fate::Open);
    let mut heir = subscribe(&fixture.broker, Hopeless(script.clone())).await;
    steps(&mut heir, 3).await;
    assert_eq!(script.seen(), ["a1"; 4], "all its tries again");
    let fate = until(&dead, &redriven, |fate| matches!(fate, Fate::Dead(_))).await;
    let Fate::Dead(second) = fate else { unreachable!() };
    assert_eq!((second.letter.class, second.letter.attempts), (ErrorClass::Exhausted, 3));
    assert_eq!(second.letter.sequence, first.letter.sequence);
    dead.redrive(&second, "once more").await.unwrap();
    steps(&mut heir, 1).await;
    assert_eq!(letters(&dead, Hopeless::NAME).await, []);
}

async fn a_message_that_its_stream_let_go_stays_dead(fixture: &Fixture) {
    let sent = send::<Forgotten>(&fixture.broker, &["a1"]).await;
    let mut subscription = subscribe(&fixture.broker, Forgotten(Script::new(&[("a1", &[Word::Reject])]))).await;
    steps(&mut subscription, 1).await;
    let jetstream = async_nats::jetstream::new(async_nats::connect(fixture.servers[0].url()).await.unwrap());
    jetstream.get_stream("INBOX").await.unwrap().delete_message(sent[0].sequence).await.unwrap();
    assert!(Inbox::new(&fixture.broker).read(sent[0].sequence).await.unwrap().is_none());
    let dead = DeadLetters::new(&fixture.broker);
    let letter = letters(&dead, Forgotten::NAME).await.remove(0);
    let redriven = dead.redrive(&letter, "too late").await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while letters(&dead, Forgotten::NAME).await.is_empty() {
        assert!(Instant::now() < deadline, "the letter is lost");
        subscription.step().await.unwrap();
    }
    let fate = until(&dead, &redriven, |fate| matches!(fate, Fate::Dead(_))).await;
    let Fate::Dead(again) = fate else { unreachable!() };
    assert_eq!(again.letter.class, ErrorClass::Unreadable);
    assert!(again.letter.reason.contains("no longer in INBOX"), "{}", again.letter.reason);
    assert!(again.letter.at <= Timestamp::now());
}

async fn letters(dead: &DeadLetters, handler: &str) -> Vec<Filed> {
    dead.find(&LetterFilter::of_handler(handler), 100).await.unwrap()
}

/// An acknowledgement is counted a moment after it was sent.
async fn until(dead: &DeadLetters, redriven: &Redriven, wanted: impl Fn(&Fate) -> bool) -> Fate {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let fate = dead.fate(redriven).await.unwrap();
        if wanted(&fate) {
            return fate;
        }
        assert!(Instant::now() < deadline, "{fate:?}");
        sleep(Duration::from_millis(20)).await;
    }
}
