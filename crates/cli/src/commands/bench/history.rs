//! `tillstream bench history`: one item with a long history, loaded with its snapshot and without.

use std::time::{Duration, Instant};

use aggregates::{DemandPart, LineDemand, Routing, Stock, StockCommand};
use db::Database;
use events::{Fate, LineId, LocationId, Observation, OrderId, StockPolicy, Timestamp};
use handlers::inventory::{Inventory, InventorySettings};
use serde::Serialize;
use streams::{Broker, Cause, EventStore};
use tokio::task::JoinSet;

use super::orders::Orders;
use super::service::fresh_database;
use super::stage::Stage;
use crate::cli::Common;
use crate::config::{Sync, load};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

/// Orders under way at once.
const CROWD: u64 = 128;
/// An order is promised, shipped, and echoed by Shopify.
const EVENTS_EACH: u64 = 3;
/// Loads with the snapshot; the median is printed.
const LOADS: usize = 21;

#[derive(Debug, clap::Args)]
pub(crate) struct HistoryArgs {
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(3_000..=10_000_000))]
    events: u64,
}

#[derive(Debug, Serialize)]
struct Figures {
    events: u64,
    held_lines: usize,
    with_snapshot_ms: f64,
    without_ms: f64,
}

pub(super) async fn run(common: &Common, args: &HistoryArgs) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    let dir = config.data.dir.join("bench");
    let stage = Stage::set(&dir, Sync::Interval).await?;
    let broker = roles::connect(&stage.nats.url(), "bench", roles::own_durability(Sync::Interval)).await?;
    let key = Orders::new(EventStore::new(&broker))?.stock_key(0);
    let database = fresh_database(&dir, "history").await?;
    let store = open(&broker, &database).await?;
    let mut order = 1;
    while order * EVENTS_EACH <= args.events {
        let mut crowd = JoinSet::new();
        for number in order..order + CROWD {
            let (store, key) = (store.clone(), key.clone());
            crowd.spawn(async move {
                for command in story(number)? {
                    store.execute::<Stock>(&key, command, &cause(number)).await?;
                }
                Ok::<(), Failure>(())
            });
        }
        while let Some(done) = crowd.join_next().await {
            done??;
        }
        order += CROWD;
    }

    let started = Instant::now();
    let plain = EventStore::new(&broker).load::<Stock>(&key, 0).await?;
    let without = started.elapsed();
    let mut loads = Vec::new();
    for _ in 0..LOADS {
        let store = open(&broker, &database).await?;
        let started = Instant::now();
        let loaded = store.load::<Stock>(&key, 0).await?;
        loads.push(started.elapsed());
        if loaded.state.levels() != plain.state.levels() || loaded.version != plain.version {
            return Err(Failure::new(Exit::Mismatch, "the snapshot leads to another state than the history"));
        }
    }
    loads.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let figures = Figures {
        events: plain.version,
        held_lines: plain.state.held_lines(),
        with_snapshot_ms: ms(loads[LOADS / 2]),
        without_ms: ms(without),
    };
    print(common, &figures)
}

async fn open(broker: &Broker, database: &Database) -> Outcome<EventStore> {
    Ok(Inventory::open(broker, database.clone(), InventorySettings::default()).await?.store)
}

/// One unit is ordered and sent from the only location, and Shopify says what is left.
fn story(number: u64) -> Outcome<[StockCommand; 2]> {
    let wrong = || Failure::new(Exit::Failed, "not an id");
    let at = Timestamp::from_second(1_767_625_200 + i64::try_from(number)?)?;
    let location_id = LocationId::new(7).ok_or_else(wrong)?;
    let part = DemandPart { location_id: Some(location_id), taken_at: at, fate: Fate::Shipped, since: at, quantity: 1 };
    let line = LineDemand {
        order_id: OrderId::new(number).ok_or_else(wrong)?,
        line_id: LineId::new(number).ok_or_else(wrong)?,
        parts: vec![part],
        returns: Vec::new(),
    };
    let observation = Observation { at, triggered_at: None, available: 100_000_000 - i64::try_from(number)? };
    let (routing, policy) = (Routing::default(), StockPolicy::default());
    let claim = StockCommand::Claim { lines: vec![line], routing, policy };
    Ok([claim, StockCommand::Observe { location_id, observation }])
}

fn cause(number: u64) -> Cause {
    let id = format!("history-{number}");
    Cause { correlation_id: id.clone(), id, trace_parent: None }
}

fn print(common: &Common, figures: &Figures) -> Outcome {
    match common.output {
        Format::Json => Ok(output::json(figures)?),
        Format::Table => {
            let row = [
                figures.events.to_string(),
                figures.held_lines.to_string(),
                format!("{:.2}", figures.with_snapshot_ms),
                format!("{:.0}", figures.without_ms),
            ];
            Ok(output::table(["EVENTS", "LINES HELD", "WITH SNAPSHOT MS", "WITHOUT MS"], [row])?)
        }
    }
}
