use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aggregates::{LineDemand, Order, Routing, Rule, Stock, StockCommand};
use db::Database;
use events::{
    AggregateKey, AggregateKind, Event, FulfillmentOrder, InventoryItemId, Level, LocationId, OrderEvent, OrderId,
    ProductEvent, Recorded, Shop, StockPolicy, Timestamp, VariantId,
};
use projections::wait_for;
use streams::{Cause, EventStore, Failure, StoreError, Subscriber};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::lookups::Lookups;
use super::stations::Stations;
use super::{COPY_NAMES, InventorySettings};

/// Orders that are settled side by side are rarely so many.
const TURNS: u64 = 1024;

/// How long the copies may lag before the subscriber is paused.
const PATIENCE: Duration = Duration::from_secs(10);

/// Gives the stock of every item what the orders want of it.
///
/// It sets a target, so it may run again at any time: the stock records only the difference.
pub struct AllocateStock {
    /// Of the orders, which it only reads.
    orders: EventStore,
    store: EventStore,
    copies: Database,
    lookups: Lookups,
    settings: InventorySettings,
    /// By order: whoever settles it. Some share one, which costs them a moment.
    turns: Box<[Mutex<()>]>,
    /// The copies are known to have come so far.
    reached: AtomicU64,
    /// Held by the one who asks how far they are: while they lag, all others wait for the answer.
    asking: Mutex<()>,
}

impl Subscriber for AllocateStock {
    const NAME: &'static str = "allocate_stock";
    type Message = Recorded<Event>;

    fn filters() -> Vec<String> {
        let kinds = [AggregateKind::Order, AggregateKind::Product, AggregateKind::FulfillmentOrder];
        kinds.map(events::subject::events_of).into()
    }

    /// An order that was just delivered is not asked for.
    fn hear(&self, event: &Recorded<Event>) {
        if let Event::Order(order) = &event.event {
            self.orders.hear::<Order>(&event.envelope, event.position, order);
        }
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
            Event::Product(ProductEvent::VariantAdded(told)) => {
                self.govern(told.variant.inventory_item_id, told.at, event).await?;
                self.settle_all(told.variant.id, event).await
            }
            Event::Product(ProductEvent::VariantRemoved(told)) => self.settle_all(told.variant.id, event).await,
            Event::FulfillmentOrder(told) => self.route(told.after(), event).await,
            _ => Ok(()),
        }
    }
}

/// What became of an order's claims.
enum Claimed {
    All,
    /// Others may have written to an item, at this position.
    Newer(u64),
}

impl AllocateStock {
    pub fn new(orders: EventStore, store: EventStore, copies: Database, settings: InventorySettings) -> Self {
        let turns = (0..TURNS).map(|_| Mutex::default()).collect();
        let (lookups, reached) = (Lookups::new(copies.clone()), AtomicU64::new(0));
        Self { orders, store, copies, lookups, settings, turns, reached, asking: Mutex::new(()) }
    }

    /// Settles the orders that came before the news of their variant. Whatever changes a line later is handled with
    /// copies that have it already.
    async fn settle_all(&self, variant: VariantId, event: &Recorded<Event>) -> Result<(), Failure> {
        self.copies_reach(event.position).await?;
        let shop = &event.envelope.key.shop;
        for id in self.lookups.orders_of(shop, variant, event.position).await? {
            self.settle(shop, id, event).await?;
        }
        Ok(())
    }

    /// Shopify has said, or said otherwise, where an order is sent from. An order that is not known yet asks
    /// by itself when it comes.
    async fn route(&self, told: &FulfillmentOrder, event: &Recorded<Event>) -> Result<(), Failure> {
        self.copies_reach(event.position).await?;
        let shop = &event.envelope.key.shop;
        let Some(id) = self.lookups.order_of(shop, told).await? else { return Ok(()) };
        self.settle(shop, id, event).await
    }

    /// Hands on what an order wants. An older word of it must not come after a newer one: an order's events may be
    /// handled side by side with its product's, so one at a time settles it. Another replica may do it too, as at a
    /// takeover: so where others may have written to an item after the last word that is known here, and that may be
    /// what came of a newer word, nothing is handed on before the log was asked for it.
    ///
    /// What is known here begins with the newest word in the log, or with the order's first event when that is
    /// delivered for the first time, after which all others are delivered too.
    async fn settle(&self, shop: &Shop, id: OrderId, event: &Recorded<Event>) -> Result<(), Failure> {
        let _turn = self.turns[usize::try_from(id.get() % TURNS).unwrap_or_default()].lock().await;
        let order = AggregateKey::new(AggregateKind::Order, shop, id);
        let (own, learned) = (event.envelope.key == order, self.store.learned());
        let mut known = self.orders.load::<Order>(&order, if own { event.position } else { 0 }).await?;
        let mut known_to = if own { known.position } else { learned };
        self.copies_reach(known_to).await?;
        let mut stations = self.lookups.stations(shop, id).await?;
        while let Claimed::Newer(position) = self.claim(shop, id, &known.state, &stations, event, known_to).await? {
            known_to = position;
            self.copies_reach(position).await?;
            known = self.orders.load::<Order>(&order, 0).await?;
            stations = self.lookups.stations(shop, id).await?;
        }
        Ok(())
    }

