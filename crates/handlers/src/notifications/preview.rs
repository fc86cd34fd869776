use aggregates::End;
use db::Database;
use events::{AggregateKey, AggregateKind, Channel, Event, Notice, NotificationKey, Recorded};
use privacy::Vault;
use serde::Serialize;
use streams::{Broker, Failure};

use super::address::mask;
use super::message::Content;
use super::request::PATIENCE;
use super::rule::occasions;
use super::send::Verdict;
use super::{COPIES, COPY_NAMES, Desk, NotificationSettings, Rule, StartError};

/// A message as it would be sent now, or why it would not be.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    pub key: String,
    pub rule: &'static str,
    pub channel: Channel,
    /// By reference.
    pub recipient: String,
    /// Masked.
    pub to: Option<String>,
    pub locale: Option<String>,
    /// `send`, `wait until …`, `suppressed: …`, `failed: …`.
    pub verdict: String,
    #[serde(flatten)]
    pub content: Option<Content>,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    #[error("the rule {rule} does not tell of {wire_type}")]
    NotTold { rule: Rule, wire_type: String },
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// Looks over the service's shoulder: it reads the service's database, and changes nothing.
pub struct Previewer {
    desk: Desk,
}

impl Previewer {
    /// `db` is the service's own database.
    pub async fn open(
        broker: &Broker,
        db: Database,
        vault: Vault,
        settings: NotificationSettings,
    ) -> Result<Self, StartError> {
        projections::ensure(&db, COPIES).await?;
        Ok(Self { desk: Desk::new(broker, db, vault, settings)? })
    }

    /// What a rule would send upon an event, to everyone and on every channel. Waits until the service's
    /// copies have come to the event. Nothing is sent or recorded.
    pub async fn preview(&self, rule: Rule, event: &Recorded<Event>) -> Result<Vec<Preview>, PreviewError> {
        self.desk.recipients.reach(COPY_NAMES, event.position, PATIENCE).await?;
        self.desk.preview(rule, event).await
    }

    /// Whether the rule tells of it.
    pub fn tells(rule: Rule, event: &Recorded<Event>) -> bool {
        occasions(event).iter().any(|occasion| occasion.rule == rule)
    }
}

impl Desk {
    async fn preview(&self, rule: Rule, event: &Recorded<Event>) -> Result<Vec<Preview>, PreviewError> {
        let shop = &event.envelope.key.shop;
        let told: Vec<_> = occasions(event).into_iter().filter(|occasion| occasion.rule == rule).collect();
        if told.is_empty() {
            return Err(PreviewError::NotTold { rule, wire_type: event.envelope.wire_type.clone() });
        }
        let mut previews = Vec::new();
        for occasion in &told {
            for (recipient, mut notice) in self.notices(shop, occasion, event).await? {
                for channel in self.settings.channels(rule) {
                    notice.channel = channel;
                    let key = NotificationKey::derive(&occasion.id, rule.as_str(), &recipient, channel);
                    let key = AggregateKey::new(AggregateKind::Notification, shop, key);
                    previews.push(self.preview_one(&key, rule, &notice).await?);
                }
            }
        }
        Ok(previews)
    }

    /// Also written when it would not be sent: that is what one wants to see.
    async fn preview_one(&self, key: &AggregateKey, rule: Rule, notice: &Notice) -> Result<Preview, Failure> {
        let contact = self.contact(&key.shop, &notice.recipient).await?;
        let stop = self.stop(&key.shop, rule, notice, &contact);
        let written = self.write(key, rule, 1, notice, contact).await?;
        let verdict = word(stop.as_ref().unwrap_or(&written));
        let message = if let Verdict::Send(envelope) = written { Some(envelope.message) } else { None };
        Ok(Preview {
            key: key.id.clone(),
            rule: rule.as_str(),
            channel: notice.channel,
            recipient: notice.recipient.to_string(),
            to: message.as_ref().filter(|message| !message.to.is_empty()).map(|message| mask(&message.to)),
            locale: message.as_ref().map(|message| message.locale.clone()),
            verdict,
            content: message.map(|message| message.content),
        })
    }
}

fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Send(_) => "send".to_owned(),
        Verdict::Wait(until) => format!("wait until {until}"),
        Verdict::End(End::Suppressed(reason)) => format!("suppressed: {}", reason.as_str()),
        Verdict::End(End::Failed { reason, .. }) => format!("failed: {reason}"),
        Verdict::End(End::Sent(_)) => "sent".to_owned(),
    }
}
