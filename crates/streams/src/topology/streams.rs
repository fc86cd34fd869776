use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType};

use super::drift::{Comparison, Difference, Verdict, finding};
use super::{Finding, TopologyError, TopologySettings};
use crate::api::StreamInfo;
use crate::{Broker, ReadError, Stream};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MINUTE: Duration = Duration::from_secs(60);
const COPY: &str = "copy its messages to a stream made by `streams ensure`, then delete it";
const CHANGE: &str = "change it with the nats tool, after making sure that nothing is gone already";

/// What there is of one stream, and what there should be.
pub(super) struct Step {
    wanted: Config,
    found: Option<Config>,
    differences: Vec<Difference>,
}

impl Step {
    pub(super) async fn plan(broker: &Broker, stream: Stream, settings: &TopologySettings) -> Result<Self, ReadError> {
        let wanted = wanted(stream, settings);
        let found = broker.stream_info(stream).await?.map(|info| info.config);
        let differences = found.as_ref().map(|found| compare(stream, found, &wanted)).unwrap_or_default();
        Ok(Self { wanted, found, differences })
    }

    pub(super) fn name(&self) -> &str {
        &self.wanted.name
    }

    pub(super) fn differences(&self) -> &[Difference] {
        &self.differences
    }

    pub(super) fn finding(&self, applied: bool) -> Finding {
        finding(self.name(), self.found.is_some(), &self.differences, applied)
    }

    pub(super) async fn apply(&self, broker: &Broker) -> Result<(), TopologyError> {
        let name = self.name();
        let done: Result<StreamInfo, ReadError> = match &self.found {
            None => broker.ask(&format!("STREAM.CREATE.{name}"), &self.wanted).await,
            Some(found) if self.differences.iter().any(|difference| difference.verdict == Verdict::Change) => {
                broker.ask(&format!("STREAM.UPDATE.{name}"), &merged(found, &self.wanted)).await
            }
            Some(_) => return Ok(()),
        };
        done.map(drop).map_err(|source| TopologyError::Failed { name: name.to_owned(), source })
    }
}

fn wanted(stream: Stream, settings: &TopologySettings) -> Config {
    let max_bytes = settings.max_bytes / 100 * share(stream);
    let base = Config {
        name: stream.name().to_owned(),
        subjects: stream.subjects().iter().map(|&subject| subject.to_owned()).collect(),
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: settings.replicas,
        max_bytes: i64::try_from(max_bytes).unwrap_or(i64::MAX),
        max_messages: -1,
        max_messages_per_subject: -1,
        max_consumers: -1,
        max_message_size: -1,
        duplicate_window: 2 * MINUTE,
        allow_direct: true,
        ..Config::default()
    };
    match stream {
        Stream::Inbox => Config { max_age: 14 * DAY, ..base },
        Stream::Events => Config { deny_delete: true, deny_purge: true, allow_atomic_publish: true, ..base },
        Stream::Quarantine => Config { max_age: 90 * DAY, duplicate_window: 10 * MINUTE, ..base },
        Stream::DeadLetters => Config { duplicate_window: 10 * MINUTE, ..base },
        // The server schedules only where the oldest would make room; without a limit nothing has to.
        Stream::Timers => Config {
            allow_message_schedules: true,
            allow_message_ttl: true,
            discard: DiscardPolicy::Old,
            max_bytes: -1,
            ..base
        },
        Stream::Advisories => Config { max_age: 30 * DAY, ..base },
    }
}

/// Of `max_bytes`, in percent.
fn share(stream: Stream) -> u64 {
    match stream {
        Stream::Inbox => 35,
        Stream::Events => 50,
        Stream::Quarantine => 9,
        Stream::DeadLetters | Stream::Timers | Stream::Advisories => 2,
    }
}

fn compare(stream: Stream, found: &Config, wanted: &Config) -> Vec<Difference> {
    let mut comparison = Comparison::default();
    compare_losses(found, wanted, &mut comparison);
    compare_erasure(stream, found, &mut comparison);
    compare_sizes(found, wanted, &mut comparison);
    comparison.field("allow_direct", &found.allow_direct, &wanted.allow_direct, Verdict::Change);
    comparison.field("duplicate_window", &found.duplicate_window, &wanted.duplicate_window, Verdict::Change);
    if wanted.allow_atomic_publish {
        comparison.field("allow_atomic", &found.allow_atomic_publish, &true, Verdict::Change);
    }
    if wanted.allow_message_schedules {
        comparison.field("allow_msg_schedules", &found.allow_message_schedules, &true, Verdict::Change);
        comparison.field("allow_msg_ttl", &found.allow_message_ttl, &true, Verdict::Change);
    }
    comparison.differences
}

fn refuse(why: &'static str, remedy: &'static str) -> Verdict {
    Verdict::Refuse { why, remedy }
}

