//! All that is held of a customer, to be handed to them.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use events::{CustomerId, DataRequestId, OrderId, Shop, Timestamp};
use query::{Asked, Report, Sources};
use streams::{Durability, EventStore};

use crate::cli::Common;
use crate::commands::instance;
use crate::config::Config;
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    #[arg(long, value_parser = crate::commands::events::filter::shop)]
    shop: Shop,
    #[arg(long, value_name = "ID", required_unless_present = "request")]
    customer: Option<CustomerId>,
    /// What this request asks for, also when it was handed over before; from then on it is.
    #[arg(long, value_name = "ID", conflicts_with = "customer")]
    request: Option<DataRequestId>,
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

pub(super) async fn run(common: &Common, config: &Config, args: &ExportArgs) -> Outcome {
    let ExportArgs { shop, file, reason, .. } = args;
    let broker = roles::connect(&instance::nats_url(common)?, "privacy", Durability::Unknown).await?;
    let vault = &roles::open_vault(config).await?;
    let database = &roles::open_database(config, roles::READ_MODELS).await?;
    let events = &EventStore::with_capacity(&broker, 0);
    let asked = match args.request {
        Some(id) => Some(find(&query::asked(database, vault, shop).await.or_exit(Exit::Unavailable)?, id)?),
        None => None,
    };
    let customer = args.customer.or_else(|| asked.as_ref()?.customer_id());
    let customer = customer.ok_or_else(|| Failure::new(Exit::Precondition, "the request names no customer"))?;
    let mut orders = args.orders.clone();
    orders.extend(asked.iter().flat_map(|asked| &asked.request.view.orders));
    let report = Report::make(Sources { database, events, vault }, shop, customer, &orders).await;
    let report = report.or_exit(Exit::Unavailable)?;
    write(file, &serde_json::to_vec_pretty(&report)?)?;
    if let Some(view) = asked.map(|asked| asked.request.view) {
        vault.hand_over(shop, &view.of, view.id, Timestamp::now()).await.or_exit(Exit::Unavailable)?;
    }
    output::note(&format!("because: {reason}"));
    let events = report.events();
    match common.output {
        Format::Json => output::json(&serde_json::json!({ "file": file, "events": events }))?,
        Format::Table => output::line(format!("{events} events in {}", file.display()))?,
    }
    Ok(())
}

fn find(asked: &[Asked], id: DataRequestId) -> Outcome<Asked> {
    let found = asked.iter().find(|asked| asked.request.view.id == id).cloned();
    let missing = || Failure::new(Exit::Precondition, format!("there is no data request {id}"));
    found.ok_or_else(|| missing().hint("`tillstream privacy requests` lists them"))
}

fn write(path: &PathBuf, report: &[u8]) -> Outcome {
    let doing = |e: Failure| e.context(path.display());
    let new = File::options().write(true).create_new(true).mode(0o600).open(path);
    let mut new = new.or_exit(Exit::Precondition).map_err(doing)?;
    new.write_all(report).and_then(|()| new.sync_all()).or_exit(Exit::Failed).map_err(doing)
}
