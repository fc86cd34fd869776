//! All that is held of a customer, to be handed to them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use db::Database;
use events::{AggregateKey, AggregateKind, CustomerId, OrderId, Shop};
use privacy::Vault;
use projections::orders::{self, OrderFilter};
use projections::{Listed, PageRequest};
use recorder::order_with_checkouts;
use serde::Serialize;
use streams::{Broker, Durability, EventStore};

use crate::cli::Common;
use crate::commands::events::row::Row;
use crate::commands::instance;
use crate::config::Config;
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

const PAGE: u32 = 200;

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    #[arg(long, value_parser = crate::commands::events::filter::shop)]
    shop: Shop,
    #[arg(long, value_name = "ID")]
    customer: CustomerId,
    /// Orders that they placed as a guest; repeat it, or separate them with commas.
    #[arg(long = "order", value_name = "ID", value_delimiter = ',')]
    orders: Vec<OrderId>,
    /// A new file, for its owner's eyes only.
    #[arg(long, value_name = "PATH")]
    file: PathBuf,
    /// For the log of this command.
    #[arg(long)]
    reason: String,
}

#[derive(Serialize)]
struct Report {
    shop: Shop,
    customer: CustomerId,
    aggregates: Vec<Held>,
}

/// The whole history of one aggregate, opened.
#[derive(Serialize)]
struct Held {
    of: String,
    events: Vec<Row>,
}

pub(super) async fn run(common: &Common, config: &Config, args: &ExportArgs) -> Outcome {
    let ExportArgs { shop, customer, file, reason, .. } = args;
    let broker = roles::connect(&instance::nats_url(common)?, "privacy", Durability::Unknown).await?;
    let vault = roles::open_vault(config).await?;
    let (aggregates, events) = held(config, &broker, &vault, args).await?;
    let report = serde_json::to_vec_pretty(&Report { shop: shop.clone(), customer: *customer, aggregates })?;
    let doing = |e: Failure| e.context(file.display());
    let new = File::options().write(true).create_new(true).mode(0o600).open(file);
    let mut new = new.or_exit(Exit::Precondition).map_err(doing)?;
    new.write_all(&report).and_then(|()| new.sync_all()).or_exit(Exit::Failed).map_err(doing)?;
    output::note(&format!("because: {reason}"));
    match common.output {
        Format::Json => output::json(&serde_json::json!({ "file": file, "events": events }))?,
        Format::Table => output::line(format!("{events} events in {}", file.display()))?,
    }
    Ok(())
}

async fn held(config: &Config, broker: &Broker, vault: &Vault, args: &ExportArgs) -> Outcome<(Vec<Held>, usize)> {
    let store = EventStore::with_capacity(broker, 0);
    let (mut aggregates, mut count) = (Vec::new(), 0);
    for key in keys(config, &store, args).await? {
        let mut rows = Vec::new();
        for event in store.events(&key).await? {
            rows.push(Row::new(event)?.opened(vault).await?);
        }
        count += rows.len();
        if !rows.is_empty() {
            aggregates.push(Held { of: format!("{}/{}", key.kind, key.id), events: rows });
        }
    }
    Ok((aggregates, count))
}

/// The customer, their points, their orders, and the checkouts that those came from.
async fn keys(config: &Config, store: &EventStore, args: &ExportArgs) -> Outcome<Vec<AggregateKey>> {
    let (shop, customer) = (&args.shop, args.customer);
    let database = roles::open_database(config, roles::READ_MODELS).await?;
    let mut keys: Vec<_> =
        [AggregateKind::Customer, AggregateKind::Loyalty].map(|kind| AggregateKey::new(kind, shop, customer)).into();
    for order in orders_of(&database, args).await? {
        keys.extend(order_with_checkouts(store, shop, order).await?);
    }
    Ok(keys)
}

async fn orders_of(database: &Database, args: &ExportArgs) -> Outcome<BTreeSet<String>> {
    let mut found: BTreeSet<String> = args.orders.iter().map(ToString::to_string).collect();
    let filter = OrderFilter { customer_id: Some(args.customer), ..OrderFilter::default() };
    let mut after = None;
    loop {
        let page = PageRequest { limit: PAGE, after };
        let Listed { data, next_cursor } =
            orders::list(database, &args.shop, &filter, page).await.or_exit(Exit::Unavailable)?;
        found.extend(data.into_iter().map(|order| order.view.head.id));
        let Some(cursor) = next_cursor else { return Ok(found) };
        after = Some(cursor.parse().or_exit(Exit::Failed)?);
    }
}