    /// One command per inventory item, with all lines of the order that want it; no more of them when others may have
    /// written to an item after what is known.
    async fn claim(
        &self,
        shop: &Shop,
        id: OrderId,
        order: &Order,
        stations: &Stations,
        event: &Recorded<Event>,
        known_to: u64,
    ) -> Result<Claimed, Failure> {
        let mut wanted: BTreeMap<InventoryItemId, Vec<LineDemand>> = BTreeMap::new();
        for (variant, mut demand) in order.demands(id) {
            stations.route(&mut demand);
            // Not known yet: the line waits for its product's event.
            if let Some(item) = self.lookups.item(shop, variant).await? {
                wanted.entry(item).or_default().push(demand);
            }
        }
        let routings = self.routings(shop, id, order, &wanted).await?;
        let (cause, policy) = (Cause::of(event), self.settings.policy(shop));
        for ((item, lines), routing) in wanted.into_iter().zip(routings) {
            let stock = AggregateKey::new(AggregateKind::Stock, shop, item);
            let command = StockCommand::Claim { lines, routing, policy };
            match self.store.execute_unless_newer::<Stock>(&stock, command, &cause, known_to).await {
                Ok(_) => {}
                Err(StoreError::Newer { position, .. }) => return Ok(Claimed::Newer(position)),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Claimed::All)
    }

    /// How a location is chosen for each item. Where splits are to be few, what the locations have of the
    /// order's other items counts too; it may have changed a moment later, so it is a preference, no promise.
    async fn routings(
        &self,
        shop: &Shop,
        id: OrderId,
        order: &Order,
        wanted: &BTreeMap<InventoryItemId, Vec<LineDemand>>,
    ) -> Result<Vec<Routing>, Failure> {
        let routing = self.settings.routing(order);
        if wanted.len() < 2 || !routing.rules.contains(&Rule::MinimizeSplits) {
            return Ok(vec![routing; wanted.len()]);
        }
        let mut coverage: Vec<BTreeMap<LocationId, u32>> = Vec::with_capacity(wanted.len());
        for (item, lines) in wanted {
            let key = AggregateKey::new(AggregateKind::Stock, shop, item);
            let stock = self.store.load::<Stock>(&key, 1).await?;
            let units: u32 = lines.iter().flat_map(|line| &line.parts).map(|part| part.quantity).sum();
            let can_give = |level: Level| {
                (level.location_id, u32::try_from(level.available.max(0)).unwrap_or(u32::MAX).min(units))
            };
            coverage.push(stock.state.candidates_for(id).into_iter().map(can_give).collect());
        }
        let elsewhere = |of: usize| {
            let mut sum: BTreeMap<LocationId, u32> = BTreeMap::new();
            for (_, other) in coverage.iter().enumerate().filter(|(at, _)| *at != of) {
                other.iter().for_each(|(id, units)| *sum.entry(*id).or_default() += units);
            }
            sum
        };
        Ok((0..coverage.len()).map(|of| Routing { elsewhere: elsewhere(of), ..routing.clone() }).collect())
    }

    /// Tells the item's stock what the merchant set, before anything is promised of it.
    async fn govern(
        &self,
        item: Option<InventoryItemId>,
        at: Timestamp,
        event: &Recorded<Event>,
    ) -> Result<(), Failure> {
        let shop = &event.envelope.key.shop;
        let policy = self.settings.policy(shop);
        if let Some(item) = item.filter(|_| policy != StockPolicy::default()) {
            let stock = AggregateKey::new(AggregateKind::Stock, shop, item);
            self.store.execute::<Stock>(&stock, StockCommand::Govern { at, policy }, &Cause::of(event)).await?;
        }
        Ok(())
    }

    async fn copies_reach(&self, position: u64) -> Result<(), Failure> {
        if self.reached.load(Ordering::Relaxed) >= position {
            return Ok(());
        }
        let _turn = timeout(PATIENCE, self.asking.lock()).await.map_err(Failure::unavailable)?;
        if self.reached.load(Ordering::Relaxed) >= position {
            return Ok(());
        }
        let reached = wait_for(&self.copies, COPY_NAMES, position, PATIENCE).await.map_err(Failure::unavailable)?;
        self.reached.fetch_max(reached, Ordering::Relaxed);
        Ok(())
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
        OrderEvent::CheckedOut(_)
        | OrderEvent::ExtrasChanged(_)
        | OrderEvent::Returned(_)
        | OrderEvent::ReturnUpdated(_)
        | OrderEvent::RiskAssessed(_)
        | OrderEvent::ProtectionChanged(_)
        | OrderEvent::ShipmentTracked(_)
        | OrderEvent::ContactChanged(_)
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
