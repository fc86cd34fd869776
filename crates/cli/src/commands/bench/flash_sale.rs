//! `tillstream bench flash-sale`: many orders on one item, two replicas of the inventory service, beside serial
//! appends to one subject in the same run.

use std::path::Path;
use std::time::Instant;

use aggregates::Stock;
use axum::body::Bytes;
use serde::Serialize;
use streams::{BareReactor, EventStore, events_head};

use super::measure::median;
use super::orders::Orders;
use super::service::{Replica, grown_to};
use super::stage::Stage;
use crate::cli::Common;
use crate::config::{Sync, load};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

/// About as long as an allocation.
const BODY: usize = 700;
const SERIAL: u64 = 5_000;

#[derive(Debug, clap::Args)]
pub(crate) struct FlashSaleArgs {
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=900_000))]
    orders: u64,
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=16))]
    replicas: u64,
    /// How often it is measured, each time on a new log; the medians are printed.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=99))]
    rounds: u64,
}

#[derive(Debug, Serialize)]
struct Figures {
    orders: u64,
    replicas: u64,
    serial_per_second: f64,
    allocated_per_second: f64,
    of_serial: f64,
    conflicts: u64,
}

pub(super) async fn run(common: &Common, args: &FlashSaleArgs) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    let dir = config.data.dir.join("bench");
    let mut rounds = Vec::new();
    for _ in 0..args.rounds {
        rounds.push(measure(&dir, args).await?);
    }
    let figures = Figures {
        orders: args.orders,
        replicas: args.replicas,
        serial_per_second: median(rounds.iter().map(|round| round.serial).collect()),
        allocated_per_second: median(rounds.iter().map(|round| round.allocated).collect()),
        of_serial: median(rounds.iter().map(|round| round.allocated / round.serial).collect()),
        conflicts: rounds.iter().map(|round| round.conflicts).sum(),
    };
    match common.output {
        Format::Json => output::json(&figures)?,
        Format::Table => print(&figures)?,
    }
    Ok(())
}

/// Per second.
struct Round {
    serial: f64,
    allocated: f64,
    conflicts: u64,
}

async fn measure(dir: &Path, args: &FlashSaleArgs) -> Outcome<Round> {
    let stage = Stage::set(dir, Sync::Interval).await?;
    let url = stage.nats.url();
    let connect = async || roles::connect(&url, "bench", roles::own_durability(Sync::Interval)).await;
    let broker = connect().await?;
    let log = Orders::new(EventStore::new(&broker))?;
    log.stock(1).await?;
    log.place(args.orders, 1).await?;

    let body = Bytes::from(vec![b'x'; BODY]);
    let serial = BareReactor::connect(&url).await?.append_serially(SERIAL, body).await?;
    let head = events_head(&broker).await?;
    let started = Instant::now();
    let mut replicas = Vec::new();
    for number in 0..args.replicas {
        replicas.push(Replica::start(&connect().await?, dir, &format!("inventory-{number}")).await?);
    }
    let took = grown_to(&broker, head + args.orders, started).await?;
    let mut conflicts = 0;
    for replica in replicas {
        conflicts += replica.stop().await?;
    }
    check(&EventStore::new(&broker), &log, args.orders).await?;
    let (serial, allocated) = (SERIAL as f64 / serial.as_secs_f64(), args.orders as f64 / took.as_secs_f64());
    Ok(Round { serial, allocated, conflicts })
}

/// Every order is promised once.
async fn check(store: &EventStore, log: &Orders, orders: u64) -> Outcome {
    let stock = store.load::<Stock>(&log.stock_key(0), 0).await?;
    let allocated: i64 = stock.state.levels().iter().map(|level| level.allocated).sum();
    if u64::try_from(allocated) == Ok(orders) {
        return Ok(());
    }
    Err(Failure::new(Exit::Mismatch, format!("{allocated} units are promised to {orders} orders of one unit")))
}

fn print(figures: &Figures) -> Outcome {
    let row = [
        figures.orders.to_string(),
        figures.replicas.to_string(),
        format!("{:.0}", figures.serial_per_second),
        format!("{:.0}", figures.allocated_per_second),
        format!("{:.2}", figures.of_serial),
        figures.conflicts.to_string(),
    ];
    let header = ["ORDERS", "REPLICAS", "SERIAL PER S", "ALLOCATED PER S", "OF SERIAL", "CONFLICTS"];
    Ok(output::table(header, [row])?)
}
