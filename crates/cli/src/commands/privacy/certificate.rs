//! Proof that somebody was forgotten.

use std::path::{Path, PathBuf};

use events::{
    AggregateKey, AggregateKind, CustomerEvent, CustomerId, Event, OrderId, Recorded, Shop, ShopEvent, Timestamp,
};
use privacy::{Certificate, Erasure};
use streams::{Durability, EventStore};

use crate::cli::Common;
use crate::commands::events::filter::shop;
use crate::commands::instance;
use crate::config::Config;
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Args)]
pub(crate) struct CertificateArgs {
    #[arg(long, value_parser = shop, required_unless_present_any = ["verify", "public_key"])]
    shop: Option<Shop>,
    /// Of this customer; without it, of the whole shop.
    #[arg(long, value_name = "ID", requires = "shop")]
    customer: Option<CustomerId>,
    /// Checks one that was printed before, instead of making one.
    #[arg(long, value_name = "PATH", conflicts_with = "shop")]
    verify: Option<PathBuf>,
    /// With --verify: the key that must have signed it [default: this house's own]. Alone: prints the house's own.
    #[arg(long, value_name = "BASE64", num_args = 0..=1, default_missing_value = "", conflicts_with = "shop")]
    public_key: Option<String>,
}

pub(super) async fn run(common: &Common, config: &Config, args: &CertificateArgs) -> Outcome {
    let given = args.public_key.clone().filter(|key| !key.is_empty());
    match (&args.verify, &args.shop) {
        (Some(path), _) => {
            let key = match given {
                Some(key) => key,
                None => own_key(config).await?,
            };
            verify(common, path, &key)
        }
        (None, Some(shop)) => Ok(output::json(&certify(common, config, shop, args.customer).await?)?),
        (None, None) => Ok(output::line(own_key(config).await?)?),
    }
}

async fn own_key(config: &Config) -> Outcome<String> {
    roles::open_vault(config).await?.public_key().await.or_exit(Exit::Precondition)
}

fn verify(common: &Common, path: &Path, key: &str) -> Outcome {
    let doing = |e: Failure| e.context(path.display());
    let text = std::fs::read_to_string(path).or_exit(Exit::Precondition).map_err(doing)?;
    let certificate: Certificate = serde_json::from_str(&text).or_exit(Exit::Mismatch).map_err(doing)?;
    certificate.verify(key).or_exit(Exit::Mismatch).map_err(doing)?;
    let Erasure { shop, of, redacted_at, .. } = &certificate.erasure;
    match common.output {
        Format::Json => output::json(&certificate.erasure)?,
        Format::Table => output::line(format!("genuine: {of} of {shop} was forgotten at {redacted_at:.0}"))?,
    }
    Ok(())
}

/// The log says that it is done, and the keys say so too.
async fn certify(common: &Common, config: &Config, shop: &Shop, customer: Option<CustomerId>) -> Outcome<Certificate> {
    let broker = roles::connect(&instance::nats_url(common)?, "privacy", Durability::Unknown).await?;
    let vault = roles::open_vault(config).await?;
    let key = match customer {
        Some(customer) => AggregateKey::new(AggregateKind::Customer, shop, customer),
        None => AggregateKey::new(AggregateKind::Shop, shop, shop),
    };
    let events = EventStore::with_capacity(&broker, 0).events(&key).await.or_exit(Exit::Unavailable)?;
    let Some((requested_at, orders, done)) = last(&events) else {
        let failure = Failure::new(Exit::Precondition, format!("the log does not say that {key} is forgotten"));
        return Err(failure.hint("`tillstream privacy requests` says what is open"));
    };
    let destroyed = match customer {
        Some(_) => vault.is_forgotten(&key).await,
        None => vault.emptied_at(shop).await.map(|at| at.is_some()),
    };
    if !destroyed.or_exit(Exit::Unavailable)? {
        let message = format!("the keys of {key} are there, although the log says that they are destroyed");
        return Err(Failure::new(Exit::Mismatch, message));
    }
    let of = customer.map_or_else(|| "shop".to_owned(), |id| format!("customer/{id}"));
    let (redacted_at, position, event_id) = (done.recorded_at, done.position, done.envelope.id.to_string());
    let erasure = Erasure { shop: shop.clone(), of, orders, requested_at, redacted_at, position, event_id };
    vault.certify(erasure).await.or_exit(Exit::Unavailable)
}

/// None while something that was asked for is not done.
fn last(events: &[Recorded<Event>]) -> Option<(Timestamp, Vec<OrderId>, &Recorded<Event>)> {
    let asked_or_done = events.iter().rev().find_map(|recorded| match &recorded.event {
        Event::Customer(CustomerEvent::Redacted(done)) => Some(Some((done.at, done.orders.clone(), recorded))),
        Event::Shop(ShopEvent::Redacted(done)) => Some(Some((done.at, Vec::new(), recorded))),
        Event::Customer(CustomerEvent::RedactionRequested(_)) | Event::Shop(ShopEvent::RedactionRequested(_)) => {
            Some(None)
        }
        _ => None,
    });
    asked_or_done.flatten()
}
