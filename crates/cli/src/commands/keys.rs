//! `tillstream keys`: who may read and command over HTTP.

use access::{KeyView, KeyWish, Scope, Scopes};
use events::{Shop, Timestamp};
use jiff::SignedDuration;
use serde::Serialize;

use super::events::filter::shop;
use crate::cli::Common;
use crate::config::{Config, load};
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum KeysCommand {
    /// Makes a key and shows it, once.
    Create {
        /// Whose shop it opens.
        #[arg(long, value_parser = shop)]
        shop: Shop,
        /// What it is for, to be told from others.
        #[arg(long, value_parser = line)]
        name: String,
        /// read, write, privacy (reports of all that is held of a customer), or several with commas.
        #[arg(long = "scope", value_delimiter = ',', default_value = "read")]
        scopes: Vec<Scope>,
        /// It ends by itself after this long ("90d").
        #[arg(long, value_name = "DURATION", value_parser = days)]
        expires: Option<SignedDuration>,
        /// Kept with the key.
        #[arg(long, value_parser = line)]
        reason: String,
        /// Only says what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// The keys there are, revoked ones too; never their secrets.
    Ls {
        /// Of this shop only.
        #[arg(long, value_parser = shop)]
        shop: Option<Shop>,
    },
    /// Takes a key's power, within seconds and for good.
    Revoke {
        /// The key's id.
        id: String,
        #[arg(long, value_parser = shop)]
        shop: Shop,
        /// Kept with the key.
        #[arg(long, value_parser = line)]
        reason: String,
        /// Only says what would be done.
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) async fn run(common: &Common, command: &KeysCommand) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    match command {
        KeysCommand::Create { shop, name, scopes, expires, reason, dry_run } => {
            refuse_unknown(&config, shop)?;
            let ends = expires.map(|after| Timestamp::now().checked_add(after)).transpose().or_exit(Exit::Usage)?;
            let scopes = Scopes::new(scopes.iter().copied());
            let wish = KeyWish { name: name.clone(), scopes, expires_at: ends, reason: reason.clone() };
            create(common, &config, shop, wish, *dry_run).await
        }
        KeysCommand::Ls { shop } => list(common, &config, shop.as_ref()).await,
        KeysCommand::Revoke { id, shop, reason, dry_run } => {
            revoke(common, &config, shop, id, (!dry_run).then_some(reason)).await
        }
    }
}

#[derive(Serialize)]
struct Created {
    shop: Shop,
    scopes: Scopes,
    /// None in a dry run.
    key: Option<String>,
}

async fn create(common: &Common, config: &Config, shop: &Shop, wish: KeyWish, dry_run: bool) -> Outcome {
    let scopes = wish.scopes.clone();
    let key = match dry_run {
        true => None,
        false => Some(roles::open_keys(config).await?.create(shop, wish).await?.reveal()),
    };
    match (common.output, &key) {
        (Format::Json, _) => output::json(&Created { shop: shop.clone(), scopes, key })?,
        (Format::Table, None) => output::line(format!("would make a key of {shop} with the scopes {scopes}"))?,
        (Format::Table, Some(key)) => {
            output::line(key)?;
            output::note("It is shown this once. Send it as `Authorization: Bearer <key>`.");
        }
    }
    Ok(())
}

async fn list(common: &Common, config: &Config, shop: Option<&Shop>) -> Outcome {
    let keys = roles::open_keys(config).await?;
    let mut found: Vec<KeyView> = Vec::new();
    let configured = config.shops.iter().map(|known| &known.domain);
    for shop in shop.map_or_else(|| configured.collect::<Vec<_>>(), |shop| vec![shop]) {
        found.extend(keys.list(shop).await?);
    }
    if common.output == Format::Json {
        return Ok(output::json(&found)?);
    }
    let time = |at: Option<Timestamp>| at.map_or_else(String::new, |at| format!("{at:.0}"));
    let cells = |key: &KeyView| {
        let row = &key.row;
        let scopes = row.scopes.to_string();
        let times = [Some(row.created_at), row.expires_at, row.revoked_at].map(time);
        let [created, expires, revoked] = times;
        [key.id.clone(), key.shop.to_string(), row.name.clone(), scopes, created, expires, revoked]
    };
    let header = ["KEY", "SHOP", "NAME", "SCOPES", "CREATED", "EXPIRES", "REVOKED"];
    Ok(output::table(header, found.iter().map(cells))?)
}

async fn revoke(common: &Common, config: &Config, shop: &Shop, id: &str, reason: Option<&String>) -> Outcome {
    let keys = roles::open_keys(config).await?;
    let found = match reason {
        Some(reason) => keys.revoke(shop, id, reason).await?,
        None => keys.get(shop, id).await?,
    };
    let missing = || Failure::new(Exit::Precondition, format!("{shop} has no such key")).hint("`keys ls` lists them");
    let key = found.ok_or_else(missing)?;
    match common.output {
        Format::Json => output::json(&key)?,
        Format::Table => {
            let word = if reason.is_some() { "revoked" } else { "would revoke" };
            output::line(format!("{word} {} ({})", key.id, key.row.name))?;
        }
    }
    Ok(())
}

/// A key of a shop that nobody configured would open nothing.
fn refuse_unknown(config: &Config, shop: &Shop) -> Outcome {
    if config.shops.iter().any(|known| known.domain == *shop) {
        return Ok(());
    }
    let failure = Failure::new(Exit::Precondition, format!("the shop {} is not configured", shop.domain()));
    Err(failure.hint("add it as [[shops]] to tillstream.toml"))
}

/// What is kept of an operator's words.
pub(super) fn line(text: &str) -> Result<String, String> {
    let text = text.trim();
    let fits = (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err("one line of 1 to 200 characters".to_owned()) }
}

/// Days have 24 hours here.
fn days(text: &str) -> Result<SignedDuration, String> {
    let hours =
        text.strip_suffix('d').and_then(|days| days.trim().parse::<i64>().ok()).map(|days| days.checked_mul(24));
    let span = match hours {
        Some(hours) => hours.and_then(SignedDuration::try_from_hours),
        None => text.parse().ok(),
    };
    span.filter(SignedDuration::is_positive).ok_or_else(|| "a duration such as 90d or 12h".to_owned())
}
