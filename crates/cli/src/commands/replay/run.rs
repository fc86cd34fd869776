//! The run itself: read, hand on, keep count, stop when told to.

use std::time::Duration;

use serde::Serialize;
use streams::{Broker, CopyError, Durability, EventReader, Raw, StreamCopy};
use tokio::time::Instant;

use super::file::Archive;
use super::handler::Handler;
use super::ledger::{Ledger, Run};
use super::plan::Range;
use super::progress::Progress;
use super::{RunArgs, Selection};
use crate::cli::Common;
use crate::commands::instance;
use crate::config::{Config, load};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

pub(super) const BATCH: usize = 5_000;
pub(super) const WAIT: Duration = Duration::from_secs(1);
/// Events between two looks at the clock and the keyboard, where each takes its time.
const FEW: usize = 50;
/// How often the ledger is told.
const NOTE: Duration = Duration::from_secs(1);

/// Where the events go.
enum Sink {
    Handler(Box<Handler>),
    File(Archive),
    Stream(Box<StreamCopy>),
}

#[derive(Debug, Serialize)]
struct Summary {
    /// None when nothing was changed.
    id: Option<String>,
    #[serde(flatten)]
    range: Range,
    /// All up to here was looked at.
    position: u64,
    events: u64,
    /// What the handler did or would do; none for other targets.
    effects: Option<u64>,
    rejected: u64,
    finished: bool,
}

pub(super) async fn run(common: &Common, args: &RunArgs) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?;
    let broker = roles::connect(&instance::nats_url(common)?, "replay", Durability::Unknown).await?;
    let mut range = Range::of(&broker, &args.selection).await?;
    let mut ledger = match args.changes() {
        true => Some(Ledger::open(&config.config, args, range).await?),
        false => None,
    };
    let before = ledger.as_ref().map(|ledger| ledger.run.clone()).unwrap_or_default();
    if args.resume.is_some() {
        (range.from, range.to) = (before.position + 1, before.to);
    }
    let opened = Sink::open(common, args, &config, &broker, &before).await;
    if let (Err(failure), Some(ledger)) = (&opened, &mut ledger) {
        ledger.fail(failure).await?;
    }
    let sink = opened?;
    let mut replay = Replay { sink, events: before.events, position: range.from - 1 };
    let ended = replay.drive(args, &broker, range, ledger.as_mut()).await;
    if let Some(ledger) = &mut ledger {
        ledger.end(&ended, replay.run_so_far(&before)).await?;
    }
    let finished = ended?;
    let summary = replay.summary(range, ledger.map(|ledger| ledger.id), finished);
    tell(common, &summary)?;
    if finished { Ok(()) } else { Err(stopped(&summary)) }
}

struct Replay {
    sink: Sink,
    events: u64,
    position: u64,
}

impl Replay {
    /// False when it was interrupted.
    async fn drive(
        &mut self,
        args: &RunArgs,
        broker: &Broker,
        range: Range,
        mut ledger: Option<&mut Ledger>,
    ) -> Outcome<bool> {
        let mut reader = EventReader::open_in_bulk(broker, range.from - 1).await.map_err(roles::explain)?;
        let mut progress = Progress::new(range);
        let (started, mut noted) = (Instant::now(), Instant::now());
        let size = self.batch(args);
        let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
        let already = self.events;
        while reader.position() < range.to {
            let batch = tokio::select! {
                batch = reader.next_raw_batch(size, WAIT) => batch.map_err(roles::explain)?,
                _ = &mut interrupted => { self.sink.settle().await?; return Ok(false) }
            };
            self.take(&args.selection, batch, range.to).await?;
            progress.show(self.position);
            if let Some(ledger) = ledger.as_mut().filter(|_| noted.elapsed() >= NOTE) {
                self.sink.settle().await?;
                noted = Instant::now();
                ledger.note(self.run_so_far(&ledger.run.clone())).await?;
            }
            if let Some(rate) = args.rate {
                let due = started + Duration::from_secs_f64((self.events - already) as f64 / f64::from(rate.get()));
                tokio::select! {
                    () = tokio::time::sleep_until(due) => {}
                    _ = &mut interrupted => { self.sink.settle().await?; return Ok(false) }
                }
            }
        }
        self.sink.settle().await?;
        progress.done();
        Ok(true)
    }

