use aggregates::{Notification, NotificationCommand};
use events::{AggregateKey, AggregateKind, NotificationKey, Shop, Timestamp};
use jiff::SignedDuration;
use serde::Serialize;
use streams::{Cause, Durability, EventStore};

use crate::cli::Common;
use crate::commands::instance;
use crate::commands::keys::line;
use crate::config::load;
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

#[derive(Debug, clap::Args)]
pub(crate) struct ResendArgs {
    /// As `notify ls` shows it.
    key: NotificationKey,
    /// The shop's myshopify.com name, without the suffix.
    #[arg(long)]
    shop: Shop,
    /// Why; it is kept with the notification, for ever: never a name or an address.
    #[arg(long, value_parser = line)]
    reason: String,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Asked<'a> {
    key: &'a str,
    rule: &'a str,
    recipient: String,
    attempt: u32,
    dry_run: bool,
}

pub(super) async fn run(common: &Common, args: &ResendArgs) -> Outcome {
    let config = load(common.config.as_deref(), &common.flags(None))?.config;
    let broker = roles::connect(&instance::nats_url(common)?, "notify", Durability::Unknown).await?;
    let store = EventStore::with_capacity(&broker, 1);
    let key = AggregateKey::new(AggregateKind::Notification, &args.shop, &args.key);
    let known = store.load::<Notification>(&key, 0).await.or_exit(Exit::Unavailable)?.state;
    let nothing = || Failure::new(Exit::Precondition, format!("{key}: there is no such notification"));
    let notice = known.notice().ok_or_else(nothing)?;
    if known.pending().is_some() {
        let message = format!("attempt {} is still to be made", known.attempt());
        return Err(Failure::new(Exit::Precondition, message).hint("if it became a dead letter, redrive that"));
    }
    let attempt = known.attempt() + 1;
    if !args.dry_run {
        again(&store, &key, &known, config.notifications.expires_after, &args.reason).await?;
    }
    let (rule, recipient) = (&notice.rule, notice.recipient.to_string());
    match common.output {
        Format::Json => {
            output::json(&Asked { key: args.key.as_str(), rule, recipient, attempt, dry_run: args.dry_run })?;
        }
        Format::Table => {
            let word = if args.dry_run { "would ask" } else { "asked" };
            output::line(format!("{word} for attempt {attempt} of {rule} to {recipient}"))?;
        }
    }
    Ok(())
}

/// Asks for one more attempt; false when it had been asked for already.
pub(in crate::commands) async fn again(
    store: &EventStore,
    key: &AggregateKey,
    known: &Notification,
    expires_after: SignedDuration,
    reason: &str,
) -> Outcome<bool> {
    let (at, attempt) = (Timestamp::now(), known.attempt() + 1);
    let expires_at = at.checked_add(expires_after).unwrap_or(Timestamp::MAX);
    let command = NotificationCommand::Resend { at, attempt, expires_at, reason: reason.to_owned() };
    // The same words again are the same wish.
    let id = format!("resend:{}:{attempt}", key.id);
    let cause = Cause { correlation_id: id.clone(), id, trace_parent: None };
    let receipt = store.execute::<Notification>(key, command, &cause).await.or_exit(Exit::Failed)?;
    Ok(receipt.appended > 0)
}
