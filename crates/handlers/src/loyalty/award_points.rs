use std::collections::BTreeSet;

use aggregates::{LoyaltyCommand, Order};
use events::{AggregateKey, AggregateKind, CustomerId, Event, OrderEvent, OrderId, Recorded, Shop};
use streams::{Cause, Failure, Subscriber};

use super::LoyaltySettings;
use super::accounts::Accounts;

/// Tells the account of an order's customer what the order is worth as it stands.
///
/// It sets a target, so it may run again at any time: the account records only the difference.
pub struct AwardPoints {
    accounts: Accounts,
    settings: LoyaltySettings,
}

impl Subscriber for AwardPoints {
    const NAME: &'static str = "award_points";
    type Message = Recorded<Event>;

    fn filters() -> Vec<String> {
        vec![events::subject::events_of(AggregateKind::Order)]
    }

    /// An order that was just delivered is not asked for.
    fn hear(&self, event: &Recorded<Event>) {
        if let Event::Order(order) = &event.event {
            self.accounts.store.hear::<Order>(&event.envelope, event.position, order);
        }
    }

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        let Event::Order(order) = &event.event else { return Ok(()) };
        let shop = &event.envelope.key.shop;
        if !changes_worth(order) || self.settings.without.contains(shop) {
            return Ok(());
        }
        let id = event.envelope.key.id.parse().map_err(|_| Failure::reject("an order's id is not a number"))?;
        let former = match order {
            OrderEvent::ContactChanged(_) => self.customers(&event.envelope.key).await?,
            _ => BTreeSet::new(),
        };
        self.settle(id, &former, event).await
    }
}

impl AwardPoints {
    pub(super) fn new(accounts: Accounts, settings: LoyaltySettings) -> Self {
        Self { accounts, settings }
    }

    /// Until no newer word of the order has come meanwhile and no account was merged away: the older view
    /// must not be the last.
    async fn settle(&self, id: OrderId, former: &BTreeSet<CustomerId>, event: &Recorded<Event>) -> Result<(), Failure> {
        let order = &event.envelope.key;
        let (at, cause) = (event.envelope.time, Cause::of(event));
        let mut known = self.accounts.store.load::<Order>(order, event.position).await?;
        // Few are, and one that is says so: nobody is asked before.
        let mut merged = false;
        loop {
            let Some(worth) = known.state.worth() else { return Ok(()) };
            let owner = worth.customer_id;
            let settle =
                |worth| LoyaltyCommand::Settle { order_id: id, worth, program: self.settings.program.clone(), at };
            // For everybody but the order's customer it is worth nothing.
            let others = former.iter().copied().filter(|former| Some(*former) != owner);
            let mut commands: Vec<_> = others.map(|other| (other, settle(None))).collect();
            // Last: the owner may be the heir of one of the others.
            commands.extend(owner.map(|owner| (owner, settle(Some(worth)))));
            let commands = if merged { self.redirect(&order.shop, commands).await? } else { commands };
            let heard = self.accounts.tell(&order.shop, commands.into_iter().collect(), &cause).await?;
            let now = self.accounts.store.load::<Order>(order, 0).await?;
            if heard && now.version == known.version {
                return Ok(());
            }
            (known, merged) = (now, !heard);
        }
    }

    /// To the accounts that go on for these.
    async fn redirect(
        &self,
        shop: &Shop,
        mut commands: Vec<(CustomerId, LoyaltyCommand)>,
    ) -> Result<Vec<(CustomerId, LoyaltyCommand)>, Failure> {
        for (customer, _) in &mut commands {
            *customer = self.accounts.heir(shop, *customer).await?;
        }
        Ok(commands)
    }

    /// Everybody that an order was ever said to be of.
    async fn customers(&self, order: &AggregateKey) -> Result<BTreeSet<CustomerId>, Failure> {
        let history = self.accounts.store.events(order).await?;
        let contact = |event| match event {
            Event::Order(OrderEvent::Placed(event)) => event.contact.customer_id,
            Event::Order(OrderEvent::ContactChanged(event)) => event.contact.customer_id,
            _ => None,
        };
        Ok(history.into_iter().filter_map(|recorded| contact(recorded.event)).collect())
    }
}

/// Whether an order's event can change whom it gives how many points.
fn changes_worth(event: &OrderEvent) -> bool {
    match event {
        OrderEvent::Edited(_)
        | OrderEvent::ExtrasChanged(_)
        | OrderEvent::ContactChanged(_)
        | OrderEvent::PaymentAuthorized(_)
        | OrderEvent::Paid(_)
        | OrderEvent::PartiallyPaid(_)
        | OrderEvent::PaymentVoided(_)
        | OrderEvent::PaymentStatusChanged(_)
        | OrderEvent::Refunded(_)
        | OrderEvent::Cancelled(_)
        | OrderEvent::Reinstated(_)
        | OrderEvent::Restated(_)
        | OrderEvent::Deleted(_) => true,
        // Not paid yet: what its snapshot says of the payment follows as an event of its own.
        OrderEvent::Placed(_)
        | OrderEvent::CheckedOut(_)
        | OrderEvent::Returned(_)
        | OrderEvent::ReturnUpdated(_)
        | OrderEvent::RiskAssessed(_)
        | OrderEvent::ProtectionChanged(_)
        | OrderEvent::ShipmentTracked(_)
        | OrderEvent::AddressChanged(_)
        | OrderEvent::Tagged(_)
        | OrderEvent::Noted(_)
        | OrderEvent::TransactionRecorded(_)
        | OrderEvent::Fulfilled(_)
        | OrderEvent::FulfillmentUpdated(_)
        | OrderEvent::FulfillmentCancelled(_)
        | OrderEvent::FulfillmentStatusChanged(_)
        | OrderEvent::Closed(_)
        | OrderEvent::Reopened(_)
        | OrderEvent::Touched(_) => false,
    }
}
