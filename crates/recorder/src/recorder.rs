use std::collections::{BTreeSet, HashSet};

use aggregates::Command;
use events::{AggregateKey, Shop};
use privacy::Vault;
use streams::{AppendError, Cause, EventStore, Failure, Quarantine, Quarantined, Raw, Settlement, Subscriber, traces};
use tracing::Instrument;

use crate::decide::decide;
use crate::journal::{Firsts, Standing};
use crate::outcome::{self, Outcome, Reason};
use crate::webhook::{FORGOTTEN, Meaning, Webhook};

/// A body that was seen under another shop before.
const OTHER_SHOP: &str = "other_shop";
/// A body that was seen under the topic of another resource before.
const OTHER_TOPIC: &str = "other_topic";

/// Records what the deliveries to known shops say.
pub struct Recorder {
    store: EventStore,
    quarantine: Quarantine,
    shops: HashSet<Shop>,
    firsts: Option<Firsts>,
    vault: Option<Vault>,
}

impl Recorder {
    pub fn new(store: EventStore, quarantine: Quarantine, shops: impl IntoIterator<Item = Shop>) -> Self {
        Self { store, quarantine, shops: shops.into_iter().collect(), firsts: None, vault: None }
    }

    /// Opens bodies that are sealed, and forgets those of somebody who is forgotten; without it, all must be clear.
    pub fn opened_by(self, vault: Vault) -> Self {
        Self { vault: Some(vault), ..self }
    }

    /// Asks the journal about every body before it is believed; without one, every body is the first.
    pub fn guarded_by(self, firsts: Firsts) -> Self {
        Self { firsts: Some(firsts), ..self }
    }

    /// Records a delivery from quarantine as if it had just come, under its own cause: what was recorded
    /// of it before is not recorded again. Then it is marked as settled; one that still cannot be recorded
    /// stays where it is. `force`: even a body that was another shop's or topic's before.
    pub async fn release(&self, item: &Quarantined, why: &str, force: bool) -> Result<Outcome, Failure> {
        let webhook = Webhook::from(item.delivery.clone());
        let outcome = self.retry(&webhook, force).await?;
        if !matches!(outcome, Outcome::Quarantined(_)) {
            let settlement = Settlement { outcome: outcome.to_string(), why: why.to_owned() };
            self.quarantine.settle(item, &settlement).await.map_err(Failure::unavailable)?;
        }
        Ok(outcome)
    }

    async fn retry(&self, webhook: &Webhook, force: bool) -> Result<Outcome, Failure> {
        match (self.verdict(webhook).await?, &webhook.meaning, &webhook.shop) {
            (Verdict::Record(standing), Meaning::Commands(commands), Some(shop)) => {
                self.record(webhook, shop, commands, standing).await
            }
            (Verdict::Quarantine(OTHER_SHOP | OTHER_TOPIC, _), Meaning::Commands(commands), Some(shop)) if force => {
                self.record(webhook, shop, commands, Standing::First).await
            }
            (verdict, ..) => Ok(verdict.outcome()),
        }
    }

    /// What [`Self::release`] would come to; `Recorded` stands for all that can be recorded.
    pub async fn would_release(&self, item: &Quarantined, force: bool) -> Result<Outcome, Failure> {
        Ok(match self.verdict(&Webhook::from(item.delivery.clone())).await?.outcome() {
            Outcome::Quarantined(OTHER_SHOP | OTHER_TOPIC) if force => Outcome::Recorded,
            outcome => outcome,
        })
    }

    async fn settle(&self, webhook: &Webhook) -> Result<Outcome, Failure> {
        match (self.verdict(webhook).await?, &webhook.meaning, &webhook.shop) {
            (Verdict::Quarantine(reason, words), _, shop) => {
                let shop = shop.as_ref().filter(|shop| self.shops.contains(shop));
                self.quarantine.put(shop, reason, &webhook.delivery).await.map_err(not_kept)?;
                tracing::warn!(reason, words, "quarantined");
                Ok(Outcome::Quarantined(reason))
            }
            (Verdict::Record(standing), Meaning::Commands(commands), Some(shop)) => {
                self.record(webhook, shop, commands, standing).await
            }
            (verdict, ..) => Ok(verdict.outcome()),
        }
    }

