use std::sync::Arc;

use aggregates::{End, Notification, NotificationCommand, Receipt};
use events::{
    AggregateKey, AggregateKind, Channel, Event, LoyaltyEvent, Notice, NotificationEvent, Recipient, Recorded, Shop,
    Suppression, Timestamp,
};
use jiff::tz::TimeZone;
use streams::{Cause, Failure, FromDelivery, Subscriber, event_at};

use super::address::mask;
use super::message::Message;
use super::provider::Undelivered;
use super::recipients::Contact;
use super::request::PATIENCE;
use super::wake::Wake;
use super::{COPY_NAMES, Class, Desk, QuietHours, Rule, context::Context, zone};
use crate::port::IdempotencyKey;

/// Takes each notification through the stages that are left: consent, quiet hours, template, provider,
/// receipt; and records where it ended.
///
/// A crash between a provider's word and our record of it sends the message again, with the same id, to the address
/// that is known by then.
pub struct SendNotifications {
    desk: Arc<Desk>,
}

impl Subscriber for SendNotifications {
    const NAME: &'static str = "send_notifications";
    type Message = Recorded<Event>;

    fn filters() -> Vec<String> {
        vec![events::subject::events_of(AggregateKind::Notification)]
    }

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        let Event::Notification(NotificationEvent::Requested(_)) = &event.event else { return Ok(()) };
        self.desk.recipients.reach(COPY_NAMES, event.position, PATIENCE).await?;
        self.desk.deliver(&event.envelope.key, event.position, &Cause::of(event)).await
    }
}

impl SendNotifications {
    pub(super) fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }
}

/// What is to be done with an attempt.
pub(super) enum Verdict {
    End(End),
    /// Not before then.
    Wait(Timestamp),
    Send(Box<Envelope>),
}

/// A message ready to be handed over, with what will stand in its receipt.
pub(super) struct Envelope {
    pub(super) message: Message,
    pub(super) digest: String,
}

impl Desk {
    /// Brings an attempt to its end, or as far as it can be brought now; does nothing when it has ended.
    pub(super) async fn deliver(&self, key: &AggregateKey, position: u64, cause: &Cause) -> Result<(), Failure> {
        let held = self.store.load::<Notification>(key, position).await?.state;
        let Some((attempt, notice)) = held.pending() else {
            self.receipts.forget(key);
            return Ok(());
        };
        let end = match self.receipts.of(key, attempt) {
            Some(end) => end,
            None => match self.judge(key, attempt, notice).await? {
                Verdict::End(end) => end,
                Verdict::Wait(until) => return self.wake_at(until, key).await,
                Verdict::Send(envelope) => {
                    let end = self.hand_over(*envelope).await?;
                    self.receipts.keep(key, attempt, end.clone());
                    end
                }
            },
        };
        let command = NotificationCommand::End { at: self.now(), attempt, end };
        self.store.execute::<Notification>(key, command, cause).await?;
        self.receipts.forget(key);
        Ok(())
    }

    async fn wake_at(&self, until: Timestamp, key: &AggregateKey) -> Result<(), Failure> {
        Ok(self.timers.set(&format!("{}/{}", key.shop, key.id), until, &Wake::of(key)).await?)
    }

    /// Consent, time and template; no effect.
    async fn judge(&self, key: &AggregateKey, attempt: u32, notice: &Notice) -> Result<Verdict, Failure> {
        let rule: Rule = notice.rule.parse().map_err(Failure::reject)?;
        let contact = self.contact(&key.shop, &notice.recipient).await?;
        match self.stop(&key.shop, rule, notice, &contact) {
            Some(stop) => Ok(stop),
            None => self.write(key, rule, attempt, notice, contact).await,
        }
    }

    /// The first stage that the message does not pass, if there is one.
    pub(super) fn stop(&self, shop: &Shop, rule: Rule, notice: &Notice, contact: &Contact) -> Option<Verdict> {
        let suppress = |reason| Some(Verdict::End(End::Suppressed(reason)));
        let (settings, channel, now) = (&self.settings, notice.channel, self.now());
        if !settings.is_on(shop) || !settings.channels(rule).contains(&channel) {
            return suppress(Suppression::SwitchedOff);
        }
        if now >= notice.expires_at {
            return suppress(Suppression::Expired);
        }
        if !self.providers.serve(channel) {
            return suppress(Suppression::NoProvider);
        }
        if contact.gone {
            return suppress(Suppression::RecipientGone);
        }
        if contact.superseded {
            return suppress(Suppression::Superseded);
        }
        if self.address(&notice.recipient, channel, contact).is_none() {
            return suppress(Suppression::NoAddress);
        }
        if rule.class() == Class::Marketing && !agreed(channel, contact) {
            return suppress(Suppression::NoConsent);
        }
        match self.quiet_until(rule, channel, shop, contact, now)? {
            // It would never be sent.
            until if until >= notice.expires_at => suppress(Suppression::Expired),
            until => Some(Verdict::Wait(until)),
        }
    }

