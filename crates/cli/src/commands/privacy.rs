//! `tillstream privacy`: who is to be forgotten, and whether it is done.

mod certificate;
mod export;
mod requests;

use aggregates::{Customer, CustomerCommand};
use events::{AggregateKey, AggregateKind, CustomerId, OrderId, Shop, Timestamp};
use serde::Serialize;
use streams::{Cause, Durability, EventStore};

use super::events::filter::shop;
use super::instance;
use super::keys::line;
use crate::cli::Common;
use crate::config::{Config, load};
use crate::failure::{Exit, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum PrivacyCommand {
    /// Who is to be forgotten or told what is held of them, by when, and since when it is done.
    Requests(requests::RequestsArgs),
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
        /// Kept with the request, for ever: a number of a ticket, never a name or an address.
        #[arg(long, value_parser = line)]
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
        PrivacyCommand::Requests(args) => requests::run(common, &config, args).await,
        PrivacyCommand::Certificate(args) => certificate::run(common, &config, args).await,
        PrivacyCommand::Export(args) => export::run(common, &config, args).await,
        PrivacyCommand::Keys(KeysCommand::Rotate { reason, dry_run }) => {
            rotate(common, &config, reason, *dry_run).await
        }
        PrivacyCommand::Redact { shop, customer, orders, reason, dry_run } => {
            let key = AggregateKey::new(AggregateKind::Customer, shop, customer);
            if !dry_run {
                redact(common, &key, orders.clone(), reason.clone()).await?;
                output::note(&format!("because: {reason}"));
            }
            told(common, &key, *dry_run)
        }
    }
}

/// Through the log, so that it is done, recorded and done again after a restore like any other request.
async fn redact(common: &Common, key: &AggregateKey, orders: Vec<OrderId>, reason: String) -> Outcome {
    let broker = roles::connect(&instance::nats_url(common)?, "privacy", Durability::Unknown).await?;
    let at = Timestamp::now();
    let id = format!("operator:{key}:{}", at.as_microsecond());
    let cause = Cause { correlation_id: id.clone(), id, trace_parent: None };
    let command = CustomerCommand::RequestRedaction { at, orders, reason: Some(reason) };
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
