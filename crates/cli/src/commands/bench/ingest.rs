//! `tillstream bench ingest`: the same webhooks at the same concurrency, taken in by our ingress, by a minimal
//! receiver, and published bare; in turns, several times, each time on a fresh broker.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use serde::Serialize;
use shopify::Secret;
use simulator::{Settings, Store};
use streams::BarePublisher;
use tokio::task::JoinSet;

use super::load;
use super::measure::{Figures, cpu_seconds};
use super::stage::{Receiver, Stage};
use super::webhooks::{self, Webhooks};
use crate::cli::Common;
use crate::config::{Sync, load as load_config};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};

const SHOP: &str = "bench";
const DOMAIN: &str = "bench.myshopify.com";
const SECRET: &str = "bench-secret";
/// Different bodies; each is sent more than once, under another webhook id.
const BODIES: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(crate) struct IngestArgs {
    /// How long each measurement takes.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How often each is repeated; the medians are printed.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=99))]
    rounds: u64,
    /// Requests under way at once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4096))]
    connections: u64,
    /// Bodies are made at least this long.
    #[arg(long, default_value_t = 6144, value_parser = clap::value_parser!(u64).range(2..=1_000_000))]
    payload_bytes: u64,
    /// Also our ingress without the seals of bodies, which no role can be.
    #[arg(long)]
    plain: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Contender {
    Bare,
    Prototype,
    /// Ours, without seals.
    Plain,
    Tillstream,
}

#[derive(Debug, Serialize)]
struct Row {
    sync: Sync,
    contender: Contender,
    #[serde(flatten)]
    figures: Figures,
    /// Webhooks per second as a part of the prototype's and of the bare publisher's.
    of_prototype: Option<f64>,
    of_bare: Option<f64>,
    /// And of our own without seals.
    of_plain: Option<f64>,
}

pub(super) async fn run(common: &Common, args: &IngestArgs) -> Outcome {
    let config = load_config(common.config.as_deref(), &common.flags(None))?.config;
    let dir = config.data.dir.join("bench");
    let secret = Secret::new(SECRET)?;
    let webhooks = Arc::new(Webhooks::new(DOMAIN, &secret, bodies(&secret, args.payload_bytes as usize)?));
    let mut rows = Vec::new();
    for sync in [Sync::Interval, Sync::Always] {
        rows.extend(compare(&dir, sync, &webhooks, args).await?);
    }
    match common.output {
        Format::Json => output::json(&rows)?,
        Format::Table => print(&rows, args)?,
    }
    Ok(())
}

async fn compare(dir: &Path, sync: Sync, webhooks: &Arc<Webhooks>, args: &IngestArgs) -> Outcome<Vec<Row>> {
    let plain = args.plain.then_some(Contender::Plain);
    let contenders: Vec<_> =
        [Contender::Bare, Contender::Prototype].into_iter().chain(plain).chain([Contender::Tillstream]).collect();
    let mut runs = vec![Vec::new(); contenders.len()];
    for _ in 0..args.rounds {
        for (contender, runs) in contenders.iter().zip(&mut runs) {
            runs.push(Bench { dir: dir.to_owned(), sync, webhooks: webhooks.clone(), args }.measure(*contender).await?);
        }
    }
    let figures: Vec<_> = contenders.into_iter().zip(runs.iter().map(|runs| Figures::medians(runs))).collect();
    let row = |&(contender, own): &(Contender, Figures)| {
        let of = |other| {
            let found = figures.iter().find(|(contender, _)| *contender == other);
            found.map(|(_, figures)| own.per_second / figures.per_second)
        };
        let (of_prototype, of_bare, of_plain) = (of(Contender::Prototype), of(Contender::Bare), of(Contender::Plain));
        Row { sync, contender, figures: own, of_prototype, of_bare, of_plain }
    };
    Ok(figures.iter().map(row).collect())
}

struct Bench<'a> {
    dir: PathBuf,
    sync: Sync,
    webhooks: Arc<Webhooks>,
    args: &'a IngestArgs,
}