/// A stream that loses messages by itself, or is not where they are published to.
fn compare_losses(found: &Config, wanted: &Config, comparison: &mut Comparison) {
    let verdict = refuse("deletes messages that were read", COPY);
    comparison.field("retention", &found.retention, &wanted.retention, verdict);
    let verdict = refuse("deletes the oldest messages when full", CHANGE);
    comparison.field("discard", &found.discard, &wanted.discard, verdict);
    comparison.field("storage", &found.storage, &wanted.storage, refuse("forgets everything at a restart", COPY));
    comparison.field("no_ack", &found.no_ack, &false, refuse("never confirms a message", CHANGE));
    comparison.field("sealed", &found.sealed, &false, refuse("takes no messages", COPY));
    for (field, limit) in [("max_msgs", found.max_messages), ("max_msgs_per_subject", found.max_messages_per_subject)] {
        let limit = if limit > 0 { limit } else { -1 };
        comparison.field(field, &limit, &-1, refuse("deletes or turns away messages", CHANGE));
    }
    let persist_mode = found.persist_mode.unwrap_or_default();
    let verdict = refuse("confirms before it has written", COPY);
    comparison.field("persist_mode", &persist_mode, &PersistenceMode::Default, verdict);
    comparison.field("mirror", &found.mirror.is_some(), &false, refuse("takes no messages", COPY));
    comparison.field("sources", &found.sources.is_some(), &false, refuse("takes messages of other streams", COPY));
    let transformed = found.subject_transform.is_some();
    comparison.field("subject_transform", &transformed, &false, refuse("stores other subjects than were sent", COPY));
    let foreign: Vec<_> = found.subjects.iter().filter(|subject| !wanted.subjects.contains(subject)).collect();
    comparison.field("subjects", &foreign, &Vec::new(), refuse("belong to somebody else", COPY));
}

/// A stream in which others may erase messages.
fn compare_erasure(stream: Stream, found: &Config, comparison: &mut Comparison) {
    // A schedule replaces its subject's message, so the server itself needs these on TIMERS.
    if stream != Stream::Timers {
        let why = "lets a publisher erase messages";
        comparison.field("allow_rollup_hdrs", &found.allow_rollup, &false, refuse(why, CHANGE));
        comparison.field("allow_msg_ttl", &found.allow_message_ttl, &false, refuse(why, COPY));
    }
    if stream == Stream::Events {
        comparison.field("deny_delete", &found.deny_delete, &true, refuse("lets messages be deleted", CHANGE));
        comparison.field("deny_purge", &found.deny_purge, &true, refuse("lets messages be purged", CHANGE));
        comparison.field("max_age", &found.max_age, &Duration::ZERO, refuse("deletes messages by itself", CHANGE));
    }
}

/// More than asked for is kept, less is raised.
fn compare_sizes(found: &Config, wanted: &Config, comparison: &mut Comparison) {
    let raise = |enough: bool| if enough { Verdict::Keep } else { Verdict::Change };
    let roomy = found.max_bytes < 0 || found.max_bytes > wanted.max_bytes;
    comparison.field("max_bytes", &found.max_bytes, &wanted.max_bytes, raise(roomy));
    let replicated = found.num_replicas > wanted.num_replicas;
    comparison.field("num_replicas", &found.num_replicas, &wanted.num_replicas, raise(replicated));
    if wanted.max_age > Duration::ZERO {
        let long = found.max_age.is_zero() || found.max_age > wanted.max_age;
        comparison.field("max_age", &found.max_age, &wanted.max_age, raise(long));
    }
    let missing: Vec<_> = wanted.subjects.iter().filter(|subject| !found.subjects.contains(subject)).collect();
    comparison.field("missing subjects", &missing, &Vec::new(), Verdict::Change);
    comparison.field("max_msg_size limited", &(found.max_message_size > 0), &false, Verdict::Change);
}

/// The found configuration with what is safe to change.
fn merged(found: &Config, wanted: &Config) -> Config {
    let max_bytes = if found.max_bytes < 0 { -1 } else { found.max_bytes.max(wanted.max_bytes) };
    let max_age = if found.max_age.is_zero() { Duration::ZERO } else { found.max_age.max(wanted.max_age) };
    Config {
        subjects: wanted.subjects.clone(),
        max_bytes,
        max_age,
        num_replicas: found.num_replicas.max(wanted.num_replicas),
        duplicate_window: wanted.duplicate_window,
        max_message_size: wanted.max_message_size,
        allow_direct: wanted.allow_direct,
        allow_atomic_publish: found.allow_atomic_publish || wanted.allow_atomic_publish,
        allow_message_schedules: found.allow_message_schedules || wanted.allow_message_schedules,
        allow_message_ttl: found.allow_message_ttl || wanted.allow_message_ttl,
        ..found.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_fill_the_disk_budget_and_no_more() {
        assert_eq!(Stream::ALL.into_iter().map(share).sum::<u64>(), 100);
    }

    #[test]
    fn a_stream_as_it_should_be_has_no_differences() {
        for stream in Stream::ALL {
            let config = wanted(stream, &TopologySettings::default());
            assert_eq!(compare(stream, &config, &config), Vec::new());
        }
    }

    #[test]
    fn more_room_than_asked_for_is_kept() {
        let wanted = wanted(Stream::Inbox, &TopologySettings::default());
        let found = Config { max_bytes: -1, max_age: Duration::ZERO, num_replicas: 3, ..wanted.clone() };
        let differences = compare(Stream::Inbox, &found, &wanted);
        assert_eq!(differences.len(), 3);
        assert!(differences.iter().all(|difference| difference.verdict == Verdict::Keep));
        let kept = merged(&found, &wanted);
        assert_eq!((kept.max_bytes, kept.max_age, kept.num_replicas), (-1, Duration::ZERO, 3));
    }
}
