use async_nats::jetstream::stream::{Config, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType};
use std::time::Duration;

use async_nats::jetstream::{self, Context, consumer};
use events::{AggregateKind, subject};
use streams::topology::{Report, State, TopologyError, TopologySettings, ensure, report};
use streams::{Broker, Durable, Stream};
use testkit::{NatsServer, topology_settings};

async fn server() -> (NatsServer, Broker, Context) {
    let server = NatsServer::start().await;
    let broker = server.connect().await;
    let jetstream = jetstream::new(async_nats::connect(server.url()).await.unwrap());
    (server, broker, jetstream)
}

fn durables() -> Vec<Durable> {
    let filters = vec![subject::events_of(AggregateKind::Order), subject::events_of(AggregateKind::Product)];
    vec![
        Durable { name: "recorder", stream: Stream::Inbox, filters: Vec::new(), shared: true },
        Durable { name: "allocate", stream: Stream::Events, filters, shared: false },
        Durable {
            name: "one",
            stream: Stream::Events,
            filters: vec![subject::events_of(AggregateKind::Order)],
            shared: false,
        },
    ]
}

fn states(report: &Report) -> Vec<State> {
    report.streams.iter().chain(&report.durables).map(|finding| finding.state).collect()
}

#[tokio::test]
async fn ensuring_twice_changes_nothing() {
    let (_server, broker, jetstream) = server().await;
    let settings = topology_settings();
    assert!(states(&report(&broker, &settings, &durables()).await.unwrap()).iter().all(|s| *s == State::Missing));
    assert!(jetstream.get_stream("EVENTS").await.is_err(), "a report makes nothing");
    let made = ensure(&broker, &settings, &durables()).await.unwrap();
    assert!(states(&made).iter().all(|state| *state == State::Created));
    let again = ensure(&broker, &settings, &durables()).await.unwrap();
    assert_eq!(again, report(&broker, &settings, &durables()).await.unwrap());
    assert!(again.is_in_order());
    for finding in again.streams.iter().chain(&again.durables) {
        assert_eq!((finding.state, finding.differences.as_slice()), (State::Unchanged, &[][..]), "{}", finding.name);
    }
}

#[tokio::test]
async fn the_log_cannot_be_deleted_from() {
    let (_server, broker, jetstream) = server().await;
    ensure(&broker, &topology_settings(), &[]).await.unwrap();
    jetstream.publish("events.0.x", "1".into()).await.unwrap().await.unwrap();
    let events = jetstream.get_stream("EVENTS").await.unwrap();
    assert!(events.delete_message(1).await.is_err());
    assert!(events.purge().await.is_err());
    let config = &events.cached_info().config;
    assert_eq!((config.discard, config.retention), (DiscardPolicy::New, RetentionPolicy::Limits));
    assert!(!config.allow_rollup && !config.allow_message_ttl && config.max_bytes > 0);
}

#[tokio::test]
async fn a_stream_that_loses_data_is_refused_by_name_and_field() {
    let good = Config {
        name: "EVENTS".to_owned(),
        subjects: vec!["events.>".to_owned()],
        discard: DiscardPolicy::New,
        deny_delete: true,
        deny_purge: true,
        max_bytes: 1 << 20,
        ..Config::default()
    };
    let bad: [(&str, Config); 12] = [
        ("retention", Config { retention: RetentionPolicy::Interest, ..good.clone() }),
        ("discard", Config { discard: DiscardPolicy::Old, ..good.clone() }),
        ("storage", Config { storage: StorageType::Memory, ..good.clone() }),
        ("max_msgs", Config { max_messages: 10, ..good.clone() }),
        ("max_msgs_per_subject", Config { max_messages_per_subject: 1, ..good.clone() }),
        ("max_age", Config { max_age: Duration::from_secs(60), ..good.clone() }),
        ("persist_mode", Config { persist_mode: Some(PersistenceMode::Async), ..good.clone() }),
        ("allow_rollup_hdrs", Config { allow_rollup: true, deny_purge: false, ..good.clone() }),
        ("allow_msg_ttl", Config { allow_message_ttl: true, ..good.clone() }),
        ("deny_delete", Config { deny_delete: false, ..good.clone() }),
        ("deny_purge", Config { deny_purge: false, ..good.clone() }),
        ("subjects", Config { subjects: vec!["events.>".to_owned(), "mine.>".to_owned()], ..good.clone() }),
    ];
    for (wanted, config) in bad {
        let (_server, broker, jetstream) = server().await;
        jetstream.create_stream(config).await.unwrap();
        let refused = ensure(&broker, &topology_settings(), &[]).await.unwrap_err();
        assert!(
            matches!(&refused, TopologyError::Refused { name, field, .. } if name == "EVENTS" && *field == wanted),
            "{wanted}: {refused}"
        );
        let found = report(&broker, &topology_settings(), &[]).await.unwrap();
        assert!(found.streams.iter().any(|finding| finding.state == State::Refused) && !found.is_in_order());
        assert!(jetstream.get_stream("INBOX").await.is_err(), "nothing is touched when one is refused");
    }
}