impl Bench<'_> {
    async fn measure(&self, contender: Contender) -> Outcome<Figures> {
        let stage = Stage::set(&self.dir, self.sync).await?;
        let url = stage.nats.url();
        match contender {
            Contender::Bare => self.publish(&stage, &url).await,
            Contender::Prototype | Contender::Plain => {
                let name = if contender == Contender::Plain { "plain-ingress" } else { "prototype" };
                let arguments = ["bench", name, "--nats-url", &url, "--shop", SHOP, "--secret", SECRET];
                self.post(&stage, Receiver::start(&self.dir, &arguments, &[]).await?).await
            }
            Contender::Tillstream => {
                let shop = [
                    ("TILLSTREAM_SHOPS_0_DOMAIN", DOMAIN),
                    ("TILLSTREAM_SHOPS_0_SECRETS", SECRET),
                    ("TILLSTREAM_LOG_FILTER", "warn"),
                ];
                self.post(&stage, Receiver::start(&self.dir, &["ingress", "--nats-url", &url], &shop).await?).await
            }
        }
    }

    async fn post(&self, stage: &Stage, receiver: Receiver) -> Outcome<Figures> {
        let cpu = Cpu::start(receiver.pid(), Some(stage.nats.pid()));
        let started = Instant::now();
        let load =
            load::run(receiver.address, self.webhooks.clone(), self.args.connections as usize, self.time()).await?;
        let figures = Figures::new(load.latencies, started.elapsed(), load.refused, cpu.used());
        receiver.stop().await?;
        Ok(figures)
    }

    async fn publish(&self, stage: &Stage, url: &str) -> Outcome<Figures> {
        let publisher = BarePublisher::connect(url, &SHOP.parse()?).await?;
        let cpu = Cpu::start(Some(std::process::id()), Some(stage.nats.pid()));
        let started = Instant::now();
        let (next, mut workers) = (Arc::new(AtomicU64::new(0)), JoinSet::new());
        for _ in 0..self.args.connections {
            workers.spawn(publish(publisher.clone(), self.webhooks.clone(), next.clone(), started + self.time()));
        }
        let mut latencies = Vec::new();
        while let Some(part) = workers.join_next().await {
            latencies.extend(part??);
        }
        Ok(Figures::new(latencies, started.elapsed(), 0, cpu.used()))
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.args.seconds)
    }
}

async fn publish(
    publisher: BarePublisher,
    webhooks: Arc<Webhooks>,
    next: Arc<AtomicU64>,
    until: Instant,
) -> Outcome<Vec<Duration>> {
    let mut latencies = Vec::new();
    while Instant::now() < until {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let sent = Instant::now();
        publisher.publish(&webhooks::id(number), webhooks.body(number)).await?;
        latencies.push(sent.elapsed());
    }
    Ok(latencies)
}

/// The processor time of the receiver and of the broker since it was made.
struct Cpu([(Option<u32>, Option<f64>); 2]);

impl Cpu {
    fn start(receiver: Option<u32>, broker: Option<u32>) -> Self {
        Self([receiver, broker].map(|pid| (pid, pid.and_then(cpu_seconds))))
    }

    fn used(&self) -> [Option<f64>; 2] {
        self.0.map(|(pid, before)| Some(pid.and_then(cpu_seconds)? - before?))
    }
}

/// Orders of the simulated shop; each at least so long.
fn bodies(secret: &Secret, least: usize) -> Outcome<Vec<Bytes>> {
    let shop = SHOP.parse()?;
    let deliveries = Store::new(&Settings::new(shop, secret.clone(), 1)).live(BODIES);
    let orders = deliveries.into_iter().filter(|delivery| delivery.topic == "orders/create");
    let bodies: Vec<Bytes> = orders.map(|order| lengthen(order.body, least)).collect();
    if bodies.is_empty() { Err(Failure::new(Exit::Failed, "the simulated shop has no orders")) } else { Ok(bodies) }
}

/// Fills a short body up with blanks: they count for the signature and the disk, and mean nothing.
fn lengthen(body: Bytes, least: usize) -> Bytes {
    let mut body = body.to_vec();
    body.resize(body.len().max(least), b' ');
    body.into()
}

fn print(rows: &[Row], args: &IngestArgs) -> Outcome {
    output::line(format!(
        "{} connections, bodies of at least {} bytes, {} s, medians of {}\n",
        args.connections, args.payload_bytes, args.seconds, args.rounds
    ))?;
    let part = |of: Option<f64>| of.map_or("-".to_owned(), |of| format!("{of:.2}"));
    let row = |row: &Row| {
        let f = row.figures;
        [
            row.sync.as_str().to_owned(),
            format!("{:?}", row.contender).to_lowercase(),
            format!("{:.0}", f.per_second),
            format!("{:.2}", f.p50_ms),
            format!("{:.2}", f.p99_ms),
            part(f.own_cpu),
            part(f.broker_cpu),
            f.refused.to_string(),
            part(row.of_prototype),
            part(row.of_bare),
            part(row.of_plain),
        ]
    };
    let header = [
        "SYNC",
        "RECEIVER",
        "PER S",
        "P50 MS",
        "P99 MS",
        "CPU/10K",
        "BROKER",
        "REFUSED",
        "OF PROTOTYPE",
        "OF BARE",
        "OF PLAIN",
    ];
    Ok(output::table(header, rows.iter().map(row))?)
}
