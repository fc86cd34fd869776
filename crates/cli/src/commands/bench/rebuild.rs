//! `tillstream bench rebuild`: read models folded from the start of the log, beside a bare read of it.

use std::path::Path;
use std::time::Instant;

use db::Database;
use projections::{ALL, ReadModel, Rebuild};
use serde::Serialize;
use streams::{BareReader, Broker};

use super::measure::{cpu_seconds, peak_memory};
use super::past::{self, Words};
use super::service::fresh_database;
use super::stage::Stage;
use crate::cli::Common;
use crate::config::{Sync, load};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Args)]
pub(crate) struct RebuildArgs {
    /// Events in the log.
    #[arg(long, default_value_t = 500_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    events: u64,
    /// A PostgreSQL database to measure with too; schemas in it whose names begin with bench_ are used up.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Only this read model, and not all of them in one pass.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Two logs instead: orders with the mails, telephones and addresses of people, first sealed, then in clear.
    #[arg(long)]
    plain: bool,
}

#[derive(Debug, Serialize)]
struct Figure {
    words: Words,
    what: String,
    events_per_second: f64,
    /// Of the bare read in the same run.
    ratio: f64,
    /// Processor seconds of this process per million events.
    cpu: Option<f64>,
    /// The most memory this process has had so far, in MiB.
    memory: Option<u64>,
}

/// One measurement: how long it took, and what it cost.
struct Watch {
    started: Instant,
    cpu: Option<f64>,
}

impl Watch {
    fn start() -> Self {
        Self { started: Instant::now(), cpu: cpu_seconds(std::process::id()) }
    }

    fn stop(self, what: String, log: Log, bare: Option<f64>) -> Figure {
        let Log { events, words } = log;
        let pace = events as f64 / self.started.elapsed().as_secs_f64();
        let cpu = cpu_seconds(std::process::id()).zip(self.cpu).map(|(now, then)| (now - then) / events as f64 * 1e6);
        Figure {
            words,
            what,
            events_per_second: pace,
            ratio: pace / bare.unwrap_or(pace),
            cpu,
            memory: peak_memory(std::process::id()),
        }
    }
}

/// What is folded.
#[derive(Debug, Clone, Copy)]
struct Log {
    events: u64,
    words: Words,
}

pub(super) async fn run(common: &Common, args: &RebuildArgs) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    let dir = config.data.dir.join("bench");
    let logs = if args.plain { &[Words::Sealed, Words::Clear][..] } else { &[Words::Few] };
    let mut figures = Vec::new();
    for &words in logs {
        figures.extend(over(&dir, Log { events: args.events, words }, args).await?);
    }
    print(common, &figures)
}

async fn over(dir: &Path, log: Log, args: &RebuildArgs) -> Outcome<Vec<Figure>> {
    let stage = Stage::set(dir, Sync::Interval).await?;
    past::fill(&stage.nats.url(), log.events, log.words).await?;

    let watch = Watch::start();
    BareReader::connect(&stage.nats.url()).await?.read(log.events).await?;
    let mut figures = vec![watch.stop("bare read".to_owned(), log, None)];
    let bare = figures[0].events_per_second;
    let broker = roles::connect(&stage.nats.url(), "bench", roles::own_durability(Sync::Interval)).await?;
    let watch = Watch::start();
    events_only(&broker, log.events).await?;
    figures.push(watch.stop("events, not folded".to_owned(), log, Some(bare)));
    for (what, models) in chosen(args)? {
        let database = fresh_database(dir, &format!("rebuild_{what}")).await?;
        figures.push(measure(format!("{what}, SQLite"), database, &broker, &models, log, bare).await?);
        if let Some(url) = &args.postgres {
            let joint = if url.contains('?') { '&' } else { '?' };
            let database =
                Database::open(&format!("{url}{joint}schema=bench_{what}_{}_{}", log.words, std::process::id()))
                    .await?;
            figures.push(measure(format!("{what}, PostgreSQL"), database, &broker, &models, log, bare).await?);
        }
    }
    Ok(figures)
}

fn chosen(args: &RebuildArgs) -> Outcome<Vec<(&'static str, Vec<ReadModel>)>> {
    let named = args.only.as_deref().unwrap_or("orders");
    let one = ALL.iter().find(|model| model.name == named).copied();
    let one = one.ok_or_else(|| Failure::new(Exit::Usage, format!("there is no read model {named:?}")))?;
    let mut chosen = vec![(one.name, vec![one])];
    if args.only.is_none() {
        chosen.push(("all", ALL.to_vec()));
    }
    Ok(chosen)
}

/// What the folding is bounded by: reading the log and making events of it.
async fn events_only(broker: &Broker, count: u64) -> Outcome {
    let mut reader = streams::EventReader::open(broker, 0).await?;
    while reader.position() < count {
        reader.next_batch(10_000, std::time::Duration::from_secs(10)).await?;
    }
    Ok(())
}

async fn measure(
    what: String,
    database: Database,
    broker: &Broker,
    models: &[ReadModel],
    log: Log,
    bare: f64,
) -> Outcome<Figure> {
    let watch = Watch::start();
    let mut rebuild = Rebuild::open(&database, broker, models).await?;
    rebuild.run(&mut |_| {}).await?;
    if rebuild.builds().iter().any(|build| build.position != log.events) {
        return Err(Failure::new(Exit::Failed, "the rebuild did not come to the end of the log"));
    }
    let figure = watch.stop(what, log, Some(bare));
    database.close().await;
    Ok(figure)
}

fn print(common: &Common, figures: &[Figure]) -> Outcome {
    match common.output {
        Format::Json => Ok(output::json(&figures)?),
        Format::Table => {
            let row = |figure: &Figure| {
                [
                    figure.words.to_string(),
                    figure.what.clone(),
                    format!("{:.0}", figure.events_per_second),
                    format!("{:.2}", figure.ratio),
                    figure.cpu.map_or_else(String::new, |cpu| format!("{cpu:.1}")),
                    figure.memory.map_or_else(String::new, |memory| memory.to_string()),
                ]
            };
            let header = ["WORDS", "WHAT", "EVENTS/S", "OF BARE", "CPU-S PER MILLION", "PEAK MIB"];
            Ok(output::table(header, figures.iter().map(row))?)
        }
    }
}
