//! `tillstream quarantine`: what could not be recorded, and a second try at it.

use std::sync::Arc;

use db::Database;
use events::{Shop, subject};
use privacy::Vault;
use recorder::{Firsts, Outcome as Recorded, Recorder};
use serde_json::{Value, json};
use shopify::{WebhookHeaders, parse_block};
use streams::{Broker, Durability, EventStore, Quarantine, Quarantined};

use super::events::filter::shop;
use super::instance;
use crate::cli::Common;
use crate::config::{KnownShop, load};
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

const MOST: usize = 100_000;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum QuarantineCommand {
    /// Lists what is open, oldest first.
    Ls {
        #[command(flatten)]
        filter: Filter,
        /// Also what was retried and is settled.
        #[arg(long)]
        all: bool,
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// One delivery: where it came from, why it is here, its headers.
    Show {
        /// Its number in the list.
        #[arg(value_parser = clap::value_parser!(u64).range(1..))]
        number: u64,
        /// Its body too, which may be personal.
        #[arg(long)]
        body: bool,
    },
    /// Reads deliveries again, and records what can be recorded now.
    Retry(RetryArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Filter {
    /// The shop's myshopify.com name, with or without the suffix.
    #[arg(long, value_parser = shop)]
    shop: Option<Shop>,
    /// What they are here for, such as unknown_topic.
    #[arg(id = "token", long = "for", value_name = "TOKEN")]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RetryArgs {
    /// Their numbers in the list; all that are open when none is given.
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    numbers: Vec<u64>,
    #[command(flatten)]
    filter: Filter,
    /// Why, for those who look later.
    #[arg(long, required_unless_present = "dry_run", value_name = "WORDS")]
    reason: Option<String>,
    /// Only says what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Even bodies that were another shop's, or another topic's, before.
    #[arg(long, requires = "numbers")]
    force: bool,
}

pub(crate) async fn run(common: &Common, command: &QuarantineCommand) -> Outcome {
    let broker = roles::connect(&instance::nats_url(common)?, "quarantine", Durability::Unknown).await?;
    let quarantine = Quarantine::new(&broker);
    match command {
        QuarantineCommand::Ls { filter, all, limit } => {
            let items = filter.items(&quarantine, *all, *limit as usize).await?;
            match common.output {
                Format::Json => output::json(&items.iter().map(row).collect::<Vec<_>>())?,
                Format::Table => output::table(HEADER, items.iter().map(cells))?,
            }
            Ok(())
        }
        QuarantineCommand::Show { number, body } => {
            let keys = if *body { Some(vault(common).await?) } else { None };
            let bodies = keys.map(|keys| keys.for_bodies()).unwrap_or_default();
            show(common, &quarantine.sealed_by(bodies), *number, *body).await
        }
        QuarantineCommand::Retry(args) => retry(common, &broker, &quarantine, args).await,
    }
}

async fn vault(common: &Common) -> Outcome<Vault> {
    roles::open_vault(&load(common.config.as_deref(), &common.flags(None))?.config).await
}

impl Filter {
    async fn items(&self, quarantine: &Quarantine, all: bool, limit: usize) -> Outcome<Vec<Quarantined>> {
        let mut items = quarantine.list(self.shop.as_ref(), all, MOST).await.map_err(roles::explain)?;
        items.retain(|item| self.reason.as_ref().is_none_or(|reason| *reason == item.reason));
        items.truncate(limit);
        Ok(items)
    }
}

async fn show(common: &Common, quarantine: &Quarantine, number: u64, body: bool) -> Outcome {
    let item = quarantine.get(number).await.map_err(roles::explain)?.ok_or_else(|| none(number))?;
    let mut row = row(&item);
    row["headers"] = headers(&item);
    if body {
        row["body"] = body_of(&item).into();
    }
    match common.output {
        Format::Json => output::json(&row)?,
        Format::Table => output::text(&page(&row))?,
    }
    Ok(())
}

async fn retry(common: &Common, broker: &Broker, quarantine: &Quarantine, args: &RetryArgs) -> Outcome {
    let vault = vault(common).await?;
    let quarantine = &quarantine.clone().sealed_by(vault.for_bodies());
    let mut items = args.filter.items(quarantine, false, MOST).await?;
    if let Some(gone) = args.numbers.iter().find(|number| !items.iter().any(|item| item.sequence == **number)) {
        return Err(none(*gone).hint("`tillstream quarantine ls` lists what is open"));
    }
    items.retain(|item| args.numbers.is_empty() || args.numbers.contains(&item.sequence));
    let loaded = load(common.config.as_deref(), &common.flags(None))?;
    let shops = loaded.shops()?;
    let journal: Database = roles::open_database(&loaded.config, roles::JOURNAL).await?;
    let names = shops.iter().map(|known| known.shop.clone());
    let store = EventStore::new(broker).sealed_by(Arc::new(vault.clone()));
    let recorder = Recorder::new(store, quarantine.clone(), names).opened_by(vault);
    let recorder = recorder.guarded_by(Firsts::read(journal).await?);
    let why = args.reason.as_deref().unwrap_or_default();
    let (mut told, mut left) = (Vec::new(), 0);
    for item in items {
        let item = claimed(item, &shops);
        let done = if args.dry_run {
            recorder.would_release(&item, args.force).await
        } else {
            recorder.release(&item, why, args.force).await
        };
        let outcome = done.or_exit(Exit::Unavailable)?;
        left += usize::from(matches!(outcome, Recorded::Quarantined(_)));
        told.push((item, outcome));
    }
    print(common, &told, args.dry_run)?;
    match left {
        0 => Ok(()),
        left => Err(Failure::new(Exit::Failed, format!("{left} of {} still cannot be recorded", told.len()))),
    }
}

/// A delivery that came in for no shop of ours is its shop's once that is configured, and has signed it.
fn claimed(mut item: Quarantined, shops: &[KnownShop]) -> Quarantined {
    let delivery = &item.delivery;
    if item.shop.is_none()
        && let Ok(headers) = parse_block(&delivery.headers)
        && let webhook = WebhookHeaders::read(&headers)
        && let Some(shop) = webhook.shop_domain.and_then(|domain| Shop::from_domain(domain).ok())
        && let Some(keys) = shops.iter().find(|known| known.shop == shop).and_then(|known| known.keys().ok())
        && webhook.hmac.is_some_and(|signature| shopify::verify(&delivery.body, signature, &keys.secrets))
    {
        item.delivery.subject = subject::inbox(Some(&shop), webhook.topic.unwrap_or_default());
    }
    item
}

fn print(common: &Common, told: &[(Quarantined, Recorded)], dry_run: bool) -> std::io::Result<()> {
    let word = |outcome: &Recorded| match outcome {
        Recorded::Recorded if dry_run => "can be recorded".to_owned(),
        other => other.to_string(),
    };
    let row = |(item, outcome): &(Quarantined, Recorded)| {
        let mut row = row(item);
        row["outcome"] = word(outcome).into();
        row
    };
    match common.output {
        Format::Json => output::json(&told.iter().map(row).collect::<Vec<_>>()),
        Format::Table => {
            let cells = told.iter().map(|told| {
                let [number, _, shop, reason, inbox, topic, _] = cells(&told.0);
                [number, shop, reason, inbox, topic, word(&told.1)]
            });
            output::table(["NUMBER", "SHOP", "REASON", "INBOX", "TOPIC", "OUTCOME"], cells)
        }
    }
}

const HEADER: [&str; 7] = ["NUMBER", "SINCE", "SHOP", "REASON", "INBOX", "TOPIC", "SETTLED"];

fn cells(item: &Quarantined) -> [String; 7] {
    let row = row(item);
    let text = |field: &str| row[field].as_str().unwrap_or("-").to_owned();
    let settled = item.settled.as_ref().map_or_else(String::new, |settled| settled.outcome.clone());
    [
        item.sequence.to_string(),
        format!("{:.0}", item.at),
        text("shop"),
        item.reason.clone(),
        item.delivery.sequence.to_string(),
        text("topic"),
        settled,
    ]
}

fn row(item: &Quarantined) -> Value {
    let block = parse_block(&item.delivery.headers).unwrap_or_default();
    let headers = WebhookHeaders::read(&block);
    json!({
        "number": item.sequence,
        "since": item.at,
        "shop": item.shop,
        "reason": item.reason,
        "inbox_sequence": item.delivery.sequence,
        "received_at": item.delivery.received_at,
        "topic": headers.topic,
        "webhook_id": headers.webhook_id,
        "event_id": headers.event_id,
        "api_version": headers.api_version,
        // Not known of what was not opened.
        "bytes": Some(item.delivery.body.len()).filter(|_| item.delivery.seal.is_none() || !item.delivery.body.is_empty()),
        "settled": item.settled,
    })
}

/// As they came, but for the signature: with its body it is all that is needed to send it again.
fn headers(item: &Quarantined) -> Value {
    let block = parse_block(&item.delivery.headers).unwrap_or_default();
    let shown = block.iter().filter(|(name, _)| !name.as_str().contains("hmac"));
    let shown = shown.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    shown.collect::<Vec<_>>().into()
}

fn body_of(item: &Quarantined) -> Option<String> {
    (!item.delivery.forgotten).then(|| String::from_utf8_lossy(&item.delivery.body).into_owned())
}

/// For a person: nothing from outside may steer the terminal.
fn page(row: &Value) -> String {
    let Value::Object(fields) = row else { return String::new() };
    let mut page = String::new();
    for (name, value) in fields.iter().filter(|(name, _)| !["headers", "body"].contains(&name.as_str())) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        page += &format!("{name:<15} {}\n", harmless(&value));
    }
    for header in row["headers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        page += &format!("\n{}", harmless(header));
    }
    page += "\n";
    if let Some(body) = row["body"].as_str() {
        page += &format!("\n{}\n", harmless(body));
    }
    page
}

/// Control characters, and those that turn the direction of text, as escapes.
fn harmless(text: &str) -> String {
    let hostile = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hostile(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

fn none(number: u64) -> Failure {
    Failure::new(Exit::Precondition, format!("there is no open delivery {number} in quarantine"))
}
