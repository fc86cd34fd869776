//! What the broker denies is an error that says so, and soon.

use std::time::Duration;

use aggregates::Order;
use events::Timestamp;
use streams::topology::ensure;
use streams::{
    AppendError, Broker, BrokerSettings, EventStore, Inbox, ReadError, StoreError, Subscription, TimerError, Timers,
    events_head,
};
use testkit::{NatsServer, topology_settings};
use tokio::time::{Instant, timeout};

use crate::orders::{cause, order, transaction};
use crate::probe::{Script, message, probes, settings};

probes! {
    Shut = "shut";
}

/// Less than the time after which an answer is missed.
const SOON: Duration = Duration::from_secs(4);

const USERS: &str = r#"
authorization { users: [
  { user: owner, password: owner }
  { user: guest, password: guest, permissions: {
      publish: ["$JS.API.CONSUMER.INFO.INBOX.shut", "inbox.allowed.>"]
      subscribe: "_INBOX_guest.>" } }
] }
"#;

async fn connect(server: &NatsServer, user: &str) -> Broker {
    let url = format!("nats://{user}:{user}@127.0.0.1:{}", server.port());
    let settings = BrokerSettings { inbox_prefix: Some(format!("_INBOX_{user}")), ..BrokerSettings::new(url, "test") };
    Broker::connect(&settings).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denied_permission_is_an_error_that_says_so() {
    let server = NatsServer::start_with_config(USERS).await;
    ensure(&connect(&server, "owner").await, &topology_settings(), &probes()).await.unwrap();
    let guest = connect(&server, "guest").await;
    let started = Instant::now();
    let denied = Inbox::new(&guest).append(message("acme", "a1")).await;
    assert!(matches!(&denied, Err(AppendError::Denied { subject }) if subject == "inbox.acme.lane.a"), "{denied:?}");
    let allowed = Inbox::new(&guest).append(message("allowed", "a1")).await;
    assert!(allowed.is_ok(), "{allowed:?}");
    let denied = events_head(&guest).await;
    assert!(matches!(&denied, Err(ReadError::Denied { subject }) if subject == "$JS.API.STREAM.INFO.EVENTS"));
    let denied = Timers::new(&guest, "x").set("k", Timestamp::now(), &1).await;
    assert!(matches!(&denied, Err(TimerError::Append(AppendError::Denied { .. }))), "{denied:?}");
    let store = EventStore::new(&guest);
    let denied = store.execute::<Order>(&order("acme", 1), transaction(1), &cause("c")).await;
    assert!(matches!(&denied, Err(StoreError::Denied(_))), "{denied:?}");
    let mut shut = Subscription::open(&guest, Shut(Script::new(&[])), settings()).await.unwrap();
    let denied = timeout(SOON, shut.step()).await.unwrap();
    assert!(matches!(&denied, Err(ReadError::Denied { .. })), "{denied:?}");
    assert!(started.elapsed() < SOON, "denials were waited for");
}
