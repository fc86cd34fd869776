//! `tillstream events export` and `import`: the log as a file, and back into an empty log.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use streams::{Archived, Broker, EventReader, LogImport};

use super::filter::Filter;
use super::refuse_past_end;
use crate::cli::Common;
use crate::commands::replay::{Archive, explain};
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

const BATCH: usize = 5_000;
const WAIT: std::time::Duration = std::time::Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(super) filter: Filter,
    /// A new file [default: standard output].
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// As `events export` wrote it, with all events from 1 on.
    file: PathBuf,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Only says what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Everything, or what a filter chooses.
pub(super) async fn export(common: &Common, broker: &Broker, head: u64, args: &ExportArgs) -> Outcome {
    let Some(path) = &args.file else { return print(broker, head, &args.filter).await };
    let mut archive = Archive::open(path, None)?;
    let mut events = 0;
    each(broker, head, &args.filter, async |batch| {
        events += batch.len() as u64;
        archive.take(batch).await
    })
    .await?;
    archive.settle().await?;
    let bytes = archive.bytes();
    match common.output {
        Format::Json => output::json(&serde_json::json!({ "events": events, "bytes": bytes }))?,
        Format::Table => output::line(format!("{events} events, {bytes} bytes"))?,
    }
    Ok(())
}

async fn print(broker: &Broker, head: u64, filter: &Filter) -> Outcome {
    each(broker, head, filter, async |batch| {
        let mut lines = Vec::new();
        batch.iter().for_each(|raw| raw.archive(&mut lines));
        Ok(io::stdout().lock().write_all(&lines)?)
    })
    .await
}

async fn each(
    broker: &Broker,
    head: u64,
    filter: &Filter,
    mut take: impl AsyncFnMut(Vec<streams::Raw>) -> Outcome,
) -> Outcome {
    refuse_past_end(filter.from().unwrap_or(0), head)?;
    let (first, last) = (filter.from().unwrap_or(1), filter.to().unwrap_or(head).min(head));
    let mut reader = EventReader::open_in_bulk(broker, first - 1).await.map_err(roles::explain)?;
    while reader.position() < last {
        let mut batch = reader.next_raw_batch(BATCH, WAIT).await.map_err(roles::explain)?;
        batch.retain(|raw| raw.sequence() <= last && filter.means_raw(raw));
        take(batch).await?;
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct Imported<'a> {
    /// Events of the log.
    events: u64,
    /// Those that were there already.
    before: u64,
    reason: &'a str,
    dry_run: bool,
}

/// Every event at its own position. What was cut off goes on where it was; another log is left alone.
pub(super) async fn import(common: &Common, broker: &Broker, args: &ImportArgs) -> Outcome {
    let doing = |e: Failure| e.context(args.file.display());
    let mut import = LogImport::begin(broker).await.map_err(explain)?;
    let before = import.head();
    let mut last = 0;
    let ended = each_line(&args.file, async |event| {
        last = event.position;
        if args.dry_run { import.check(&event).map_err(explain) } else { import.append(&event).await.map_err(explain) }
    })
    .await;
    ended.map_err(doing)?;
    let events = if args.dry_run { last } else { import.finish().await.map_err(explain).map_err(doing)? };
    tracing::info!(events, before, reason = args.reason, "imported");
    let imported = Imported { events, before, reason: &args.reason, dry_run: args.dry_run };
    match common.output {
        Format::Json => output::json(&imported)?,
        Format::Table => {
            let word = if args.dry_run { "would have" } else { "has" };
            output::line(format!("the log {word} {events} events; {before} were there before"))?;
        }
    }
    Ok(())
}

async fn each_line(path: &Path, mut take: impl AsyncFnMut(Archived) -> Outcome) -> Outcome {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).or_exit(Exit::Precondition)?);
    let (mut line, mut number) = (Vec::new(), 0_u64);
    loop {
        line.clear();
        if file.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        number += 1;
        let event = Archived::parse(&line).or_exit(Exit::Mismatch).map_err(|e| e.context(format!("line {number}")))?;
        take(event).await?;
    }
}
