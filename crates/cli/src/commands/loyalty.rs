//! `tillstream loyalty`: an account as it is, and what an order gives.

use events::{CustomerId, OrderId, Shop};
use handlers::loyalty::{Simulation, simulate};
use serde_json::Value;
use streams::{Durability, EventStore};

use super::instance;
use super::status::rows;
use crate::cli::Common;
use crate::config::load;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum LoyaltyCommand {
    /// A customer's points, lots and latest movements.
    Account {
        /// The shop's myshopify.com name.
        shop: Shop,
        customer: CustomerId,
        /// Where tillstream runs [default: the `up` on the data directory, else the configured listen address].
        #[arg(long)]
        url: Option<String>,
    },
    /// What an order gives as it stands, and why; changes nothing. Another program is tried with --config.
    Simulate {
        /// The shop's myshopify.com name.
        shop: Shop,
        order: OrderId,
    },
}

pub(crate) async fn run(common: &Common, command: &LoyaltyCommand) -> Outcome {
    match command {
        LoyaltyCommand::Account { shop, customer, url } => account(common, shop, *customer, url.as_deref()).await,
        LoyaltyCommand::Simulate { shop, order } => simulated(common, shop, *order).await,
    }
}

async fn account(common: &Common, shop: &Shop, customer: CustomerId, url: Option<&str>) -> Outcome {
    let base = instance::url(common, url)?;
    let account = instance::get_with_key(common, &base, &format!("/v1/{shop}/customers/{customer}/loyalty")).await?;
    match common.output {
        Format::Json => output::json(&account)?,
        Format::Table => print_account(&account)?,
    }
    Ok(())
}

fn print_account(account: &Value) -> std::io::Result<()> {
    let alone = Value::Array(vec![account.clone()]);
    let summary = rows(&alone, ["customer_id", "points", "pending", "tier"]);
    output::table(["CUSTOMER", "POINTS", "PENDING", "TIER"], summary)?;
    output::line("")?;
    let lots = rows(&account["lots"], ["order_id", "points", "granted", "pending", "active_at", "expires_at"]);
    output::table(["LOT OF ORDER", "POINTS", "GRANTED", "PENDING", "ACTIVE", "EXPIRES"], lots)?;
    output::line("")?;
    let entries = rows(&account["entries"], ["at", "kind", "points", "order_id", "redemption_id"]);
    output::table(["AT", "ENTRY", "POINTS", "ORDER", "REDEMPTION"], entries)
}

async fn simulated(common: &Common, shop: &Shop, order: OrderId) -> Outcome {
    let program = load(common.config.as_deref(), &common.flags(None))?.config.loyalty.program();
    let broker = roles::connect(&instance::nats_url(common)?, "loyalty", Durability::Unknown).await?;
    let found = simulate(&EventStore::new(&broker), shop, order, &program).await?;
    let none = || Failure::new(Exit::Precondition, format!("order {order} of {shop} is not known"));
    let simulation = found.ok_or_else(none)?;
    match common.output {
        Format::Json => output::json(&simulation)?,
        Format::Table => print_simulation(&simulation)?,
    }
    Ok(())
}

fn print_simulation(simulation: &Simulation) -> std::io::Result<()> {
    let Simulation { customer_id, counts, terms, earned, clawed_back, points, spent, recorded, lines, .. } = simulation;
    let customer = customer_id.map_or_else(|| "a guest".to_owned(), |customer| format!("customer {customer}"));
    let rows = [
        ["of", &customer],
        ["counts", if *counts { "yes" } else { "no: not paid, cancelled, deleted or a test" }],
        ["rate", &format!("{} × {}, {:?}", terms.rate, terms.multiplier, terms.rounding).to_lowercase()],
        ["spent", &spent.to_string()],
        ["earned", &earned.to_string()],
        ["clawed back", &clawed_back.to_string()],
        ["points", &points.to_string()],
        ["recorded", &recorded.to_string()],
    ];
    output::table(["", ""], rows.map(|row| row.map(str::to_owned)))?;
    output::line("")?;
    output::table(["LINE", "POINTS"], lines.iter().map(|line| [line.line_id.to_string(), line.points.to_string()]))
}
