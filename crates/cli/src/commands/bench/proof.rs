//! `tillstream bench proof`: all read models rebuilt beside the live ones while they are read, killed on the way, and
//! compared with them.

use std::path::Path;
use std::time::{Duration, Instant};

use db::{Build, BuildState, Database};
use reqwest::{Client, StatusCode};
use serde::Serialize;
use tokio::process::Child;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::measure::{Figures, peak_memory};
use super::past;
use super::stage::{Receiver, Stage, child};
use crate::cli::Common;
use crate::config::{Sync, load};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles::READ_MODELS;

const PATIENCE: Duration = Duration::from_secs(3_600);
const LOOK: Duration = Duration::from_millis(10);
/// How long the reads are watched before the rebuild.
const BEFORE: Duration = Duration::from_secs(2);
/// A pace that leaves the machine to what it measures.
const READS_PER_SECOND: u32 = 100;

#[derive(Debug, clap::Args)]
pub(crate) struct ProofArgs {
    /// Events in the log.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    events: u64,
    /// How often the rebuild is killed on its way.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=20))]
    kills: u32,
    /// An empty PostgreSQL database to prove it with too; its schema `query` is filled.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
}

#[derive(Debug, Serialize)]
struct Proof {
    database: &'static str,
    kills: u32,
    /// From the first start to the comparison's end, with all that was lost to the kills.
    seconds: f64,
    /// Of all models.
    rows: u64,
    differences: u64,
    /// The most memory that the rebuild had.
    peak_mib: Option<u64>,
    /// Reads by id before the rebuild, and during it.
    p99_before_ms: f64,
    p99_during_ms: f64,
}

/// The processes and their database.
struct Ground<'a> {
    dir: &'a Path,
    variables: Vec<(&'static str, &'a str)>,
    database: Database,
    events: u64,
}

pub(super) async fn run(common: &Common, args: &ProofArgs) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    let dir = std::path::absolute(config.data.dir.join("bench"))?;
    let stage = Stage::set(&dir, Sync::Interval).await?;
    let nats = stage.nats.url();
    past::fill(&nats, args.events, past::Words::Few).await?;
    let rows = dir.join("proof");
    // those of an earlier run
    let _ = std::fs::remove_dir_all(&rows);
    std::fs::create_dir_all(&rows)?;
    let file = format!("sqlite://{}", rows.join(format!("{READ_MODELS}.db")).display());
    let mut proofs = vec![prove(&dir, &nats, ("SQLite", &format!("sqlite://{}", rows.display()), &file), args).await?];
    if let Some(url) = &args.postgres {
        let schema = format!("{url}{}schema={READ_MODELS}", if url.contains('?') { '&' } else { '?' });
        proofs.push(prove(&dir, &nats, ("PostgreSQL", url, &schema), args).await?);
    }
    print(common, &proofs)?;
    if proofs.iter().any(|proof| proof.differences > 0) {
        return Err(Failure::new(Exit::Mismatch, "what was rebuilt is not what is live"));
    }
    Ok(())
}

