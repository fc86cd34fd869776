//! `tillstream privacy`: who is to be forgotten, and whether it is done.

mod certificate;
mod export;

use aggregates::{Customer, CustomerCommand};
use events::{AggregateKey, AggregateKind, CustomerId, OrderId, Shop, Timestamp};
use projections::Found;
use projections::redactions::{self, Due, Redaction};
use serde::Serialize;
use streams::{Cause, Durability, EventStore};

use super::events::filter::shop;
use super::instance;
use crate::cli::Common;
use crate::config::{Config, load};
use crate::failure::{Exit, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum PrivacyCommand {
    /// Who is to be forgotten, by when, and since when it is done.
    Requests {
        /// Of this shop only.
        #[arg(long, value_parser = shop)]
        shop: Option<Shop>,
        /// Only what is not done yet.
        #[arg(long)]
        open: bool,
    },
    /// Writes all that is held of a customer into a file, as Shopify's customers/data_request asks for.
    Export(export::ExportArgs),
    /// Proof that somebody was forgotten, signed and without personal data.
    Certificate(certificate::CertificateArgs),
    /// The keys themselves.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Asks for a customer to be forgotten, as Shopify's customers/redact does. It cannot be undone.
    Redact {
        #[arg(long, value_parser = shop)]
        shop: Shop,
        #[arg(long, value_name = "ID")]
        customer: CustomerId,
        /// Orders that they placed as a guest; repeat it, or separate them with commas.
        #[arg(long = "order", value_name = "ID", value_delimiter = ',')]
        orders: Vec<OrderId>,
        /// For the log of this command; it is kept nowhere else, for it may name somebody.
        #[arg(long)]
        reason: String,
        /// Only says what would be done.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum KeysCommand {
    /// Wraps the keys anew that privacy.previous wraps, by privacy.kek. It can be ended and run again.
    Rotate {
        /// For the log of this command.
        #[arg(long)]
        reason: String,
        /// Only says what would be done.
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) async fn run(common: &Common, command: &PrivacyCommand) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    match command {
        PrivacyCommand::Requests { shop, open } => requests(common, &config, shop.as_ref(), *open).await,
        PrivacyCommand::Certificate(args) => certificate::run(common, &config, args).await,
        PrivacyCommand::Export(args) => export::run(common, &config, args).await,
        PrivacyCommand::Keys(KeysCommand::Rotate { reason, dry_run }) => {
            rotate(common, &config, reason, *dry_run).await
        }
        PrivacyCommand::Redact { shop, customer, orders, reason, dry_run } => {
            let key = AggregateKey::new(AggregateKind::Customer, shop, customer);
            if !dry_run {
                redact(common, &key, orders.clone()).await?;
                output::note(&format!("because: {reason}"));
            }
            told(common, &key, *dry_run)
        }
    }
}

#[derive(Serialize)]
struct Row {
    shop: Shop,
    #[serde(flatten)]
    found: Found<Redaction>,
    state: Due,
}

async fn requests(common: &Common, config: &Config, shop: Option<&Shop>, open: bool) -> Outcome {
    let database = roles::open_database(config, roles::READ_MODELS).await?;
    let configured = config.shops.iter().map(|known| &known.domain);
    let (mut rows, now) = (Vec::new(), Timestamp::now());
    for shop in shop.map_or_else(|| configured.collect::<Vec<_>>(), |shop| vec![shop]) {
        let found = redactions::list(&database, shop).await.or_exit(Exit::Unavailable)?;
        let found = found.into_iter().filter(|found| !open || found.view.redacted_at.is_none());
        rows.extend(found.map(|found| Row { shop: shop.clone(), state: found.view.due(now), found }));
    }
    if common.output == Format::Json {
        return Ok(output::json(&rows)?);
    }
    let cells = |Row { shop, found: Found { view, .. }, state }: &Row| {
        let done = match (view.redacted_at, state) {
            (Some(at), _) => format!("{at:.0}"),
            (None, Due::Overdue) => output::alarmed("overdue", true),
            (None, Due::Near) => output::alarmed(&format!("{} days left", days(view.due_at, now)), true),
            (None, _) => format!("{} days left", days(view.due_at, now)),
        };
        let [asked, due] = [view.requested_at, view.due_at].map(|at| format!("{at:.0}"));
        [shop.to_string(), view.of.clone(), view.orders.len().to_string(), asked, due, done]
    };
    Ok(output::table(["SHOP", "WHO", "ORDERS", "ASKED", "DUE", "DONE"], rows.iter().map(cells))?)
}

/// Whole ones.
fn days(until: Timestamp, now: Timestamp) -> i64 {
    until.duration_since(now).as_hours() / 24
}

/// Through the log, so that it is done, recorded and done again after a restore like any other request.
async fn redact(common: &Common, key: &AggregateKey, orders: Vec<OrderId>) -> Outcome {
    let broker = roles::connect(&instance::nats_url(common)?, "privacy", Durability::Unknown).await?;
    let at = Timestamp::now();
    let id = format!("operator:{key}:{}", at.as_microsecond());
    let cause = Cause { correlation_id: id.clone(), id, trace_parent: None };
    let command = CustomerCommand::RequestRedaction { at, orders };
    let asked = EventStore::with_capacity(&broker, 1).execute::<Customer>(key, command, &cause).await;
    asked.map(drop).or_exit(Exit::Unavailable)
}

fn told(common: &Common, key: &AggregateKey, dry_run: bool) -> Outcome {
    #[derive(Serialize)]
    struct Told<'a> {
        shop: &'a Shop,
        customer: &'a str,
        asked: bool,
    }
    match common.output {
        Format::Json => output::json(&Told { shop: &key.shop, customer: &key.id, asked: !dry_run })?,
        Format::Table if dry_run => output::line(format!("would have {key} forgotten"))?,
        Format::Table => {
            output::line(format!("{key} is to be forgotten: `tillstream privacy requests` says when it is"))?
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Rotated {
    shop: Shop,
    keys: usize,
}

async fn rotate(common: &Common, config: &Config, reason: &str, dry_run: bool) -> Outcome {
    let shops = config.shops.iter().map(|known| known.domain.clone());
    if dry_run {
        let names = shops.map(|shop| shop.to_string()).collect::<Vec<_>>().join(", ");
        return Ok(output::line(format!("would wrap the keys of {names} by privacy.kek"))?);
    }
    let vault = roles::open_vault(config).await?;
    let mut rotated = Vec::new();
    for shop in shops {
        let mut told = |done: usize| output::note(&format!("{shop}: {done} keys"));
        let keys = vault.rotate(&shop, &mut told).await.or_exit(Exit::Precondition)?;
        rotated.push(Rotated { shop, keys });
    }
    let bodies = vault.rotate_bodies().await.or_exit(Exit::Precondition)?;
    output::note(&format!("bodies: {bodies} keys"));
    vault.rotate_signer().await.or_exit(Exit::Precondition)?;
    output::note(&format!("because: {reason}"));
    match common.output {
        Format::Json => output::json(&rotated)?,
        Format::Table => {
            let cells = rotated.iter().map(|row| [row.shop.to_string(), row.keys.to_string()]);
            output::table(["SHOP", "WRAPPED ANEW"], cells)?;
        }
    }
    Ok(())
}
