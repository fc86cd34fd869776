use aggregates::{Checkout, CheckoutCommand};
use events::{AggregateKey, AggregateKind, Event, OrderCheckedOut, OrderEvent, Recorded, Timestamp};
use streams::{Cause, EventStore, Failure, Subscriber, Timers};

use super::{CheckoutsSettings, Wait};

/// Waits for the customer of every open checkout, and ends the one that an order came of.
///
/// The timer is set by the checkout as it stands, not by the event: so an event that is handled again
/// sets it to what it is.
pub struct WatchCheckouts {
    store: EventStore,
    timers: Timers,
    settings: CheckoutsSettings,
}

impl Subscriber for WatchCheckouts {
    const NAME: &'static str = "watch_checkouts";
    type Message = Recorded<Event>;

    fn filters() -> Vec<String> {
        [AggregateKind::Checkout, AggregateKind::Order].map(events::subject::events_of).into()
    }

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        match &event.event {
            Event::Checkout(_) => self.wait(&event.envelope.key, event.position).await,
            Event::Order(OrderEvent::CheckedOut(order)) => self.complete(order, event).await,
            _ => Ok(()),
        }
    }
}

impl WatchCheckouts {
    pub fn new(store: EventStore, timers: Timers, settings: CheckoutsSettings) -> Self {
        Self { store, timers, settings }
    }

    async fn wait(&self, key: &AggregateKey, position: u64) -> Result<(), Failure> {
        let known = self.store.load::<Checkout>(key, position).await?;
        let timer = key.to_string();
        let Some(last_seen_at) = known.state.waits_since() else { return Ok(self.timers.cancel(&timer).await?) };
        let at = last_seen_at.saturating_add(self.settings.abandoned_after).unwrap_or(Timestamp::MAX);
        let wait = Wait { shop: key.shop.clone(), token: key.id.clone(), last_seen_at, at };
        Ok(self.timers.set(&timer, at, &wait).await?)
    }

    async fn complete(&self, order: &OrderCheckedOut, event: &Recorded<Event>) -> Result<(), Failure> {
        let key = &event.envelope.key;
        let order_id = key.id.parse().map_err(|_| Failure::reject("an order's id is not a number"))?;
        let checkout = AggregateKey::new(AggregateKind::Checkout, &key.shop, &order.checkout_token);
        let command = CheckoutCommand::Complete { at: order.at, order_id };
        self.store.execute::<Checkout>(&checkout, command, &Cause::of(event)).await?;
        Ok(())
    }
}
