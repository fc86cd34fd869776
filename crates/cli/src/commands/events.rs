//! `tillstream events`: the log itself, read straight from the stream.

mod diff;
mod export;
pub(super) mod filter;
mod lineage;
pub(super) mod row;
mod trace;

use std::time::Duration;

use streams::{Broker, Durability, Entry, EventReader, events_head};

use self::filter::Filter;
use self::row::Row;
use super::instance;
use crate::cli::Common;
use crate::config::load;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

const BATCH: usize = 1_000;
const WAIT: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Subcommand)]
pub(crate) enum EventsCommand {
    /// Lists events: with a range or a filter the first that match, else the latest.
    Ls {
        #[command(flatten)]
        filter: Filter,
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=100_000))]
        limit: u64,
    },
    /// One event with all it says.
    Show {
        #[arg(value_parser = clap::value_parser!(u64).range(1..))]
        position: u64,
        /// Personal data too, which else stays sealed.
        #[arg(long)]
        open: bool,
    },
    /// Events as they come, until interrupted.
    Tail {
        #[command(flatten)]
        filter: Filter,
    },
    /// From webhooks to events to reactions to rows: what became of it, and why.
    Trace {
        /// The events behind a row of a read model, as orders/1042.
        #[arg(long, value_name = "MODEL/ID", conflicts_with = "what")]
        row: Option<lineage::RowName>,
        #[command(flatten)]
        trace: Option<trace::TraceArgs>,
    },
    /// Events as lines of JSON, with all that is stored: for a copy of the log.
    Export(export::ExportArgs),
    /// Puts an exported log into an empty one.
    Import(export::ImportArgs),
    /// What changed of one aggregate between two positions.
    Diff(diff::DiffArgs),
}

pub(crate) async fn run(common: &Common, command: &EventsCommand) -> Outcome {
    if let EventsCommand::Ls { filter, .. } | EventsCommand::Tail { filter } = command {
        filter.refuse_contradictions()?;
    }
    if let EventsCommand::Export(args) = command {
        args.filter.refuse_contradictions()?;
    }
    let broker = roles::connect(&instance::nats_url(common)?, "events", Durability::Unknown).await?;
    let head = events_head(&broker).await.map_err(roles::explain)?;
    match command {
        EventsCommand::Ls { filter, limit } => list(common, &broker, head, filter, *limit as usize).await,
        EventsCommand::Show { position, open } => show(common, &broker, head, *position, *open).await,
        EventsCommand::Tail { filter } => tail(common, &broker, head, filter).await,
        EventsCommand::Diff(args) => diff::run(common, &broker, head, args).await,
        EventsCommand::Export(args) => export::export(common, &broker, head, args).await,
        EventsCommand::Import(args) => export::import(common, &broker, args).await,
        EventsCommand::Trace { row: Some(row), .. } => lineage::run(common, &broker, head, row).await,
        EventsCommand::Trace { trace: Some(args), .. } => trace::run(common, &broker, head, args).await,
        EventsCommand::Trace { .. } => Err(Failure::new(Exit::Usage, "nothing is named: say what, or --row")),
    }
}

async fn list(common: &Common, broker: &Broker, head: u64, filter: &Filter, limit: usize) -> Outcome {
    let first =
        filter.from().unwrap_or(if filter.narrows() { 1 } else { head.saturating_sub(limit as u64 - 1).max(1) });
    refuse_past_end(filter.from().unwrap_or(0), head)?;
    let last = filter.to().unwrap_or(head).min(head);
    let mut rows = Vec::new();
    let mut reader = EventReader::open(broker, first - 1).await?;
    let mut position = first - 1;
    while position < last && rows.len() < limit {
        let entries = reader.next_batch(BATCH, WAIT).await?;
        position = entries.last().map_or(position, |entry| entry.position);
        let matching = entries.into_iter().take_while(|entry| entry.position <= last).filter_map(|e| filter.pick(e));
        rows.extend(matching.take(limit - rows.len()));
    }
    match common.output {
        Format::Json => output::json(&rows)?,
        Format::Table => output::table(Row::HEADER, rows.iter().map(Row::cells))?,
    }
    Ok(())
}

async fn show(common: &Common, broker: &Broker, head: u64, position: u64, open: bool) -> Outcome {
    refuse_past_end(position, head)?;
    let entries = EventReader::open(broker, position - 1).await?.next_batch(1, WAIT).await?;
    let found = entries.into_iter().find(|entry| entry.position == position).and_then(|entry: Entry| entry.event);
    let none = || Failure::new(Exit::Precondition, format!("position {position} holds no event this binary knows"));
    let mut row = Row::new(found.ok_or_else(none)?)?;
    if open {
        let config = load(common.config.as_deref(), &common.flags(None))?.config;
        row = row.opened(&roles::open_vault(&config).await?).await?;
    }
    match common.output {
        Format::Json => output::json(&row)?,
        Format::Table => output::text(&row.page()?)?,
    }
    Ok(())
}

async fn tail(common: &Common, broker: &Broker, head: u64, filter: &Filter) -> Outcome {
    let from = filter.from().unwrap_or(head + 1);
    let last = filter.to().unwrap_or(u64::MAX);
    let mut reader = EventReader::open(broker, from.saturating_sub(1)).await?;
    loop {
        for entry in reader.next_batch(BATCH, WAIT).await? {
            if entry.position > last {
                return Ok(());
            }
            let Some(row) = filter.pick(entry) else { continue };
            match common.output {
                Format::Json => output::json_line(&row)?,
                Format::Table => output::line(row.line())?,
            }
        }
    }
}

pub(super) fn refuse_past_end(position: u64, head: u64) -> Outcome {
    if position <= head {
        return Ok(());
    }
    Err(Failure::new(Exit::Precondition, format!("position {position} is past the end: the last event is {head}")))
}
