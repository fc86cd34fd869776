use async_nats::{Message, Subject};
use tokio::time::Instant;

use super::delivery::Delivery;
use super::handling::Item;
use super::{Subscriber, Subscription, count};
use crate::dead_letters::Redrive;
use crate::raw::{FromDelivery, Raw, ReplySubject};
use crate::{DeadLetter, ErrorClass, Unreadable};

impl<S: Subscriber> Subscription<S> {
    /// Puts a message into its lane, or gives it back for later.
    pub(super) async fn take_in(&mut self, message: Message) {
        let Some(Delivered { raw, reply, again }) = self.delivered(message) else { return };
        // The server thinks that we are dead and delivers again what is still held here.
        if self.held.contains_key(&raw.sequence) {
            return;
        }
        let delivery = Delivery::new(&self.broker, reply.clone());
        let raw = match self.handling.subscriber.open(raw).await {
            Ok(raw) => raw,
            Err(failure) => return self.pause(&failure.to_string()),
        };
        let content = S::Message::read(&raw);
        if content.as_ref().is_err_and(Unreadable::is_unknown_type) {
            count::<S>("skipped");
            return delivery.ack(false).await;
        }
        if let (Ok(message), false) = (&content, again) {
            self.handling.hear(message);
        }
        let lane = self.lane(&raw, &content);
        let now = Instant::now();
        let parked = self.lanes.is_parked(&lane);
        let share = if parked { PARKED_SHARE } else { LANE_SHARE };
        let full = self.lanes.len_of(&lane) >= (self.settings.capacity / share).max(2);
        if full || self.is_paused(&raw) || self.overflow.is_behind(&lane, raw.sequence, now) {
            // Whoever has not seen it again by then waits for it no longer.
            self.overflow.put(lane, raw.sequence, now + self.hold_back * 3);
            count::<S>("held_back");
            // A lane that moves has room again soon.
            return delivery.give_back_for(if parked { self.hold_back } else { self.hold_back / 8 }).await;
        }
        self.overflow.take(&lane, raw.sequence);
        self.hold(lane, reply, Item::new(delivery, raw, content, again));
    }

    /// Puts the message of a dead letter back into its lane, under the delivery of the request.
    pub(super) async fn take_redrive(&mut self, message: Message) {
        let Some(Delivered { raw: request, reply, again }) = self.delivered(message) else { return };
        let delivery = Delivery::new(&self.broker, reply.clone());
        let Ok(redrive) = serde_json::from_slice::<Redrive>(request.body()) else {
            tracing::error!(subscriber = S::NAME, sequence = request.sequence, "a redrive cannot be read");
            return delivery.terminate("unreadable", false).await;
        };
        let letter = redrive.letter;
        let raw = match self.broker.message(self.durable.stream, letter.sequence).await {
            Ok(Some(raw)) => raw,
            Ok(None) => return self.bury_gone(letter, request.sequence, delivery).await,
            Err(error) => return self.pause(&error.to_string()),
        };
        // It comes again when what is held here is settled.
        if self.held.contains_key(&raw.sequence) || self.is_paused(&raw) {
            return delivery.give_back_for(self.hold_back).await;
        }
        tracing::info!(subscriber = S::NAME, sequence = raw.sequence, reason = redrive.reason, "redriven");
        count::<S>("redriven");
        let raw = match self.handling.subscriber.open(raw).await {
            Ok(raw) => raw,
            Err(failure) => return self.pause(&failure.to_string()),
        };
        let content = S::Message::read(&raw);
        let lane = self.lane(&raw, &content);
        let item = Item { request: Some(request.sequence), ..Item::new(delivery, raw, content, again) };
        self.hold(lane, reply, item);
    }

    /// The stream has let go of the message: it is a dead letter for ever.
    async fn bury_gone(&mut self, letter: DeadLetter, request: u64, delivery: Delivery) {
        let reason = format!("the message is no longer in {}", letter.stream);
        let letter = DeadLetter { class: ErrorClass::Unreadable, reason, ..letter };
        match self.handling.dead_letters.put(&letter, Some(request)).await {
            Ok(()) => delivery.ack(false).await,
            Err(error) => self.pause(&error.to_string()),
        }
    }

    fn delivered(&self, message: Message) -> Option<Delivered> {
        let reply = message.reply.clone()?;
        let again = ReplySubject::parse(&reply).is_some_and(|reply| reply.deliveries > 1);
        if again {
            metrics::counter!("tillstream_redeliveries_total", "subscriber" => S::NAME).increment(1);
        }
        match Raw::delivered(message) {
            Ok(raw) => Some(Delivered { raw, reply, again }),
            Err(error) => {
                tracing::error!(subscriber = S::NAME, %error, "a delivery is not JetStream's");
                None
            }
        }
    }

    fn lane(&self, raw: &Raw, content: &Result<S::Message, Unreadable>) -> String {
        let lane = content.as_ref().ok().and_then(|message| self.handling.lane(message));
        lane.unwrap_or_else(|| raw.subject().to_owned())
    }

    fn hold(&mut self, lane: String, reply: Subject, item: Item<S::Message>) {
        self.held.insert(item.raw.sequence, reply);
        self.lanes.push(lane, item);
    }

    /// Whether an operator has paused the message's shop.
    pub(super) fn is_paused(&self, raw: &Raw) -> bool {
        !self.paused_shops.is_empty()
            && self.durable.stream.shop(raw.subject()).is_some_and(|shop| self.paused_shops.contains_key(&shop))
    }
}

/// What the server handed out.
struct Delivered {
    raw: Raw,
    reply: Subject,
    /// Not for the first time.
    again: bool,
}

/// No lane holds more than this part of the capacity, and less when it stands still: what comes after that
/// waits at the server, so that there is room for all others.
const LANE_SHARE: usize = 2;
const PARKED_SHARE: usize = 8;