#[tokio::test]
async fn what_is_safe_is_changed_and_more_room_is_kept() {
    let (_server, broker, jetstream) = server().await;
    let small = TopologySettings { max_bytes: 1 << 28, ..topology_settings() };
    ensure(&broker, &small, &durables()).await.unwrap();
    let mut config = jetstream.get_stream("INBOX").await.unwrap().cached_info().config.clone();
    config.max_age = Duration::from_secs(3600);
    config.allow_direct = false;
    jetstream.update_stream(&config).await.unwrap();
    let large = TopologySettings { max_bytes: 1 << 30, ..topology_settings() };
    let changed = ensure(&broker, &large, &durables()).await.unwrap();
    let inbox = changed.streams.iter().find(|finding| finding.name == "INBOX").unwrap();
    let fields: Vec<_> = inbox.differences.iter().map(|difference| difference.field).collect();
    assert_eq!((inbox.state, fields), (State::Updated, vec!["max_bytes", "max_age", "allow_direct"]));
    let kept = ensure(&broker, &small, &durables()).await.unwrap();
    assert!(kept.is_in_order() && states(&kept).iter().all(|state| *state == State::Unchanged));
    let config = jetstream.get_stream("INBOX").await.unwrap().cached_info().config.clone();
    assert_eq!((config.max_bytes, config.allow_direct), (((1 << 30) / 100) * 35, true));
    assert_eq!(config.max_age, Duration::from_secs(14 * 24 * 3600));
}

#[tokio::test]
async fn a_durable_that_drifted_is_put_right_and_a_foreign_one_is_named() {
    let (_server, broker, jetstream) = server().await;
    ensure(&broker, &topology_settings(), &durables()).await.unwrap();
    let events = jetstream.get_stream("EVENTS").await.unwrap();
    let drifted = consumer::pull::Config {
        durable_name: Some("allocate".to_owned()),
        ack_policy: consumer::AckPolicy::Explicit,
        max_deliver: 3,
        ack_wait: Duration::from_secs(1),
        ..Default::default()
    };
    events.create_consumer(drifted.clone()).await.unwrap();
    let foreign = consumer::pull::Config { durable_name: Some("forgotten".to_owned()), ..drifted };
    events.create_consumer(foreign).await.unwrap();
    let found = report(&broker, &topology_settings(), &durables()).await.unwrap();
    let of = |report: &Report, name| report.durables.iter().find(|finding| finding.name == name).unwrap().clone();
    assert_eq!(of(&found, "allocate").state, State::Drifted);
    assert_eq!(of(&found, "forgotten").state, State::Unknown);
    let put_right = ensure(&broker, &topology_settings(), &durables()).await.unwrap();
    let fields: Vec<_> = of(&put_right, "allocate").differences.iter().map(|difference| difference.field).collect();
    assert_eq!(
        fields,
        [
            "max_deliver",
            "ack_wait",
            "max_ack_pending",
            "priority_policy",
            "priority_groups",
            "priority_timeout",
            "filters"
        ]
    );
    assert!(report(&broker, &topology_settings(), &durables()).await.unwrap().is_in_order());
}

#[tokio::test]
async fn a_durable_that_skips_messages_is_refused() {
    let (_server, broker, jetstream) = server().await;
    ensure(&broker, &topology_settings(), &[]).await.unwrap();
    let skipping = consumer::pull::Config {
        durable_name: Some("recorder".to_owned()),
        deliver_policy: consumer::DeliverPolicy::New,
        ..Default::default()
    };
    jetstream.get_stream("INBOX").await.unwrap().create_consumer(skipping).await.unwrap();
    let refused = ensure(&broker, &topology_settings(), &durables()).await.unwrap_err();
    assert!(matches!(&refused, TopologyError::Refused { field: "deliver_policy", .. }), "{refused}");
}
