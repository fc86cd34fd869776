//! The streams and durable consumers as code: `streams ensure` makes them, nothing else does.

mod consumers;
mod drift;
mod streams;

use std::time::Duration;

use serde::Serialize;

pub(crate) use consumers::redrive_name;
pub use drift::{Difference, Verdict};

use crate::{Broker, ReadError, Stream};

/// How long a delivery may be worked on without a sign of life.
const ACK_WAIT: Duration = Duration::from_secs(12);
/// Deliveries that all readers of one durable may hold together, parked ones included.
/// The server keeps some tens of bytes for each. Enough that a lane that stands still, or the shop that an
/// operator has paused, holds up no other for long.
pub(crate) const MAX_ACK_PENDING: i64 = 16_384;
const GIB: u64 = 1 << 30;

/// What may differ between installations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopologySettings {
    /// 1 on a single server, 3 on a cluster.
    pub replicas: usize,
    /// For all streams together, in bytes: keep it under 80 % of the disk, for a full disk is worse than
    /// a full stream.
    pub max_bytes: u64,
    pub ack_wait: Duration,
}

impl Default for TopologySettings {
    fn default() -> Self {
        Self { replicas: 1, max_bytes: 8 * GIB, ack_wait: ACK_WAIT }
    }
}

/// A durable consumer, declared by the subscriber that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable {
    /// Frozen: another name starts over from the first message.
    pub name: &'static str,
    pub stream: Stream,
    /// Subjects; none means all of the stream's.
    pub filters: Vec<String>,
    /// Whether the replicas of its subscriber share the messages; else one of them at a time has all.
    pub shared: bool,
}

/// What stands on the broker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub streams: Vec<Finding>,
    pub durables: Vec<Finding>,
}

/// One stream or durable, compared with what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub name: String,
    pub state: State,
    pub differences: Vec<Difference>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Unchanged,
    Missing,
    Created,
    /// It was different and has been changed.
    Updated,
    /// It is different: `streams ensure` changes what is safe to change.
    Drifted,
    /// It would lose data: `streams ensure` refuses it.
    Refused,
    /// Not ours.
    Unknown,
}

/// Why the broker was left as it was, or could not be made what it should be.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    #[error("{name}: {field} is {found}, which {why}; {remedy}")]
    Refused { name: String, field: &'static str, found: String, why: &'static str, remedy: &'static str },
    #[error("{name} could not be made as it should be")]
    Failed { name: String, source: ReadError },
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Makes streams and durables what they should be. Can be run at any time: it changes what is safe to
/// change, and refuses, before it changes anything, what would lose data.
pub async fn ensure(
    broker: &Broker,
    settings: &TopologySettings,
    durables: &[Durable],
) -> Result<Report, TopologyError> {
    let plan = Plan::make(broker, settings, durables).await?;
    plan.refuse_loss()?;
    for stream in &plan.streams {
        stream.apply(broker).await?;
    }
    for durable in &plan.durables {
        durable.apply(broker).await?;
    }
    Ok(plan.report(true))
}

/// Makes only these durables, on streams that are there: for a service that comes to a running house.
pub async fn ensure_durables(
    broker: &Broker,
    settings: &TopologySettings,
    durables: &[Durable],
) -> Result<(), TopologyError> {
    for durable in durables {
        let messages = consumers::Step::plan(broker, durable, settings).await?;
        let redrives = consumers::Step::plan_redrive(broker, durable, settings).await?;
        for step in [messages, redrives] {
            if let Some(refusal) = step.differences().iter().find_map(|difference| difference.refusal(step.name())) {
                return Err(refusal);
            }
            step.apply(broker).await?;
        }
    }
    Ok(())
}

/// Says what `ensure` would find, and changes nothing.
pub async fn report(broker: &Broker, settings: &TopologySettings, durables: &[Durable]) -> Result<Report, ReadError> {
    Ok(Plan::make(broker, settings, durables).await?.report(false))
}

struct Plan {
    streams: Vec<streams::Step>,
    durables: Vec<consumers::Step>,
    unknown: Vec<String>,
}

impl Plan {
    async fn make(broker: &Broker, settings: &TopologySettings, durables: &[Durable]) -> Result<Self, ReadError> {
        let mut plan = Self { streams: Vec::new(), durables: Vec::new(), unknown: Vec::new() };
        for stream in Stream::ALL {
            plan.streams.push(streams::Step::plan(broker, stream, settings).await?);
        }
        for durable in durables {
            plan.durables.push(consumers::Step::plan(broker, durable, settings).await?);
            plan.durables.push(consumers::Step::plan_redrive(broker, durable, settings).await?);
        }
        plan.unknown = consumers::others(broker, durables).await?;
        Ok(plan)
    }

    fn refuse_loss(&self) -> Result<(), TopologyError> {
        let streams = self.streams.iter().flat_map(|step| step.differences().iter().map(|d| (step.name(), d)));
        let durables = self.durables.iter().flat_map(|step| step.differences().iter().map(|d| (step.name(), d)));
        match streams.chain(durables).find_map(|(name, difference)| difference.refusal(name)) {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }

    fn report(&self, applied: bool) -> Report {
        let durables = self.durables.iter().map(|step| step.finding(applied));
        let unknown = self.unknown.iter().map(|name| Finding {
            name: name.clone(),
            state: State::Unknown,
            differences: Vec::new(),
        });
        Report {
            streams: self.streams.iter().map(|step| step.finding(applied)).collect(),
            durables: durables.chain(unknown).collect(),
        }
    }
}

impl Report {
    /// Nothing to do and nothing to refuse.
    pub fn is_in_order(&self) -> bool {
        let fine = |finding: &Finding| !matches!(finding.state, State::Missing | State::Drifted | State::Refused);
        self.streams.iter().chain(&self.durables).all(fine)
    }
}
