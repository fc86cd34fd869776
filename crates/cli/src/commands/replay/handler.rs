//! A handler that hears the past.

use std::time::Duration;

use aggregates::Notification;
use events::{Event, NotificationEvent, Recorded, subject};
use handlers::checkouts::CheckoutsSettings;
use handlers::notifications::NotificationSettings;
use handlers::replay::{Replayed, database_of};
use serde::Serialize;
use serde_json::value::RawValue;
use streams::{Broker, EventStore, Failure as Refusal, FromDelivery, Raw, Rehearsal, WouldBe};

use super::{Effects, RunArgs};
use crate::commands::notify::again;
use crate::config::{Config, KnownShop};
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Handler {
    format: Format,
    act: Act,
    /// What it did, or would do.
    pub(super) effects: u64,
    /// Events that it will never handle.
    pub(super) rejected: u64,
}

enum Act {
    Rehearse(Box<Replayed>, Rehearsal),
    Handle(Box<Replayed>),
    /// Messages are asked for once more.
    Resend {
        store: Box<EventStore>,
        expires_after: jiff::SignedDuration,
        reason: String,
    },
}

#[derive(Serialize)]
struct Shown<'a> {
    position: u64,
    #[serde(rename = "type")]
    kind: &'a str,
    would: Would<'a>,
}

#[derive(Serialize)]
struct Would<'a> {
    subject: &'a str,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    data: Option<&'a RawValue>,
}

impl Handler {
    pub(super) async fn open(
        format: Format,
        args: &RunArgs,
        name: &str,
        config: &Config,
        shops: &[KnownShop],
        broker: &Broker,
    ) -> Outcome<Self> {
        let effects = if args.dry_run { Effects::None } else { args.effects };
        let act = match effects {
            Effects::None => {
                let (rehearsing, rehearsal) = broker.rehearse();
                Act::Rehearse(Box::new(replayed(name, config, shops, &rehearsing, true).await?), rehearsal)
            }
            Effects::NewOnly => Act::Handle(Box::new(replayed(name, config, shops, broker, false).await?)),
            Effects::Force => Act::Resend {
                store: Box::new(EventStore::with_capacity(broker, 1)),
                expires_after: config.notifications.expires_after,
                reason: args.reason.clone().unwrap_or_default(),
            },
        };
        Ok(Self { format, act, effects: 0, rejected: 0 })
    }

    pub(super) async fn take(&mut self, raw: &Raw) -> Outcome {
        let event = match Recorded::<Event>::read(raw) {
            Ok(event) => event,
            Err(error) if error.is_unknown_type() => return Ok(()),
            Err(error) => {
                let failure = Failure::from(error).or_exit(Exit::Mismatch);
                return Err(failure.context(format!("event {}", raw.sequence())));
            }
        };
        match &mut self.act {
            Act::Resend { store, expires_after, reason } => {
                let Event::Notification(NotificationEvent::Requested(_)) = &event.event else { return Ok(()) };
                let key = &event.envelope.key;
                let known = store.load::<Notification>(key, 0).await.or_exit(Exit::Unavailable)?.state;
                // One that is still to be sent will be.
                if known.pending().is_none() && again(store, key, &known, *expires_after, reason).await? {
                    self.effects += 1;
                }
            }
            Act::Handle(handler) => self.rejected += hand(handler, &event).await?,
            Act::Rehearse(handler, rehearsal) => {
                self.rejected += hand(handler, &event).await?;
                for would in rehearsal.take() {
                    self.effects += 1;
                    show(self.format, &event, &would)?;
                }
            }
        }
        Ok(())
    }
}

/// How many it refused for good: 0 or 1. A failure that may pass is waited for, for a while.
async fn hand(handler: &Replayed, event: &Recorded<Event>) -> Outcome<u64> {
    let position = event.position;
    for attempt in 1..=TRIES {
        match handler.handle(event).await {
            Ok(()) => return Ok(0),
            Err(Refusal::Reject { reason }) => {
                tracing::warn!(position, reason, "refused");
                return Ok(1);
            }
            Err(Refusal::Retry { reason, after }) if attempt < TRIES => {
                tracing::warn!(position, reason, "to be tried again");
                tokio::time::sleep(after.unwrap_or(PAUSE * attempt)).await;
            }
            Err(Refusal::Retry { reason, .. } | Refusal::Unavailable { reason }) => {
                let failure = Failure::new(Exit::Unavailable, format!("event {position}: {reason}"));
                return Err(failure.hint("its own service must run: it keeps the copies that the handler looks into"));
            }
        }
    }
    Ok(0)
}

fn show(format: Format, event: &Recorded<Event>, would: &WouldBe) -> Outcome {
    let kind = would.wire_type.as_deref();
    if format == Format::Json {
        let data = serde_json::from_slice(&would.body).ok();
        let would = Would { subject: &would.subject, kind, data };
        return Ok(output::json_line(&Shown { position: event.position, kind: &event.envelope.wire_type, would })?);
    }
    let whose = subject::parse_event(&would.subject).map_or_else(|| would.subject.clone(), |key| key.to_string());
    let what = kind.unwrap_or("a timer");
    let line = format!("{}  {}  would: {what}  {whose}", event.position, event.envelope.wire_type);
    Ok(output::line(line)?)
}

async fn replayed(
    name: &str,
    config: &Config,
    shops: &[KnownShop],
    broker: &Broker,
    rehearse: bool,
) -> Outcome<Replayed> {
    let copies = match database_of(name) {
        Some(service) => Some(roles::open_database(config, service).await?),
        None => None,
    };
    Ok(match (name, copies) {
        ("allocate_stock", Some(copies)) => {
            Replayed::allocate_stock(broker, copies, roles::inventory_settings(config, shops)?)
        }
        ("request_notifications", Some(copies)) => {
            let settings = NotificationSettings { rehearse, ..roles::notification_settings(config, shops)? };
            let vault = roles::open_vault(config).await?;
            Replayed::request_notifications(broker, copies, vault, settings).await.or_exit(Exit::Precondition)?
        }
        ("send_notifications", Some(copies)) => {
            let settings = NotificationSettings { rehearse, ..roles::notification_settings(config, shops)? };
            let vault = roles::open_vault(config).await?;
            Replayed::send_notifications(broker, copies, vault, settings).await.or_exit(Exit::Precondition)?
        }
        ("award_points", _) => Replayed::award_points(broker, roles::loyalty_settings(config, shops)),
        ("schedule_points", _) => Replayed::schedule_points(broker, roles::loyalty_settings(config, shops)),
        ("watch_checkouts", _) => {
            let settings = CheckoutsSettings { abandoned_after: config.checkouts.abandoned_after };
            Replayed::watch_checkouts(broker, settings)
        }
        _ => return Err(Failure::new(Exit::Usage, format!("{name} cannot be given past events"))),
    })
}
