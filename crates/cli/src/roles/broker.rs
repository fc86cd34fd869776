//! Reaching NATS, and what has to be there.

use recorder::{ForgetCustomers, Recorder};
use streams::topology::{self, Report, State, TopologyError, TopologySettings};
use streams::{Broker, BrokerSettings, Durability, Durable, ReadError, Subscriber};

use crate::config::{Nats, Sync};
use crate::failure::{Exit, Failure, OrExit, Outcome};

/// Connects, or gives up within ten seconds.
///
/// # Errors
/// Nobody answers, or the credentials are refused: unavailable.
pub(crate) async fn connect(url: &str, role: &str, durability: Durability) -> Outcome<Broker> {
    let settings = BrokerSettings { durability, ..BrokerSettings::new(url, format!("tillstream-{role}")) };
    let hint = "is it running? `tillstream up` without --nats-url starts one of its own";
    Broker::connect(&settings).await.or_exit(Exit::Unavailable).map_err(|e| e.hint(hint))
}

/// What an answer of our own nats-server is worth.
pub(crate) fn own_durability(sync: Sync) -> Durability {
    match sync {
        Sync::Always => Durability::PowerCut,
        Sync::Interval => Durability::ProcessCrash,
    }
}

/// Makes what is missing.
///
/// # Errors
/// Something is there that would lose data: a precondition.
pub(crate) async fn ensure_streams(broker: &Broker, nats: &Nats) -> Outcome<Report> {
    topology::ensure(broker, &settings(nats), &durables()).await.map_err(|error| match error {
        TopologyError::Read(error) => explain(error),
        other => Failure::from(other).or_exit(Exit::Precondition),
    })
}

/// What is there, compared with what should be.
pub(crate) async fn report_streams(broker: &Broker, nats: &Nats) -> Outcome<Report> {
    topology::report(broker, &settings(nats), &durables()).await.map_err(explain)
}

/// Services never make streams themselves.
///
/// # Errors
/// One is missing, or would lose data: a precondition.
pub(crate) async fn require_streams(broker: &Broker, nats: &Nats) -> Outcome {
    let report = report_streams(broker, nats).await?;
    let unfit = |state| matches!(state, State::Missing | State::Refused);
    match report.streams.iter().chain(&report.durables).find(|finding| unfit(finding.state)) {
        None => Ok(()),
        Some(finding) => {
            let message = format!("{} is {:?}", finding.name, finding.state).to_lowercase();
            Err(Failure::new(Exit::Precondition, message).hint("`tillstream streams ensure` makes what is missing"))
        }
    }
}

/// The exit code of a failed read.
pub(crate) fn explain(error: ReadError) -> Failure {
    let exit = match &error {
        ReadError::Unavailable(_) => Exit::Unavailable,
        ReadError::Missing(_) => Exit::Precondition,
        _ => Exit::Failed,
    };
    Failure::from(error).or_exit(exit)
}

/// All durable consumers of the house.
pub(crate) fn durables() -> Vec<Durable> {
    let mut durables = handlers::durables();
    durables.push(Recorder::durable());
    durables.push(ForgetCustomers::durable());
    durables
}

fn settings(nats: &Nats) -> TopologySettings {
    TopologySettings { replicas: nats.replicas, max_bytes: nats.max_bytes, ..TopologySettings::default() }
}

#[cfg(test)]
mod tests {
    use super::durables;

    /// The position of a subscriber is kept under its name: another name starts over from the first message. A new
    /// subscriber has its line here.
    #[test]
    fn the_names_of_the_durable_consumers_are_frozen() {
        let mut names: Vec<_> = durables().iter().map(|durable| (durable.stream.name(), durable.name)).collect();
        names.sort_unstable();
        let frozen = [
            ("EVENTS", "allocate_stock"),
            ("EVENTS", "award_points"),
            ("EVENTS", "forget_customers"),
            ("EVENTS", "merge_accounts"),
            ("EVENTS", "request_notifications"),
            ("EVENTS", "schedule_points"),
            ("EVENTS", "send_notifications"),
            ("EVENTS", "watch_checkouts"),
            ("INBOX", "recorder"),
            ("TIMERS", "abandon_checkouts"),
            ("TIMERS", "age_points"),
            ("TIMERS", "wake_notifications"),
        ];
        assert_eq!(names, frozen);
    }
}