    /// Fills in the template; what it is of, and who it is for, is looked up now.
    pub(super) async fn write(
        &self,
        key: &AggregateKey,
        rule: Rule,
        attempt: u32,
        notice: &Notice,
        contact: Contact,
    ) -> Result<Verdict, Failure> {
        let event = self.trigger(notice).await?;
        let to = self.address(&notice.recipient, notice.channel, &contact).unwrap_or_default();
        let locale = contact.locale.clone();
        let context = self.context(&key.shop, &event, notice, contact).await?;
        let rendered = self.templates.render(rule, locale.as_deref(), &context).map_err(Failure::reject)?;
        let message = Message {
            id: IdempotencyKey::derive(&[key.shop.as_str(), &key.id, &attempt.to_string()]),
            rule: rule.as_str(),
            channel: notice.channel,
            to,
            locale: rendered.locale,
            content: rendered.content,
        };
        Ok(match message.checked() {
            Ok(message) => Verdict::Send(Box::new(Envelope { message, digest: rendered.digest })),
            Err(line_break) => Verdict::End(End::Failed { provider: None, reason: line_break.to_string() }),
        })
    }

    async fn hand_over(&self, Envelope { message, digest }: Envelope) -> Result<End, Failure> {
        match self.providers.send(&message).await {
            Ok(provider) => Ok(End::Sent(Receipt {
                provider: provider.to_owned(),
                message_id: message.id.to_string(),
                to: mask(&message.to),
                locale: message.locale,
                template: digest,
            })),
            Err(Undelivered::NoProvider) => Ok(End::Suppressed(Suppression::NoProvider)),
            Err(Undelivered::Refused { provider, reason }) => Ok(End::Failed { provider: Some(provider), reason }),
            Err(Undelivered::Later(failure)) => Err(failure),
        }
    }

    /// The event that the rule heard, from the log.
    async fn trigger(&self, notice: &Notice) -> Result<Recorded<Event>, Failure> {
        let raw = event_at(&self.broker, notice.trigger.position).await.map_err(Failure::unavailable)?;
        let event = raw.as_ref().map(Recorded::<Event>::read).transpose().map_err(Failure::reject)?;
        let event = event.filter(|event| event.envelope.id == notice.trigger.event_id);
        event.ok_or_else(|| Failure::reject("the event that it is to tell of is not in the log"))
    }

    pub(super) async fn contact(&self, shop: &Shop, recipient: &Recipient) -> Result<Contact, Failure> {
        match (self.recipients.contact(shop, recipient).await?, recipient) {
            // Its first snapshot is still to come: Shopify keeps no order between topics.
            (None, Recipient::Order { .. }) => Err(Failure::retry("the order is not known yet")),
            (found, _) => Ok(found.unwrap_or_default()),
        }
    }

    fn address(&self, recipient: &Recipient, channel: Channel, contact: &Contact) -> Option<String> {
        match (recipient, channel) {
            (Recipient::Operations, Channel::Email) => self.settings.operations.clone(),
            (Recipient::Operations, _) => Some(recipient.to_string()),
            (_, Channel::Email) => contact.email.clone(),
            (_, Channel::Sms) => contact.phone.clone(),
            (_, Channel::Push | Channel::Chat) => contact.customer_id.map(|id| id.to_string()),
        }
    }

    fn quiet_until(
        &self,
        rule: Rule,
        channel: Channel,
        shop: &Shop,
        contact: &Contact,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let hours = self.settings.quiet_hours.filter(|_| QuietHours::apply_to(rule.class(), channel))?;
        let shops = || self.settings.shops.get(shop).map(|facts| facts.time_zone.clone());
        let zone = contact.country.as_deref().and_then(zone::of_country).or_else(shops);
        hours.over(now, &zone.unwrap_or(TimeZone::UTC))
    }

    async fn context(
        &self,
        shop: &Shop,
        event: &Recorded<Event>,
        notice: &Notice,
        contact: Contact,
    ) -> Result<Context, Failure> {
        let context = Context::new(shop, contact);
        match notice.order_id {
            Some(order) => {
                let found = self.recipients.order(shop, order).await?;
                // Its first snapshot is still to come.
                let order = found.ok_or_else(|| Failure::retry("the order is not known yet"))?;
                Ok(context.tell(&event.event, order))
            }
            None => match &event.event {
                Event::Stock(stock) => {
                    let item = event.envelope.key.id.parse().map_err(Failure::reject)?;
                    Ok(context.stocked(stock, self.recipients.item(shop, item).await?))
                }
                Event::Loyalty(LoyaltyEvent::TierChanged(told)) => Ok(context.tier(told)),
                Event::Checkout(_) => {
                    let content = self.recipients.checkout(shop, &event.envelope.key.id).await?;
                    let content = content.ok_or_else(|| Failure::retry("the checkout is not known yet"))?;
                    let recovery_url = self.recipients.open(shop, content.recovery_url.as_ref()).await?;
                    Ok(context.checkout(content, recovery_url))
                }
                _ => Ok(context),
            },
        }
    }
}

/// Whether the recipient has agreed to marketing on this channel. An app on a telephone asks by itself.
fn agreed(channel: Channel, contact: &Contact) -> bool {
    match channel {
        Channel::Email | Channel::Chat => contact.email_consent,
        Channel::Sms => contact.sms_consent,
        Channel::Push => true,
    }
}
