use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, Config, DeliverPolicy, PriorityPolicy, ReplayPolicy};
use events::subject;
use serde::Deserialize;
use serde_json::json;

use super::drift::{Comparison, Difference, Verdict, finding};
use super::{Durable, Finding, MAX_ACK_PENDING, TopologyError, TopologySettings};
use crate::api::{ConsumerInfo, NO_STREAM, found};
use crate::place::GROUP;
use crate::{Broker, ReadError, Stream};

const DELETE: &str = "delete the consumer, if its handler may start over from the first message";

/// What there is of one durable, and what there should be.
pub(super) struct Step {
    stream: Stream,
    name: String,
    wanted: Config,
    exists: bool,
    differences: Vec<Difference>,
}

/// The consumer by which a subscriber gets its dead letters back.
pub(crate) fn redrive_name(subscriber: &str) -> String {
    format!("{subscriber}-redrive")
}

impl Step {
    pub(super) async fn plan(
        broker: &Broker,
        durable: &Durable,
        settings: &TopologySettings,
    ) -> Result<Self, ReadError> {
        let wanted = wanted(durable.name.to_owned(), durable.filters.clone(), settings);
        let wanted = if durable.shared { wanted } else { with_one_reader(wanted) };
        Self::of(broker, durable.stream, wanted).await
    }

    /// Of the way back for the subscriber's dead letters.
    pub(super) async fn plan_redrive(
        broker: &Broker,
        durable: &Durable,
        settings: &TopologySettings,
    ) -> Result<Self, ReadError> {
        let filters = vec![subject::redrives_of(durable.name)];
        Self::of(broker, Stream::DeadLetters, wanted(redrive_name(durable.name), filters, settings)).await
    }

    async fn of(broker: &Broker, stream: Stream, mut wanted: Config) -> Result<Self, ReadError> {
        let name = wanted.durable_name.clone().unwrap_or_default();
        let found = broker.consumer_info(stream, &name).await?.map(|info| info.config);
        if let Some(found) = &found {
            // What an operator has set stays; see `Subscribers`.
            wanted.metadata = found.metadata.clone();
        }
        Ok(Self {
            stream,
            name,
            differences: found.as_ref().map(|found| compare(found, &wanted)).unwrap_or_default(),
            exists: found.is_some(),
            wanted,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn differences(&self) -> &[Difference] {
        &self.differences
    }

    pub(super) fn finding(&self, applied: bool) -> Finding {
        finding(&self.name, self.exists, &self.differences, applied)
    }

    pub(super) async fn apply(&self, broker: &Broker) -> Result<(), TopologyError> {
        let action = match self.exists {
            false => "create",
            true if self.differences.is_empty() => return Ok(()),
            true => "update",
        };
        let request = json!({ "stream_name": self.stream.name(), "config": &self.wanted, "action": action });
        let verb = format!("CONSUMER.CREATE.{}.{}", self.stream, self.name);
        let done: Result<ConsumerInfo, ReadError> = broker.ask(&verb, &request).await;
        done.map(drop).map_err(|source| TopologyError::Failed { name: self.name.clone(), source })
    }
}

/// Consumers of ours that no subscriber declares: of an older version, or of a service left out here.
pub(super) async fn others(broker: &Broker, durables: &[Durable]) -> Result<Vec<String>, ReadError> {
    #[derive(Deserialize)]
    struct Names {
        consumers: Option<Vec<String>>,
    }
    let mut unknown = Vec::new();
    for stream in [Stream::Inbox, Stream::Events, Stream::Timers, Stream::DeadLetters] {
        let answer = broker.ask(&format!("CONSUMER.NAMES.{stream}"), &serde_json::json!({})).await;
        let names: Option<Names> = found(answer, NO_STREAM)?;
        let names = names.and_then(|names| names.consumers).unwrap_or_default();
        let is = |durable: &Durable, name: &String| match stream {
            Stream::DeadLetters => redrive_name(durable.name) == *name,
            _ => durable.stream == stream && durable.name == *name,
        };
        let declared = |name: &String| durables.iter().any(|durable| is(durable, name));
        // The readers of projections come and go.
        let reader = |name: &String| name.starts_with(crate::reader::NAME_PREFIX);
        unknown.extend(names.into_iter().filter(|name| !declared(name) && !reader(name)));
    }
    Ok(unknown)
}

fn wanted(name: String, filters: Vec<String>, settings: &TopologySettings) -> Config {
    Config {
        durable_name: Some(name.clone()),
        name: Some(name),
        filter_subjects: filters,
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        replay_policy: ReplayPolicy::Instant,
        ack_wait: settings.ack_wait,
        // The server never gives up on a message: the subscriber counts, and writes the dead letter.
        max_deliver: -1,
        backoff: Vec::new(),
        max_ack_pending: MAX_ACK_PENDING,
        inactive_threshold: Duration::ZERO,
        ..Config::default()
    }
}

/// The place outlives what its holder held: when the server gives it to another reader, it has missed all of
/// that, and hands it out first. So the order of a key is kept when its reader dies.
fn with_one_reader(config: Config) -> Config {
    Config {
        priority_policy: PriorityPolicy::PinnedClient,
        priority_groups: vec![GROUP.to_owned()],
        priority_timeout: config.ack_wait * 3 / 2,
        ..config
    }
}

fn compare(found: &Config, wanted: &Config) -> Vec<Difference> {
    let mut comparison = Comparison::default();
    let refuse = |why| Verdict::Refuse { why, remedy: DELETE };
    let verdict = refuse("takes unhandled messages for handled");
    comparison.field("ack_policy", &found.ack_policy, &wanted.ack_policy, verdict);
    let policy = &found.deliver_policy;
    comparison.field("deliver_policy", policy, &wanted.deliver_policy, refuse("leaves out messages"));
    comparison.field("deliver_subject", &found.deliver_subject, &None, refuse("pushes instead of being pulled"));
    comparison.field("headers_only", &found.headers_only, &false, Verdict::Change);
    comparison.field("max_deliver", &found.max_deliver, &wanted.max_deliver, Verdict::Change);
    comparison.field("backoff", &found.backoff, &wanted.backoff, Verdict::Change);
    comparison.field("ack_wait", &found.ack_wait, &wanted.ack_wait, Verdict::Change);
    comparison.field("max_ack_pending", &found.max_ack_pending, &wanted.max_ack_pending, Verdict::Change);
    comparison.field("inactive_threshold", &found.inactive_threshold, &wanted.inactive_threshold, Verdict::Change);
    comparison.field("priority_policy", &found.priority_policy, &wanted.priority_policy, Verdict::Change);
    comparison.field("priority_groups", &found.priority_groups, &wanted.priority_groups, Verdict::Change);
    comparison.field("priority_timeout", &found.priority_timeout, &wanted.priority_timeout, Verdict::Change);
    comparison.field("filters", &filters(found), &filters(wanted), Verdict::Change);
    comparison.differences
}

/// The server may say one filter in either of two fields.
fn filters(config: &Config) -> Vec<&str> {
    let one = Some(config.filter_subject.as_str()).filter(|filter| !filter.is_empty());
    let mut filters: Vec<&str> = config.filter_subjects.iter().map(String::as_str).chain(one).collect();
    filters.sort_unstable();
    filters
}
