//! `tillstream bench replay`: the whole log into a file, beside the bare read of the same messages.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use streams::{BareReader, Broker, EventReader, events_head};

use super::seed;
use super::stage::Stage;
use crate::cli::Common;
use crate::commands::replay::Archive;
use crate::config::{Sync, load};
use crate::failure::Outcome;
use crate::output::{self, Format};
use crate::roles;

const BATCH: usize = 5_000;
const WAIT: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    #[arg(long, default_value_t = 300_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    events: u64,
    /// How often each is repeated; the medians are printed.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(usize))]
    rounds: usize,
}

#[derive(Debug, Serialize)]
struct Row {
    contender: &'static str,
    events_per_second: f64,
    of_bare: f64,
}

pub(super) async fn run(common: &Common, args: &ReplayArgs) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    let dir = config.data.dir.join("bench");
    let stage = Stage::set(&dir, Sync::Interval).await?;
    let url = stage.nats.url();
    let broker = roles::connect(&url, "bench", roles::own_durability(Sync::Interval)).await?;
    seed::orders(&broker, args.events).await?;
    let bare = BareReader::connect(&url).await?;
    let (mut bare_times, mut read_times, mut file_times) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..args.rounds.max(1) {
        bare_times.push(bare.read(args.events).await?);
        read_times.push(read(&broker).await?);
        file_times.push(to_file(&broker, &dir.join("replay.ndjson")).await?);
    }
    let rate = |mut times: Vec<Duration>| {
        times.sort_unstable();
        args.events as f64 / times[times.len() / 2].as_secs_f64()
    };
    let rates = [rate(bare_times), rate(read_times), rate(file_times)];
    let names = ["bare read", "tillstream: read", "tillstream: to a file"];
    let row =
        |(contender, rate): (&'static str, f64)| Row { contender, events_per_second: rate, of_bare: rate / rates[0] };
    let rows: Vec<Row> = names.into_iter().zip(rates).map(row).collect();
    match common.output {
        Format::Json => output::json(&rows)?,
        Format::Table => {
            let cells = |row: &Row| {
                [row.contender.to_owned(), format!("{:.0}", row.events_per_second), format!("{:.2}", row.of_bare)]
            };
            output::table(["", "EVENTS/S", "OF BARE"], rows.iter().map(cells))?;
        }
    }
    Ok(())
}

async fn read(broker: &Broker) -> Outcome<Duration> {
    let head = events_head(broker).await?;
    let started = Instant::now();
    let mut reader = EventReader::open_in_bulk(broker, 0).await?;
    while reader.position() < head {
        reader.next_raw_batch(BATCH, WAIT).await?;
    }
    Ok(started.elapsed())
}

async fn to_file(broker: &Broker, path: &Path) -> Outcome<Duration> {
    // one of an earlier round
    let _ = std::fs::remove_file(path);
    let head = events_head(broker).await?;
    let started = Instant::now();
    let mut archive = Archive::open(path, None)?;
    let mut reader = EventReader::open_in_bulk(broker, 0).await?;
    while reader.position() < head {
        archive.take(reader.next_raw_batch(BATCH, WAIT).await?).await?;
    }
    archive.settle().await?;
    let time = started.elapsed();
    std::fs::remove_file(path)?;
    Ok(time)
}
