use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aggregates::{LineDemand, Order, Stock, StockCommand};
use db::Database;
use events::{
    AggregateKey, AggregateKind, Event, InventoryItemId, OrderEvent, OrderId, ProductEvent, Recorded, Shop, VariantId,
};
use projections::{ReadError, order_lines, variants, wait_for};
use streams::{Cause, EventStore, Failure, Subscriber};

use super::{COPY_NAMES, InventorySettings};

/// How long the copies may lag before the subscriber is paused.
const PATIENCE: Duration = Duration::from_secs(10);

/// Gives the stock of every item what the orders want of it.
///
/// It sets a target, so it may run again at any time: the stock records only the difference.
pub struct AllocateStock {
    store: EventStore,
    copies: Database,
    settings: InventorySettings,
}

impl Subscriber for AllocateStock {
    const NAME: &'static str = "allocate_stock";
    type Message = Recorded<Event>;

    fn filters() -> Vec<String> {
        [AggregateKind::Order, AggregateKind::Product].map(events::subject::events_of).into()
    }

    async fn handle(&self, event: &Recorded<Event>) -> Result<(), Failure> {
        let key = &event.envelope.key;
        match &event.event {
            Event::Order(order) if moves_stock(order) => {
                let id = key.id.parse().map_err(|_| Failure::reject("an order's id is not a number"))?;
                self.copies_reach(event.position).await?;
                self.settle(&key.shop, id, event).await
            }
            // A line whose variant was not known has waited for this.
            Event::Product(ProductEvent::VariantAdded(told)) => self.settle_all(told.variant.id, event).await,
            Event::Product(ProductEvent::VariantRemoved(told)) => self.settle_all(told.variant.id, event).await,
            _ => Ok(()),
        }
    }
}

impl AllocateStock {
    pub fn new(store: EventStore, copies: Database, settings: InventorySettings) -> Self {
        Self { store, copies, settings }
    }

    async fn settle_all(&self, variant: VariantId, event: &Recorded<Event>) -> Result<(), Failure> {
        self.copies_reach(event.position).await?;
        let shop = &event.envelope.key.shop;
        let lines = order_lines::of_variant(&self.copies, shop, variant).await.map_err(unreadable)?;
        let orders: BTreeSet<OrderId> = lines.into_iter().map(|line| line.view.order_id).collect();
        for order in orders {
            self.settle(shop, order, event).await?;
        }
        Ok(())
    }

    /// Hands on what an order wants, until no newer word of the order has come meanwhile: an order's
    /// event and its product's may be handled side by side, and the older view must not be the last.
    async fn settle(&self, shop: &Shop, id: OrderId, event: &Recorded<Event>) -> Result<(), Failure> {
        let order = AggregateKey::new(AggregateKind::Order, shop, id);
        let at_least = if event.envelope.key == order { event.position } else { 0 };
        let mut known = self.store.load::<Order>(&order, at_least).await?;
        loop {
            self.claim(shop, known.state.demands(id), event).await?;
            let now = self.store.load::<Order>(&order, 0).await?;
            if now.version == known.version {
                return Ok(());
            }
            known = now;
        }
    }

    /// One command per inventory item, with all lines of the order that want it.
    async fn claim(
        &self,
        shop: &Shop,
        demands: Vec<(VariantId, LineDemand)>,
        event: &Recorded<Event>,
    ) -> Result<(), Failure> {
        let mut wanted: BTreeMap<InventoryItemId, Vec<LineDemand>> = BTreeMap::new();
        for (variant, demand) in demands {
            let row = variants::get(&self.copies, shop, variant).await.map_err(unreadable)?;
            // Not known yet: the line waits for its product's event.
            if let Some(item) = row.and_then(|row| row.view.inventory_item_id()) {
                wanted.entry(item).or_default().push(demand);
            }
        }
        let cause = Cause::of(event);
        for (item, lines) in wanted {
            let command = StockCommand::Claim { lines, priority: self.settings.priority.clone() };
            let stock = AggregateKey::new(AggregateKind::Stock, shop, item);
            self.store.execute::<Stock>(&stock, command, &cause).await?;
        }
        Ok(())
    }

    async fn copies_reach(&self, position: u64) -> Result<(), Failure> {
        let reached = wait_for(&self.copies, COPY_NAMES, position, PATIENCE).await;
        reached.map(drop).map_err(Failure::unavailable)
    }
}

/// Whether an order's event can change what its lines want.
fn moves_stock(event: &OrderEvent) -> bool {
    match event {
        OrderEvent::Placed(_)
        | OrderEvent::Edited(_)
        | OrderEvent::Refunded(_)
        | OrderEvent::Fulfilled(_)
        | OrderEvent::FulfillmentUpdated(_)
        | OrderEvent::FulfillmentCancelled(_)
        | OrderEvent::Cancelled(_)
        | OrderEvent::Reinstated(_)
        | OrderEvent::Restated(_)
        | OrderEvent::Deleted(_) => true,
        OrderEvent::ContactChanged(_)
        | OrderEvent::AddressChanged(_)
        | OrderEvent::Tagged(_)
        | OrderEvent::Noted(_)
        | OrderEvent::PaymentAuthorized(_)
        | OrderEvent::Paid(_)
        | OrderEvent::PartiallyPaid(_)
        | OrderEvent::PaymentVoided(_)
        | OrderEvent::PaymentStatusChanged(_)
        | OrderEvent::TransactionRecorded(_)
        | OrderEvent::FulfillmentStatusChanged(_)
        | OrderEvent::Closed(_)
        | OrderEvent::Reopened(_)
        | OrderEvent::Touched(_) => false,
    }
}

/// The copies are this service's own: one that cannot be read is a fault of the house, not of the event.
fn unreadable(error: ReadError) -> Failure {
    Failure::unavailable(error)
}
