//! What would be replayed.

use std::collections::BTreeMap;

use serde::Serialize;
use streams::{Broker, Durability, EventReader, Raw, events_head};

use super::Selection;
use crate::cli::Common;
use crate::commands::events::refuse_past_end;
use crate::commands::instance;
use crate::failure::Outcome;
use crate::output::{self, Format};
use crate::roles;

/// The events of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Range {
    pub(super) from: u64,
    pub(super) to: u64,
}

#[derive(Debug, Serialize)]
struct Plan {
    #[serde(flatten)]
    range: Range,
    events: u64,
    by_type: BTreeMap<String, u64>,
}

impl Range {
    /// # Errors
    /// It begins past the end of the log: a precondition.
    pub(super) async fn of(broker: &Broker, selection: &Selection) -> Outcome<Self> {
        let head = events_head(broker).await.map_err(roles::explain)?;
        refuse_past_end(selection.filter.from().unwrap_or(0), head)?;
        let to = selection.filter.to().unwrap_or(head).min(head);
        Ok(Self { from: selection.filter.from().unwrap_or(1), to })
    }
}

impl Selection {
    /// Whether this event is replayed.
    pub(super) fn takes(&self, raw: &Raw) -> bool {
        self.heard(raw) && self.filter.means_raw(raw)
    }

    /// By its subject alone: a handler hears of some aggregates only.
    fn heard(&self, raw: &Raw) -> bool {
        let Some(handler) = &self.target.handler else { return true };
        let kind = raw.subject().split('.').nth(2).unwrap_or_default();
        handlers::replay::kinds_of(handler).iter().any(|heard| heard.as_str() == kind)
    }
}

pub(super) async fn run(common: &Common, selection: &Selection) -> Outcome {
    let broker = roles::connect(&instance::nats_url(common)?, "replay", Durability::Unknown).await?;
    let range = Range::of(&broker, selection).await?;
    let mut plan = Plan { range, events: 0, by_type: BTreeMap::new() };
    let mut reader = EventReader::open(&broker, range.from - 1).await.map_err(roles::explain)?;
    while reader.position() < range.to {
        let batch = reader.next_raw_batch(super::run::BATCH, super::run::WAIT).await.map_err(roles::explain)?;
        for raw in batch.iter().filter(|raw| raw.sequence() <= range.to && selection.takes(raw)) {
            plan.events += 1;
            *plan.by_type.entry(raw.header("ce-type").unwrap_or("unknown").to_owned()).or_default() += 1;
        }
    }
    match common.output {
        Format::Json => output::json(&plan)?,
        Format::Table => {
            output::line(format!("{} events between {} and {}", plan.events, range.from, range.to))?;
            let rows = plan.by_type.iter().map(|(kind, count)| [kind.clone(), count.to_string()]);
            output::table(["TYPE", "EVENTS"], rows)?;
        }
    }
    Ok(())
}