    async fn take(&mut self, selection: &Selection, mut batch: Vec<Raw>, to: u64) -> Outcome {
        batch.retain(|raw| raw.sequence() <= to);
        let Some(last) = batch.last().map(Raw::sequence) else { return Ok(()) };
        batch.retain(|raw| selection.takes(raw));
        let count = batch.len() as u64;
        match &mut self.sink {
            Sink::Handler(handler) => {
                for raw in batch {
                    handler.take(&raw).await?;
                    (self.position, self.events) = (raw.sequence(), self.events + 1);
                }
            }
            Sink::File(archive) => archive.take(batch).await?,
            Sink::Stream(copy) => {
                for raw in &batch {
                    copy.append(raw).await.map_err(explain)?;
                }
            }
        }
        if !matches!(self.sink, Sink::Handler(_)) {
            self.events += count;
        }
        self.position = last;
        Ok(())
    }

    /// Smaller where a pace is to be kept, or each event takes its time.
    fn batch(&self, args: &RunArgs) -> usize {
        let most = if matches!(self.sink, Sink::Handler(_)) { FEW } else { BATCH };
        args.rate.map_or(most, |rate| most.min((rate.get() / 10).max(1) as usize))
    }

    fn run_so_far(&self, before: &Run) -> Run {
        let bytes = if let Sink::File(archive) = &self.sink { archive.bytes() } else { 0 };
        Run { position: self.position, events: self.events, bytes, ..before.clone() }
    }

    fn summary(&self, range: Range, id: Option<String>, finished: bool) -> Summary {
        let (effects, rejected) = match &self.sink {
            Sink::Handler(handler) => (Some(handler.effects), handler.rejected),
            _ => (None, 0),
        };
        Summary { id, range, position: self.position, events: self.events, effects, rejected, finished }
    }
}

impl Sink {
    async fn open(
        common: &Common,
        args: &RunArgs,
        loaded: &crate::config::Loaded,
        broker: &Broker,
        before: &Run,
    ) -> Outcome<Self> {
        let Selection { target, prefix, .. } = &args.selection;
        let config: &Config = &loaded.config;
        if let Some(path) = &target.file {
            let begun = args.resume.is_some().then_some(before.bytes);
            return Ok(Self::File(Archive::open(path, begun)?));
        }
        if let Some(stream) = &target.stream {
            return Ok(Self::Stream(Box::new(StreamCopy::begin(broker, stream, prefix).map_err(explain)?)));
        }
        let name = target.handler.clone().unwrap_or_default();
        let handler = Handler::open(common.output, args, &name, config, &loaded.shops()?, broker).await?;
        Ok(Self::Handler(Box::new(handler)))
    }

    /// All that was handed on is where it belongs.
    async fn settle(&mut self) -> Outcome {
        match self {
            Self::Handler(_) => Ok(()),
            Self::File(archive) => archive.settle().await,
            Self::Stream(copy) => copy.settle().await.map(drop).map_err(explain),
        }
    }
}

pub(in crate::commands) fn explain(error: CopyError) -> Failure {
    match error {
        CopyError::Log(error) => roles::explain(error),
        CopyError::OtherLog { .. } => Failure::from(error).or_exit(Exit::Precondition),
        CopyError::Gap { .. } | CopyError::Unreadable { .. } => Failure::from(error).or_exit(Exit::Mismatch),
        other => Failure::from(other),
    }
}

fn tell(common: &Common, summary: &Summary) -> Outcome {
    if common.output == Format::Json {
        return Ok(output::json_line(summary)?);
    }
    let Summary { events, position, effects, rejected, .. } = summary;
    let effects = effects.map_or_else(String::new, |effects| format!(", {effects} effects, {rejected} refused"));
    Ok(output::line(format!("{events} events up to {position}{effects}"))?)
}

fn stopped(summary: &Summary) -> Failure {
    let failure = Failure::new(Exit::Interrupted, format!("stopped at {}", summary.position));
    match &summary.id {
        Some(id) => failure.hint(format!("the same with --resume {id} goes on from there")),
        None => failure,
    }
}
