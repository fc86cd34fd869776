use std::sync::Arc;
use std::time::Duration;

use aggregates::{Notification, NotificationCommand};
use events::{
    AggregateKey, AggregateKind, CustomerId, Event, Notice, NotificationKey, OrderEvent, OrderId, Recipient, Recorded,
    Shop, Trigger,
};
use streams::{Cause, Failure, Subscriber};

use super::rule::{Occasion, Whom, occasions};
use super::start::Since;
use super::{COPY_NAMES, Desk};

/// How long the copies may lag before a subscriber is paused.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Asks for the messages that an event calls for: rule and recipient.
///
/// A notification is asked for once, whatever comes twice: its key is of the occasion, the rule, the
/// recipient and the channel, and its aggregate refuses a second birth.
pub struct RequestNotifications {
    desk: Arc<Desk>,
    since: Since,
}

impl Subscriber for RequestNotifications {
    const NAME: &'static str = "request_notifications";
    type Message = Recorded<Event>;

    fn filters() -> Vec<String> {
        let kinds = [AggregateKind::Order, AggregateKind::Stock, AggregateKind::Loyalty, AggregateKind::Checkout];
        kinds.map(events::subject::events_of).into()
    }

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        if let Event::Order(OrderEvent::Placed(_)) = &event.event {
            for earlier in self.earlier(event).await? {
                self.ask(&earlier, event.position).await?;
            }
        }
        self.ask(event, event.position).await
    }
}

impl RequestNotifications {
    pub(super) fn new(desk: Arc<Desk>, since: Since) -> Self {
        Self { desk, since }
    }

    /// What was said of an order before it was known: Shopify keeps no order between topics.
    async fn earlier(&self, placed: &Recorded<Event>) -> Result<Vec<Recorded<Event>>, Failure> {
        if placed.envelope.aggregate_version == 1 {
            return Ok(Vec::new());
        }
        let events = self.desk.store.events(&placed.envelope.key).await?;
        Ok(events.into_iter().take_while(|event| event.position < placed.position).collect())
    }

    /// By what is known at the position: an order's first snapshot has to be, when it asks for what came before it.
    async fn ask(&self, event: &Recorded<Event>, known_at: u64) -> Result<(), Failure> {
        let shop = &event.envelope.key.shop;
        let told = |occasion: &Occasion| {
            self.since.reached(shop, event.position, occasion.at)
                && !self.desk.settings.channels(occasion.rule).is_empty()
        };
        for occasion in occasions(event).iter().filter(|occasion| told(occasion)) {
            self.desk.recipients.reach(COPY_NAMES, known_at, PATIENCE).await?;
            for (recipient, notice) in self.desk.notices(shop, occasion, event).await? {
                self.request(shop, occasion, recipient, notice, event).await?;
            }
        }
        Ok(())
    }

    async fn request(
        &self,
        shop: &Shop,
        occasion: &Occasion,
        recipient: Recipient,
        notice: Notice,
        event: &Recorded<Event>,
    ) -> Result<(), Failure> {
        for channel in self.desk.settings.channels(occasion.rule) {
            let key = NotificationKey::derive(&occasion.id, occasion.rule.as_str(), &recipient, channel);
            let key = AggregateKey::new(AggregateKind::Notification, shop, key);
            let notice = Box::new(Notice { channel, ..notice.clone() });
            let command = NotificationCommand::Request { at: occasion.at, notice };
            self.desk.store.execute::<Notification>(&key, command, &Cause::of(event)).await?;
        }
        Ok(())
    }
}

impl Desk {
    /// Who is to be told of an occasion, and what; the channel is still to be set. Nobody, of an order that is not
    /// known yet: its first snapshot asks, which comes after this in the same lane.
    pub(super) async fn notices(
        &self,
        shop: &Shop,
        occasion: &Occasion,
        event: &Recorded<Event>,
    ) -> Result<Vec<(Recipient, Notice)>, Failure> {
        let of_customer = |customer_id| (Recipient::Customer { customer_id }, Some(customer_id));
        let (order_id, recipients) = match &occasion.whom {
            Whom::Order(id) => {
                let Some(order) = self.recipients.order_contact(shop, *id).await? else { return Ok(Vec::new()) };
                (Some(*id), vec![(Recipient::Order { order_id: *id }, order.customer_id)])
            }
            Whom::Customer(id) => (None, vec![of_customer(*id)]),
            Whom::Checkout(token) => {
                let checkout = self.recipients.checkout(shop, token).await?;
                let customer_id = checkout.and_then(|checkout| checkout.customer_id);
                (None, vec![(Recipient::Checkout { token: token.clone() }, customer_id)])
            }
            Whom::Operations => (None, vec![(Recipient::Operations, None)]),
            Whom::WaitingFor(item) => {
                let customers = self.recipients.waiting_for(shop, *item).await?;
                (None, customers.into_iter().map(of_customer).collect())
            }
        };
        let notice = |(recipient, customer_id): (Recipient, _)| {
            let notice = self.notice(occasion, order_id, &recipient, customer_id, event);
            (recipient, notice)
        };
        Ok(recipients.into_iter().map(notice).collect())
    }

    fn notice(
        &self,
        occasion: &Occasion,
        order_id: Option<OrderId>,
        recipient: &Recipient,
        customer_id: Option<CustomerId>,
        event: &Recorded<Event>,
    ) -> Notice {
        Notice {
            rule: occasion.rule.to_string(),
            channel: events::Channel::Email,
            recipient: recipient.clone(),
            trigger: Trigger { event_id: event.envelope.id.clone(), position: event.position },
            order_id,
            customer_id,
            // An overlong time is as good as none.
            expires_at: occasion.at.checked_add(self.settings.expires_after).unwrap_or(events::Timestamp::MAX),
        }
    }
}
