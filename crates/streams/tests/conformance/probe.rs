//! Subscribers that do what a test tells them, and remember what they were handed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use events::subject;
use streams::{
    Appended, Broker, Durable, Failure, Inbox, InboxMessage, RetrySchedule, Step, Subscriber, Subscription,
    SubscriptionSettings, status,
};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::orders::shop;

/// What to answer to a message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Word {
    Retry,
    RetryInAnHour,
    RetryInSeconds(u64),
    Reject,
    Panic,
    /// Rejects with a reason that no other message has.
    Odd,
    Unavailable,
    /// Never answers.
    Hang,
    /// Answers after so many milliseconds.
    Slow(u64),
}

/// Shared by a test and its subscriber. Messages are known by their text.
#[derive(Clone)]
pub(crate) struct Script(Arc<Told>);

struct Told {
    words: Mutex<HashMap<String, VecDeque<Word>>>,
    seen: watch::Sender<Vec<String>>,
}

impl Script {
    /// Everything is handled at once but for what is said here: one word for each handling.
    pub(crate) fn new(words: &[(&str, &[Word])]) -> Self {
        let words = words.iter().map(|(text, words)| ((*text).to_owned(), words.iter().copied().collect()));
        Self(Arc::new(Told { words: Mutex::new(words.collect()), seen: watch::Sender::default() }))
    }

    pub(crate) async fn play(&self, text: &str) -> Result<(), Failure> {
        self.0.seen.send_modify(|seen| seen.push(text.to_owned()));
        let word = self.0.words.lock().unwrap().get_mut(text).and_then(VecDeque::pop_front);
        match word {
            None => Ok(()),
            Some(Word::Retry) => Err(Failure::retry(format!("{text} is not ready"))),
            Some(Word::RetryInAnHour) => Err(Failure::retry_after("come back later", Duration::from_secs(3600))),
            Some(Word::RetryInSeconds(seconds)) => {
                Err(Failure::retry_after("come back soon", Duration::from_secs(seconds)))
            }
            Some(Word::Reject) => Err(Failure::reject(format!("{text} is wrong"))),
            Some(Word::Odd) => Err(Failure::reject("odd")),
            Some(Word::Panic) => panic!("{text} is too much"),
            Some(Word::Unavailable) => Err(Failure::unavailable("no database")),
            Some(Word::Hang) => std::future::pending().await,
            Some(Word::Slow(milliseconds)) => {
                sleep(Duration::from_millis(milliseconds)).await;
                Ok(())
            }
        }
    }

    /// What was handed out so far, in order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.0.seen.borrow().clone()
    }

    /// Of one lane: texts are a lane's letter and a number.
    pub(crate) fn seen_of(&self, lane: char) -> Vec<String> {
        self.seen().into_iter().filter(|text| text.starts_with(lane)).collect()
    }

    pub(crate) async fn until(&self, enough: impl FnMut(&Vec<String>) -> bool) {
        let mut seen = self.0.seen.subscribe();
        let waited = tokio::time::timeout(Duration::from_secs(60), seen.wait_for(enough)).await;
        assert!(waited.is_ok(), "not seen in time; seen: {:?}", self.seen());
    }
}

/// Until the broker waits for nothing of this subscriber.
pub(crate) async fn until_settled(broker: &Broker, durable: &Durable) {
    let settled = |status: status::Status| status.is_settled();
    while !status::read(broker, std::slice::from_ref(durable)).await.is_ok_and(settled) {
        sleep(Duration::from_millis(50)).await;
    }
}

macro_rules! probes {
    ($($type:ident = $name:literal $($shared:ident)?;)*) => {
        $(pub(crate) struct $type(pub(crate) $crate::probe::Script);

        impl streams::Subscriber for $type {
            const NAME: &'static str = $name;
            $(const SHARED: bool = stringify!($shared).len() > 0;)?
            type Message = streams::InboxDelivery;

            fn filters() -> Vec<String> {
                vec![concat!("inbox.", $name, ".>").to_owned()]
            }

            async fn handle(&self, delivery: &streams::InboxDelivery) -> Result<(), streams::Failure> {
                self.0.play(std::str::from_utf8(&delivery.body).unwrap()).await
            }
        })*

        pub(crate) fn probes() -> Vec<streams::Durable> {
            vec![$(<$type as streams::Subscriber>::durable()),*]
        }
    };
}
pub(crate) use probes;

/// Three tries, none of them waited for.
pub(crate) fn settings() -> SubscriptionSettings {
    SubscriptionSettings { retry: RetrySchedule::immediate(3), drain: Duration::from_secs(1), ..Default::default() }
}

pub(crate) async fn subscribe<S: Subscriber>(broker: &Broker, subscriber: S) -> Subscription<S> {
    Subscription::open(broker, subscriber, settings()).await.unwrap()
}

/// Sends texts to the shop that has the subscriber's name; the text's first letter is its lane.
pub(crate) async fn send<S: Subscriber>(broker: &Broker, texts: &[&str]) -> Vec<Appended> {
    let inbox = Inbox::new(broker);
    let mut sent = Vec::new();
    for text in texts {
        sent.push(inbox.append(message(S::NAME, text)).await.unwrap());
    }
    sent
}

pub(crate) fn message(shop_name: &str, text: &str) -> InboxMessage {
    InboxMessage {
        subject: subject::inbox(Some(&shop(shop_name)), &format!("lane/{}", &text[..1])),
        message_id: format!("{shop_name}-{text}"),
        headers: Bytes::from_static(b"X-Shopify-Topic: lane/x\r\nX-Odd: \xff\r\n"),
        body: Bytes::copy_from_slice(text.as_bytes()),
        trace_parent: None,
    }
}

/// Steps until so many messages were settled or parked: on a cluster a consumer may hear of a message
/// a moment after its sender.
pub(crate) async fn steps<S: Subscriber>(subscription: &mut Subscription<S>, count: usize) -> Step {
    let deadline = Instant::now() + Duration::from_secs(120);
    let mut sum = Step::default();
    while sum.handled + sum.retried + sum.dead < count {
        assert!(Instant::now() < deadline, "{count} messages were expected: {sum:?}");
        let step = subscription.step().await.unwrap();
        sum.handled += step.handled;
        sum.retried += step.retried;
        sum.dead += step.dead;
        sum.parked = step.parked;
        sum.unavailable = step.unavailable;
    }
    sum
}
