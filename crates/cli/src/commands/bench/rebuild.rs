//! `tillstream bench rebuild`: read models folded from the start of the log, beside a bare read of it.

use std::path::Path;
use std::time::Instant;

use db::Database;
use projections::{ALL, ReadModel, Rebuild};
use serde::Serialize;
use streams::{BareReader, Broker};

use super::measure::{cpu_seconds, median, peak_memory};
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
    /// How often each is measured; the medians are printed.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=99))]
    rounds: u64,
    /// Two logs instead: orders with the mails, telephones and addresses of people, sealed in the one, in clear in the
    /// other.
    #[arg(long)]
    plain: bool,
}

#[derive(Debug, Serialize)]
struct Figure {
    words: Words,
    what: String,
    events_per_second: f64,
    /// Of the bare read in the same run.
    of_bare: f64,
    /// Processor seconds of this process per million events.
    cpu: Option<f64>,
    /// The same, of the broker.
    broker_cpu: Option<f64>,
    /// The most memory this process has had by then, in MiB.
    memory: Option<u64>,
}

/// One measurement: how long it took, and what it cost.
struct Watch<'l> {
    log: &'l Log,
    started: Instant,
    cpu: [Option<f64>; 2],
}

impl<'l> Watch<'l> {
    fn start(log: &'l Log) -> Self {
        Self { log, started: Instant::now(), cpu: log.cpu() }
    }

    fn stop(self, what: &str) -> Figure {
        let Log { events, words, .. } = *self.log;
        let seconds = self.started.elapsed().as_secs_f64();
        let [now, then] = [self.log.cpu(), self.cpu];
        let spent = |process: usize| Some((now[process]? - then[process]?) / events as f64 * 1e6);
        Figure {
            words,
            what: what.to_owned(),
            events_per_second: events as f64 / seconds,
            of_bare: 1.0,
            cpu: spent(0),
            broker_cpu: spent(1),
            memory: peak_memory(std::process::id()),
        }
    }
}

/// What is folded, on a broker of its own.
struct Log {
    words: Words,
    events: u64,
    stage: Stage,
}

impl Log {
    /// Spent so far, by this process and by the broker.
    fn cpu(&self) -> [Option<f64>; 2] {
        [std::process::id(), self.stage.nats.pid()].map(cpu_seconds)
    }
}

pub(super) async fn run(common: &Common, args: &RebuildArgs) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    let dir = config.data.dir.join("bench");
    let (mut logs, events) = (Vec::new(), args.events);
    for &words in if args.plain { &[Words::Sealed, Words::Clear][..] } else { &[Words::Few] } {
        let stage = Stage::set(&dir.join(words.to_string()), Sync::Interval).await?;
        past::fill(&stage.nats.url(), events, words).await?;
        logs.push((Log { words, events, stage }, Vec::new()));
    }
    for round in 0..args.rounds {
        for (log, rounds) in &mut logs {
            rounds.push(measure(log, &dir, args, round).await?);
        }
    }
    print(common, &logs.iter().flat_map(|(_, rounds)| medians(rounds)).collect::<Vec<_>>())
}

/// Everything once, the bare read first.
async fn measure(log: &Log, dir: &Path, args: &RebuildArgs, round: u64) -> Outcome<Vec<Figure>> {
    let url = log.stage.nats.url();
    let watch = Watch::start(log);
    BareReader::connect(&url).await?.read(log.events).await?;
    let mut figures = vec![watch.stop("bare read")];
    let broker = roles::connect(&url, "bench", roles::own_durability(Sync::Interval)).await?;
    let watch = Watch::start(log);
    events_only(&broker, log.events).await?;
    figures.push(watch.stop("events, not folded"));
    for (what, models) in chosen(args)? {
        let database = fresh_database(dir, &format!("rebuild_{what}_{}", log.words)).await?;
        figures.push(fold(&format!("{what}, SQLite"), database, &broker, &models, log).await?);
        if let Some(url) = &args.postgres {
            let joint = if url.contains('?') { '&' } else { '?' };
            let schema = format!("bench_{what}_{}_{}_{round}", log.words, std::process::id());
            let database = Database::open(&format!("{url}{joint}schema={schema}")).await?;
            figures.push(fold(&format!("{what}, PostgreSQL"), database, &broker, &models, log).await?);
        }
    }
    let bare = figures[0].events_per_second;
    figures.iter_mut().for_each(|figure| figure.of_bare = figure.events_per_second / bare);
    Ok(figures)
}

/// Of each figure by itself.
fn medians(rounds: &[Vec<Figure>]) -> Vec<Figure> {
    let of = |at: usize, figure: fn(&Figure) -> f64| median(rounds.iter().map(|round| figure(&round[at])).collect());
    let cpu = |at: usize, figure: fn(&Figure) -> Option<f64>| {
        rounds.iter().map(|round| figure(&round[at])).collect::<Option<Vec<_>>>().map(median)
    };
    let figure = |(at, first): (usize, &Figure)| Figure {
        words: first.words,
        what: first.what.clone(),
        events_per_second: of(at, |figure| figure.events_per_second),
        of_bare: of(at, |figure| figure.of_bare),
        cpu: cpu(at, |figure| figure.cpu),
        broker_cpu: cpu(at, |figure| figure.broker_cpu),
        memory: rounds.last().and_then(|round| round[at].memory),
    };
    rounds.first().into_iter().flatten().enumerate().map(figure).collect()
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

async fn fold(what: &str, database: Database, broker: &Broker, models: &[ReadModel], log: &Log) -> Outcome<Figure> {
    let watch = Watch::start(log);
    let mut rebuild = Rebuild::open(&database, broker, models).await?;
    rebuild.run(&mut |_| {}).await?;
    if rebuild.builds().iter().any(|build| build.position != log.events) {
        return Err(Failure::new(Exit::Failed, "the rebuild did not come to the end of the log"));
    }
    let figure = watch.stop(what);
    database.close().await;
    Ok(figure)
}

fn print(common: &Common, figures: &[Figure]) -> Outcome {
    match common.output {
        Format::Json => Ok(output::json(&figures)?),
        Format::Table => {
            let spent = |cpu: Option<f64>| cpu.map_or_else(String::new, |cpu| format!("{cpu:.1}"));
            let row = |figure: &Figure| {
                [
                    figure.words.to_string(),
                    figure.what.clone(),
                    format!("{:.0}", figure.events_per_second),
                    format!("{:.2}", figure.of_bare),
                    spent(figure.cpu),
                    spent(figure.broker_cpu),
                    figure.memory.map_or_else(String::new, |memory| memory.to_string()),
                ]
            };
            let header = ["WORDS", "WHAT", "EVENTS/S", "OF BARE", "CPU-S PER MILLION", "BROKER", "PEAK MIB"];
            Ok(output::table(header, figures.iter().map(row))?)
        }
    }
}
