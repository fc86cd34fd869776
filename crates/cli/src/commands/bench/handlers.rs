//! `tillstream bench handlers`: orders over many items, promised by the inventory service, beside a bare
//! subscriber that appends one message for each, in the same run.
//!
//! Both receive each order's event once by a consumer, append one message for it under a message id and an expected
//! sequence, and ack it; as many are under way at once. The service also reads the whole log for its copies, its own
//! messages too, and its start counts: the first promise of each item loads that item.

use std::path::Path;
use std::time::Instant;

use serde::Serialize;
use streams::{BareReactor, EventStore, events_head};

use super::measure::median;
use super::orders::Orders;
use super::service::{Replica, grown_to};
use super::stage::Stage;
use crate::cli::Common;
use crate::config::{Sync, load};
use crate::failure::Outcome;
use crate::output::{self, Format};
use crate::roles;

/// As many as the service handles at once.
const IN_FLIGHT: usize = 128;

#[derive(Debug, clap::Args)]
pub(crate) struct HandlersArgs {
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    orders: u64,
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    items: u64,
    /// How often it is measured, each time on a new log; the medians are printed.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=99))]
    rounds: u64,
}

#[derive(Debug, Serialize)]
struct Figures {
    orders: u64,
    items: u64,
    bare_per_second: f64,
    service_per_second: f64,
    of_bare: f64,
}

pub(super) async fn run(common: &Common, args: &HandlersArgs) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    let dir = config.data.dir.join("bench");
    let mut paces = Vec::new();
    for _ in 0..args.rounds {
        paces.push(measure(&dir, args).await?);
    }
    let (orders, items) = (args.orders, args.items);
    let figures = Figures {
        orders,
        items,
        bare_per_second: median(paces.iter().map(|(bare, _)| *bare).collect()),
        service_per_second: median(paces.iter().map(|(_, service)| *service).collect()),
        of_bare: median(paces.iter().map(|(bare, service)| service / bare).collect()),
    };
    match common.output {
        Format::Json => output::json(&figures)?,
        Format::Table => {
            let Figures { bare_per_second, service_per_second, of_bare, .. } = figures;
            let [bare, service] = [bare_per_second, service_per_second].map(|pace| format!("{pace:.0}"));
            let row = [orders.to_string(), items.to_string(), bare, service, format!("{of_bare:.2}")];
            output::table(["ORDERS", "ITEMS", "BARE PER S", "SERVICE PER S", "OF BARE"], [row])?;
        }
    }
    Ok(())
}

/// Orders per second, of the bare subscriber and of the service.
async fn measure(dir: &Path, args: &HandlersArgs) -> Outcome<(f64, f64)> {
    let stage = Stage::set(dir, Sync::Interval).await?;
    let url = stage.nats.url();
    let broker = roles::connect(&url, "bench", roles::own_durability(Sync::Interval)).await?;
    let log = Orders::new(EventStore::new(&broker))?;
    log.stock(args.items).await?;
    log.place(args.orders, args.items).await?;

    let bare = BareReactor::connect(&url).await?.react(args.orders, IN_FLIGHT).await?;
    let head = events_head(&broker).await?;
    let own = roles::connect(&url, "bench-inventory", roles::own_durability(Sync::Interval)).await?;
    let started = Instant::now();
    let replica = Replica::start(&own, dir, "inventory").await?;
    let service = grown_to(&broker, head + args.orders, started).await?;
    replica.stop().await?;
    Ok((args.orders as f64 / bare.as_secs_f64(), args.orders as f64 / service.as_secs_f64()))
}
