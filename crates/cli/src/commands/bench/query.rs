//! `tillstream bench query`: a read by id beside a bare handler, and how soon a webhook can be read.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use access::{KeyWish, Keys, Scope, Scopes};
use projections::Engine;
use serde::Serialize;

use super::load::{self, Requests};
use super::measure::Figures;
use super::seed;
use super::service::fresh_database;
use super::stage::{Receiver, Stage};
use super::visible::{self, Cast};
use crate::cli::Common;
use crate::config::{Sync, load as load_config};
use crate::failure::Outcome;
use crate::output::{self, Format};
use crate::roles::{self, READ_MODELS};

#[derive(Debug, clap::Args)]
pub(crate) struct QueryArgs {
    /// Orders to read from.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    orders: u64,
    /// How long each measurement takes.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(usize))]
    rounds: usize,
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=4096))]
    connections: u64,
    /// Webhooks a second, whose way to the row is timed.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    webhooks: u64,
}

#[derive(Debug, Serialize)]
struct Report {
    bare: Figures,
    tillstream: Figures,
    of_bare: f64,
    webhooks_to_rows: Vec<WebhooksToRows>,
}

#[derive(Debug, Serialize)]
struct WebhooksToRows {
    /// Whom the webhooks meet, and when the broker flushes: when it likes, or each message, which is the default.
    name: &'static str,
    figures: Figures,
}

const WAYS: [(&str, Cast, Sync); 4] = [
    ("webhook to row, its roles, sync interval", Cast::OnTheWay, Sync::Interval),
    ("webhook to row, its roles, sync always", Cast::OnTheWay, Sync::Always),
    ("webhook to row, all of `up`, sync interval", Cast::Everybody, Sync::Interval),
    ("webhook to row, all of `up`, sync always", Cast::Everybody, Sync::Always),
];

/// Reads of one order after the other.
struct Gets {
    head: String,
    tail: String,
    orders: u64,
}

impl Requests for Gets {
    fn write(&self, number: u64, request: &mut Vec<u8>) {
        // far apart, so that no two neighbours ask for one row
        let order = seed::FIRST + 1 + number.wrapping_mul(7_919) % (self.orders - 1) + 1;
        request.clear();
        request.extend_from_slice(format!("{}{order}{}", self.head, self.tail).as_bytes());
    }
}

pub(super) async fn run(common: &Common, args: &QueryArgs) -> Outcome {
    let config = load_config(common.config.as_deref(), &common.flags(None))?.config;
    let dir = std::path::absolute(config.data.dir.join("bench"))?;
    let (bare, tillstream) = reads(&dir, args).await?;
    let time = Duration::from_secs(args.seconds);
    let mut webhooks_to_rows = Vec::new();
    for (name, cast, sync) in WAYS {
        let figures = visible::measure(&dir, cast, sync, args.webhooks, time).await?;
        webhooks_to_rows.push(WebhooksToRows { name, figures });
    }
    let of_bare = tillstream.per_second / bare.per_second;
    let report = Report { bare, tillstream, of_bare, webhooks_to_rows };
    if common.output == Format::Json {
        return Ok(output::json(&report)?);
    }
    let row = |name: &str, figures: &Figures, part: f64| {
        let [rate, p50, p99] =
            [figures.per_second, figures.p50_ms, figures.p99_ms].map(|figure| format!("{figure:.1}"));
        let part = if part > 0.0 { format!("{part:.2}") } else { String::new() };
        [name.to_owned(), rate, p50, p99, figures.refused.to_string(), part]
    };
    let reads = [
        row("bare axum and SQL, by id", &report.bare, 1.0),
        row("tillstream, by id, with a key", &report.tillstream, of_bare),
    ];
    let ways = report.webhooks_to_rows.iter().map(|way| row(way.name, &way.figures, 0.0));
    let rows = reads.into_iter().chain(ways);
    Ok(output::table(["", "PER SECOND", "P50 MS", "P99 MS", "REFUSED", "OF BARE"], rows)?)
}

async fn reads(dir: &Path, args: &QueryArgs) -> Outcome<(Figures, Figures)> {
    let stage = Stage::set(dir, Sync::Interval).await?;
    let (url, rows) = (stage.nats.url(), dir.display().to_string());
    let broker = roles::connect(&url, "bench", roles::own_durability(Sync::Interval)).await?;
    seed::orders(&broker, args.orders).await?;
    let database = fresh_database(dir, READ_MODELS).await?;
    Engine::open(database.clone(), broker.clone(), projections::ALL).await?.step().await?;
    let (token, database_url) = (key(dir).await?, format!("sqlite://{rows}"));
    let environment = [
        ("TILLSTREAM_SHOPS_0_DOMAIN", "bench.myshopify.com"),
        ("TILLSTREAM_SHOPS_0_SECRETS", "bench-secret"),
        ("TILLSTREAM_NATS_URL", url.as_str()),
        ("TILLSTREAM_DATABASE_URL", database_url.as_str()),
        ("TILLSTREAM_ACCESS_PER_SECOND", "1000000"),
        ("TILLSTREAM_ACCESS_BURST", "1000000"),
        ("TILLSTREAM_LOG_FILTER", "warn"),
    ];
    let requests = Arc::new(Gets {
        head: format!("GET /v1/{}/orders/", seed::SHOP),
        tail: format!(" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"),
        orders: args.orders,
    });
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..args.rounds.max(1) {
        let prototype = Receiver::start(dir, &["bench", "bare-reads", "--database-dir", &rows], &[]).await?;
        bare.push(ask(prototype, &requests, args).await?);
        let query = Receiver::start(dir, &["query"], &environment).await?;
        ours.push(ask(query, &requests, args).await?);
    }
    Ok((Figures::medians(&bare), Figures::medians(&ours)))
}

async fn ask(receiver: Receiver, requests: &Arc<Gets>, args: &QueryArgs) -> Outcome<Figures> {
    let (address, connections) = (receiver.address, args.connections as usize);
    load::run(address, requests.clone(), connections, Duration::from_millis(500)).await?;
    let started = Instant::now();
    let load = load::run(address, requests.clone(), connections, Duration::from_secs(args.seconds)).await?;
    let time = started.elapsed();
    receiver.stop().await?;
    Ok(Figures::new(load.latencies, time, load.refused, [None, None]))
}

async fn key(dir: &Path) -> Outcome<String> {
    let keys = Keys::open(fresh_database(dir, access::DATABASE).await?).await?;
    let (name, reason) = ("bench".to_owned(), "bench".to_owned());
    let wish = KeyWish { name, scopes: Scopes::new([Scope::Read]), expires_at: None, reason };
    Ok(keys.create(&seed::SHOP.parse()?, wish).await?.reveal())
}
