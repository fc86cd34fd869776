use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use events::{Timestamp, subject};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use streams::{Broker, DeadLetters, Due, Durable, ErrorClass, Failure, Subscriber, Subscription, Timers, status};
use testkit::Fixture;
use tokio::time::{Instant, sleep};

use crate::probe::settings;

const SERVICE: &str = "reminders";

pub(crate) fn durables() -> Vec<Durable> {
    vec![Reminders::durable()]
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Reminder {
    text: String,
}

/// Remembers what became due, and when.
#[derive(Clone, Default)]
struct Reminders(Arc<Mutex<Vec<Due<Reminder>>>>);

impl Subscriber for Reminders {
    const NAME: &'static str = "remind";
    type Message = Due<Reminder>;

    fn filters() -> Vec<String> {
        vec![subject::timers_due(SERVICE)]
    }

    async fn handle(&self, due: &Due<Reminder>) -> Result<(), Failure> {
        self.0.lock().unwrap().push(due.clone());
        Ok(())
    }
}

impl Reminders {
    fn texts(&self) -> Vec<(String, String)> {
        let due = self.0.lock().unwrap();
        let mut texts: Vec<_> = due.iter().map(|due| (due.key.clone(), due.content.text.clone())).collect();
        texts.sort_unstable();
        texts
    }
}

pub(crate) async fn laws(fixture: &mut Fixture) {
    a_timer_fires_at_its_time_moved_or_cancelled_ones_do_not(fixture).await;
    timers_survive_a_restart_of_all_servers(fixture).await;
    a_timer_that_cannot_be_read_is_a_dead_letter(fixture).await;
}

async fn a_timer_fires_at_its_time_moved_or_cancelled_ones_do_not(fixture: &Fixture) {
    let (timers, heard) = (Timers::new(&fixture.broker, SERVICE), Reminders::default());
    let start = Timestamp::now();
    let odd = "a key. with > * and \r\n in it";
    set(&timers, odd, 2, "odd").await;
    set(&timers, "moved", 1, "too early").await;
    set(&timers, "moved", 3, "moved").await;
    set(&timers, "cancelled", 2, "never").await;
    timers.cancel("cancelled").await.unwrap();
    timers.cancel("was never set").await.unwrap();
    set(&timers, "past", -3600, "past").await;
    set(&timers, "far", 3600, "not yet").await;
    Timers::new(&fixture.broker, "others").set("past", start, &"not ours").await.unwrap();
    let wanted = [(odd, "odd"), ("moved", "moved"), ("past", "past")];
    hear(&fixture.broker, &heard, &wanted).await;
    for due in heard.0.lock().unwrap().iter() {
        let earliest = match due.key.as_str() {
            "past" => 0,
            "moved" => 3,
            _ => 2,
        };
        assert!(due.fired_at >= start + SignedDuration::from_secs(earliest), "{due:?} came too early");
    }
    set(&timers, "moved", -1, "again").await;
    let again = [(odd, "odd"), ("moved", "again"), ("moved", "moved"), ("past", "past")];
    hear(&fixture.broker, &heard, &again).await;
    timers.cancel("far").await.unwrap();
    sleep(Duration::from_secs(2)).await;
    hear(&fixture.broker, &heard, &again).await;
}

async fn timers_survive_a_restart_of_all_servers(fixture: &mut Fixture) {
    let timers = Timers::new(&fixture.broker, SERVICE);
    // One is due before the servers come back, one after.
    set(&timers, "while away", 1, "while away").await;
    set(&timers, "afterwards", 12, "afterwards").await;
    set(&timers, "not any more", 12, "cancelled").await;
    timers.cancel("not any more").await.unwrap();
    fixture.servers.iter_mut().for_each(testkit::NatsServer::kill);
    sleep(Duration::from_secs(2)).await;
    fixture.start_again().await;
    let heard = Reminders::default();
    hear(&fixture.connect().await, &heard, &[("afterwards", "afterwards"), ("while away", "while away")]).await;
}

async fn a_timer_that_cannot_be_read_is_a_dead_letter(fixture: &Fixture) {
    let broker = fixture.connect().await;
    Timers::new(&broker, SERVICE).set("strange", Timestamp::now(), &17).await.unwrap();
    let mut subscription = Subscription::open(&broker, Reminders::default(), settings()).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while subscription.step().await.unwrap().dead == 0 {
        assert!(Instant::now() < deadline, "the timer did not fire");
        sleep(Duration::from_millis(50)).await;
    }
    let letters = DeadLetters::new(&broker).list(Some(Reminders::NAME), 10).await.unwrap();
    let found: BTreeMap<_, _> = letters.iter().map(|letter| (letter.subject.as_str(), letter.class)).collect();
    let subject = subject::timer_due(SERVICE, "strange");
    assert_eq!(found, BTreeMap::from([(subject.as_str(), ErrorClass::Unreadable)]));
    assert!(status::read(&broker, &durables()).await.unwrap().is_settled());
}

async fn set(timers: &Timers, key: &str, seconds: i64, text: &str) {
    let at = Timestamp::now() + SignedDuration::from_secs(seconds);
    timers.set(key, at, &Reminder { text: text.to_owned() }).await.unwrap();
}

/// Handles what is due until exactly this was heard.
async fn hear(broker: &Broker, heard: &Reminders, wanted: &[(&str, &str)]) {
    let mut wanted: Vec<_> = wanted.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
    wanted.sort_unstable();
    let deadline = Instant::now() + Duration::from_secs(60);
    // Just after a restart the consumer may have no leader.
    let mut subscription = loop {
        match Subscription::open(broker, heard.clone(), settings()).await {
            Ok(subscription) => break subscription,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    };
    while heard.texts() != wanted {
        assert!(Instant::now() < deadline, "heard {:?}, not {wanted:?}", heard.texts());
        let _ = subscription.step().await;
        sleep(Duration::from_millis(50)).await;
    }
}