/// `place` is a name, what the processes are told, and where the read models are then.
async fn prove(dir: &Path, nats: &str, place: (&'static str, &str, &str), args: &ProofArgs) -> Outcome<Proof> {
    let (name, told, url) = place;
    let domain = format!("{}.myshopify.com", past::SHOP);
    let variables = vec![
        ("TILLSTREAM_SHOPS_0_DOMAIN", domain.as_str()),
        ("TILLSTREAM_SHOPS_0_SECRETS", "bench-secret"),
        ("TILLSTREAM_NATS_URL", nats),
        ("TILLSTREAM_DATABASE_URL", told),
        ("TILLSTREAM_ACCESS_OPEN", "true"),
        ("TILLSTREAM_LOG_FILTER", "warn"),
    ];
    let database = Database::open(url).await?;
    if !database.builds().await?.is_empty() {
        return Err(Failure::new(Exit::Precondition, format!("the {name} database is not empty")));
    }
    let ground = Ground { dir, variables, database, events: args.events };
    let engine = Receiver::start(dir, &["projections"], &ground.variables).await?;
    ground.until(|build| build.state == BuildState::Live, args.events).await?;
    let query = Receiver::start(dir, &["query"], &ground.variables).await?;
    let orders = format!("http://{}/v1/{}/orders/", query.address, past::SHOP);

    let still = CancellationToken::new();
    let before = tokio::spawn(read(orders.clone(), still.clone()));
    sleep(BEFORE).await;
    still.cancel();
    let before = before.await??;
    let enough = CancellationToken::new();
    let during = tokio::spawn(read(orders, enough.clone()));
    let started = Instant::now();
    let peak_mib = ground.rebuild(args.kills).await?;
    let seconds = started.elapsed().as_secs_f64();
    enough.cancel();
    let during = during.await??;

    let (rows, differences) = ground.compared().await?;
    query.stop().await?;
    engine.stop().await?;
    ground.database.close().await;
    let (p99_before_ms, p99_during_ms) = (before.p99_ms, during.p99_ms);
    Ok(Proof { database: name, kills: args.kills, seconds, rows, differences, peak_mib, p99_before_ms, p99_during_ms })
}

impl Ground<'_> {
    /// Rebuilds all read models; killed again and again, each time a little further. Gives its peak of memory.
    async fn rebuild(&self, kills: u32) -> Outcome<Option<u64>> {
        let mut peak = None;
        for kill in 1..=kills {
            let mut child = self.start()?;
            let there = self.events * u64::from(kill) / u64::from(kills + 1);
            let is_new = |build: &Build| build.state != BuildState::Live;
            tokio::select! {
                reached = self.until(is_new, there) => reached?,
                ended = child.wait() => return Err(Failure::new(Exit::Failed, format!("a rebuild ended early: {}", ended?))),
            }
            peak = peak.max(child.id().and_then(peak_memory));
            child.kill().await?;
        }
        let mut child = self.start()?;
        loop {
            peak = peak.max(child.id().and_then(peak_memory));
            match child.try_wait()? {
                Some(status) if status.success() => return Ok(peak),
                Some(status) => return Err(Failure::new(Exit::Failed, format!("the rebuild failed: {status}"))),
                None => sleep(LOOK).await,
            }
        }
    }

    fn start(&self) -> Outcome<Child> {
        let arguments = ["projections", "rebuild", "--all", "--reason", "proof"];
        Ok(child(self.dir, &arguments, &self.variables)?.spawn()?)
    }

    /// Waits until every read model has such a build that has come so far.
    async fn until(&self, is_meant: impl Fn(&Build) -> bool, position: u64) -> Outcome {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let builds = self.database.builds().await?;
            let there = builds.iter().filter(|build| is_meant(build) && build.position >= position);
            if there.count() >= projections::ALL.len() {
                return Ok(());
            }
            sleep(LOOK).await;
        }
        Err(Failure::new(Exit::Failed, "the log was not folded in time"))
    }

    /// How many rows there are, and how many of them are not the same in both builds.
    async fn compared(&self) -> Outcome<(u64, u64)> {
        let builds = self.database.builds().await?;
        let (mut rows, mut differences) = (0, 0);
        for live in builds.iter().filter(|build| build.state == BuildState::Live) {
            let other = builds.iter().find(|build| build.name == live.name && build.state == BuildState::Compared);
            let other = other.ok_or_else(|| Failure::new(Exit::Failed, format!("{} was not rebuilt", live.name)))?;
            rows += live.digest.rows;
            differences += other.differences.unwrap_or(1).max(u64::from(other.digest != live.digest));
        }
        Ok((rows, differences))
    }
}

/// Reads orders at a steady pace until it is enough.
async fn read(orders: String, enough: CancellationToken) -> Outcome<Figures> {
    let (client, mut asked, mut number) = (Client::new(), JoinSet::new(), 0_u64);
    let mut ticks = interval(Duration::from_secs(1) / READS_PER_SECOND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let started = Instant::now();
    while enough.run_until_cancelled(ticks.tick()).await.is_some() {
        number += 1;
        // Every log has the first crowd of orders.
        let request = client.get(format!("{orders}{}", 1 + number % 200));
        asked.spawn(async move {
            let sent = Instant::now();
            let status = request.send().await?.error_for_status()?.status();
            Outcome::Ok((status == StatusCode::OK).then_some(sent.elapsed()))
        });
    }
    let mut latencies = Vec::new();
    while let Some(answered) = asked.join_next().await {
        latencies.extend(answered??);
    }
    Ok(Figures::new(latencies, started.elapsed(), 0, [None, None]))
}

fn print(common: &Common, proofs: &[Proof]) -> Outcome {
    if common.output == Format::Json {
        return Ok(output::json(&proofs)?);
    }
    let row = |proof: &Proof| {
        [
            proof.database.to_owned(),
            proof.kills.to_string(),
            format!("{:.1}", proof.seconds),
            proof.rows.to_string(),
            proof.differences.to_string(),
            proof.peak_mib.map_or_else(String::new, |mib| mib.to_string()),
            format!("{:.1}", proof.p99_before_ms),
            format!("{:.1}", proof.p99_during_ms),
        ]
    };
    let header =
        ["DATABASE", "KILLS", "SECONDS", "ROWS", "DIFFERENCES", "PEAK MIB", "READS P99 BEFORE MS", "P99 DURING MS"];
    Ok(output::table(header, proofs.iter().map(row))?)
}