    async fn verdict<'a>(&self, webhook: &'a Webhook) -> Result<Verdict<'a>, Failure> {
        let ours = webhook.shop.as_ref().is_some_and(|shop| self.shops.contains(shop));
        Ok(match &webhook.meaning {
            Meaning::Kept(FORGOTTEN) => Verdict::Keep(FORGOTTEN),
            Meaning::Unreadable(reason, words) => Verdict::Quarantine(reason, words),
            _ if !ours => Verdict::Quarantine("unknown_shop", "no shop of ours"),
            Meaning::Kept(reason) => Verdict::Keep(reason),
            Meaning::Commands(_) => match self.standing(webhook).await? {
                Standing::OtherShop => Verdict::Quarantine(OTHER_SHOP, "the body was another shop's before"),
                Standing::OtherTopic => Verdict::Quarantine(OTHER_TOPIC, "the body was another topic's before"),
                standing => Verdict::Record(standing),
            },
        })
    }

    async fn standing(&self, webhook: &Webhook) -> Result<Standing, Failure> {
        match &self.firsts {
            Some(firsts) => firsts.standing(&webhook.delivery).await,
            None => Ok(Standing::First),
        }
    }

    async fn record(
        &self,
        webhook: &Webhook,
        shop: &Shop,
        commands: &[Command],
        standing: Standing,
    ) -> Result<Outcome, Failure> {
        let cause = Cause {
            id: Cause::inbox_id(webhook.delivery.sequence),
            correlation_id: webhook.correlation_id.clone(),
            trace_parent: traces::present().or_else(|| webhook.delivery.trace_parent.clone()),
        };
        let (mut appended, mut stale) = (0, false);
        for command in commands {
            let told = decide(&self.store, &command.key(shop), command.clone(), &cause).await?;
            appended += told.appended;
            stale |= told.stale;
        }
        self.fence(webhook, shop, commands).await?;
        Ok(if appended > 0 { Outcome::Recorded } else { Outcome::Dropped(reason(standing, stale)) })
    }
}

impl Recorder {
    /// What comes late of somebody who is forgotten is recorded without their words, so its body must go too.
    async fn fence(&self, webhook: &Webhook, shop: &Shop, commands: &[Command]) -> Result<(), Failure> {
        let (Some(vault), Some(seal)) = (&self.vault, &webhook.delivery.seal) else { return Ok(()) };
        let told_of = |mut command: Command| command.personal(shop).into_iter().map(|piece| piece.subject).collect();
        let people: BTreeSet<AggregateKey> = commands.iter().cloned().flat_map::<Vec<_>, _>(told_of).collect();
        for person in &people {
            if vault.is_forgotten(person).await.map_err(Failure::unavailable)? {
                let body = vault.forget_bodies(std::slice::from_ref(seal)).await;
                return body.map(drop).map_err(Failure::unavailable);
            }
        }
        Ok(())
    }
}

/// What is to be done with a delivery.
enum Verdict<'a> {
    Record(Standing),
    Keep(&'static str),
    /// With words for the log.
    Quarantine(&'static str, &'a str),
}

impl Verdict<'_> {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Record(_) => Outcome::Recorded,
            Self::Keep(reason) => Outcome::Kept(reason),
            Self::Quarantine(reason, _) => Outcome::Quarantined(reason),
        }
    }
}

/// Why a delivery that leads to no event does not.
pub(crate) fn reason(standing: Standing, stale: bool) -> Reason {
    match standing {
        Standing::Repeated => Reason::RepeatedDelivery,
        Standing::Known => Reason::AlreadyRecorded,
        _ if stale => Reason::Stale,
        _ => Reason::Unchanged,
    }
}

impl Subscriber for Recorder {
    const NAME: &'static str = "recorder";
    /// Of two deliveries of one resource the newer word stays, whichever is recorded first.
    const SHARED: bool = true;
    type Message = Webhook;

    async fn open(&self, raw: Raw) -> Result<Raw, Failure> {
        let bodies = self.vault.as_ref().map(Vault::for_bodies).unwrap_or_default();
        bodies.open(raw).await.map_err(Failure::unavailable)
    }

    async fn handle(&self, webhook: &Webhook) -> Result<(), Failure> {
        let (topic, shop) = (webhook.topic, webhook.shop.as_ref().map_or("", Shop::as_str));
        let span =
            tracing::info_span!(target: traces::TARGET, "record", sequence = webhook.delivery.sequence, shop, topic);
        let outcome = self.settle(webhook).instrument(span).await?;
        outcome.count(topic);
        outcome::measure_lag(webhook.delivery.received_at);
        outcome::count_version(webhook.version);
        Ok(())
    }
}

fn not_kept(error: AppendError) -> Failure {
    match error {
        AppendError::TooLarge { .. } | AppendError::Refused { .. } => Failure::reject(error),
        AppendError::Full
        | AppendError::Denied { .. }
        | AppendError::Unavailable(_)
        | AppendError::Unconfirmed
        | AppendError::Unsealed(_) => Failure::unavailable(error),
    }
}
