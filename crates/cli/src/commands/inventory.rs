//! `tillstream inventory`: an item's stock, read from the log itself.

use events::{Address, InventoryItemId, Level, Shop};
use handlers::inventory::report::{self, Movement, Supposed};
use handlers::inventory::{InventorySettings, Simulation};
use streams::{Durability, EventStore};

use super::instance;
use crate::cli::Common;
use crate::config::load;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum InventoryCommand {
    /// What stands at each location.
    Level(Item),
    /// Everything that moved the stock, the oldest first.
    Movements(Item),
    /// Which location an order would get, and why.
    Simulate {
        #[command(flatten)]
        item: Item,
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        quantity: u32,
        /// Where it is placed: `web`, `pos`, an app's id.
        #[arg(long)]
        source: Option<String>,
        /// Where it is sent, for the rule `nearest`: a country's code.
        #[arg(long)]
        country: Option<String>,
        #[arg(long, requires = "country")]
        province: Option<String>,
        #[arg(long, requires = "country")]
        zip: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Item {
    /// The inventory item's id.
    item: InventoryItemId,
    /// The shop's name without `.myshopify.com`.
    #[arg(long)]
    shop: Shop,
}

pub(crate) async fn run(common: &Common, command: &InventoryCommand) -> Outcome {
    let broker = roles::connect(&instance::nats_url(common)?, "inventory", Durability::Unknown).await?;
    let store = EventStore::new(&broker);
    match command {
        InventoryCommand::Level(Item { item, shop }) => {
            let levels = report::levels(&store, shop, *item).await?.ok_or_else(|| unknown(*item))?;
            print(common, levels.as_slice(), show_levels)
        }
        InventoryCommand::Movements(Item { item, shop }) => {
            print(common, report::movements(&store, shop, *item).await?.as_slice(), show_movements)
        }
        InventoryCommand::Simulate { item: Item { item, shop }, quantity, source, country, province, zip } => {
            let destination = country.clone().map(|country| Address {
                country_code: Some(country),
                province_code: province.clone(),
                district: zip.as_deref().and_then(Address::district_of),
                ..Address::default()
            });
            let order = Supposed { quantity: *quantity, source: source.clone(), destination };
            let simulation = report::simulate(&store, &settings(common)?, shop, *item, &order).await?;
            print(common, &simulation.ok_or_else(|| unknown(*item))?, show_simulation)
        }
    }
}

fn settings(common: &Common) -> Outcome<InventorySettings> {
    let loaded = load(common.config.as_deref(), &common.flags(None))?;
    roles::inventory_settings(&loaded.config, &loaded.shops()?)
}

fn unknown(item: InventoryItemId) -> Failure {
    Failure::new(Exit::Precondition, format!("inventory item {item} is stocked nowhere that we know of"))
}

fn print<T: serde::Serialize + ?Sized>(common: &Common, value: &T, table: impl FnOnce(&T) -> Outcome) -> Outcome {
    match common.output {
        Format::Json => Ok(output::json(&value)?),
        Format::Table => table(value),
    }
}

fn show_levels(levels: &[Level]) -> Outcome {
    let row = |level: &Level| {
        let seen = level.observation.as_ref();
        [
            level.location_id.to_string(),
            level.on_hand.to_string(),
            level.allocated.to_string(),
            level.available.to_string(),
            seen.map_or_else(String::new, |seen| seen.available.to_string()),
            seen.map_or_else(String::new, |seen| seen.at.to_string()),
            level.drift.to_string(),
        ]
    };
    let header = ["LOCATION", "ON HAND", "ALLOCATED", "AVAILABLE", "OBSERVED", "AT", "DRIFT"];
    Ok(output::table(header, levels.iter().map(row))?)
}

fn show_movements(movements: &[Movement]) -> Outcome {
    let text = |value: Option<String>| value.unwrap_or_default();
    let row = |moved: &Movement| {
        let level = |level: &Level| format!("{}: {}/{}", level.location_id, level.available, level.allocated);
        [
            moved.position.to_string(),
            moved.at.to_string(),
            moved.kind.to_owned(),
            text(moved.quantity.map(|quantity| quantity.to_string())),
            text(moved.location_id.map(|id| id.to_string())),
            text(moved.order_id.map(|id| id.to_string())),
            text(moved.why.clone()),
            moved.levels.iter().map(level).collect::<Vec<_>>().join(", "),
        ]
    };
    let header = ["POSITION", "AT", "MOVEMENT", "UNITS", "LOCATION", "ORDER", "WHY", "AVAILABLE/ALLOCATED AFTER"];
    Ok(output::table(header, movements.iter().map(row))?)
}

fn show_simulation(simulation: &Simulation) -> Outcome {
    output::line(format!("decided by {}, short of {}\n", simulation.decision.rule, simulation.short))?;
    let rows = simulation.candidates.iter().map(|one| {
        let rank = |rank: &Option<u32>| rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
        let ranks = one.ranks.iter().map(|(rule, by)| format!("{} {}", rule.as_str(), rank(by)));
        [
            one.location_id.to_string(),
            one.available.to_string(),
            one.promised.to_string(),
            ranks.collect::<Vec<_>>().join(", "),
        ]
    });
    Ok(output::table(["LOCATION", "AVAILABLE", "PROMISED", "RANKS"], rows)?)
}
