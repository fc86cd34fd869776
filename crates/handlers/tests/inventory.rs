//! The inventory service against a real broker and its own database.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::sync::Arc;

use aggregates::{
    FulfillmentOrderCommand, FulfillmentOrderNews, FulfillmentOrderState, OrderCommand, OrderSnapshot, Product,
    ProductCommand, ProductSnapshot, Stock, StockCommand,
};
use db::Database;
use events::{
    AggregateKey, AggregateKind, AsOf, Event, FulfillmentOrderId, FulfillmentOrderLine, FulfillmentOrderTold,
    InventoryItemId, Line, LineId, LocationId, Money, MoneySet, Observation, OrderId, ProductDescription, ProductId,
    Recorded, Shop, StockEvent, Timestamp, Variant, VariantId,
};
use handlers::inventory::{AllocateStock, Inventory, InventorySettings, Rule};
use projections::Engine;
use streams::{Cause, EventStore, Subscriber, Subscription};
use tempfile::TempDir;
use testkit::{Fixture, Unsealed};

/// The service, driven step by step.
struct Service {
    store: EventStore,
    copies: Engine,
    allocate_stock: Subscription<AllocateStock>,
    words: u64,
    fixture: Fixture,
    _folder: TempDir,
}

impl Service {
    async fn start() -> Self {
        Self::start_with(InventorySettings::default()).await
    }

    async fn start_with(settings: InventorySettings) -> Self {
        let fixture = Fixture::single(&handlers::durables()).await;
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("inventory.db").display());
        let db = Database::open(&url).await.unwrap();
        let service = Inventory::open(&fixture.broker, db, settings).await.unwrap();
        let allocate_stock = subscribe(&fixture, service.allocate_stock).await;
        let store = EventStore::new(&fixture.broker).sealed_by(Arc::new(Unsealed));
        Self { store, copies: service.copies, allocate_stock, words: 0, fixture, _folder: folder }
    }

    async fn say<A: aggregates::Decider>(&mut self, kind: AggregateKind, id: u64, command: A::Command)
    where
        A::Event: events::DomainEvents,
        A::Command: Clone + Send + Sync,
        A::Error: Send + Sync + 'static,
    {
        self.words += 1;
        let id_of_cause = Cause::inbox_id(self.words);
        let cause = Cause { id: id_of_cause.clone(), correlation_id: id_of_cause, trace_parent: None };
        let key = AggregateKey::new(kind, &shop(), id);
        self.store.execute::<A>(&key, command, &cause).await.unwrap();
    }

    async fn order(&mut self, order: OrderSnapshot) {
        self.order_of(1, order).await;
    }

    async fn order_of(&mut self, id: u64, order: OrderSnapshot) {
        let command = OrderCommand::Snapshot(Box::new(order));
        self.say::<aggregates::Order>(AggregateKind::Order, id, command).await;
    }

    async fn product(&mut self) {
        let command = ProductCommand::Snapshot(Box::new(product()));
        self.say::<Product>(AggregateKind::Product, 5, command).await;
    }

    async fn level(&mut self, second: i64, available: i64) {
        self.level_at(9, second, available).await;
    }

    async fn level_at(&mut self, location: u64, second: i64, available: i64) {
        let observation = Observation { at: at(second), triggered_at: None, available };
        let command = StockCommand::Observe { location_id: LocationId::new(location).unwrap(), observation };
        self.say::<Stock>(AggregateKind::Stock, 70, command).await;
    }

    async fn fulfillment_order(&mut self, id: u64, second: i64, told: FulfillmentOrderTold) {
        let (id_of, news) = (FulfillmentOrderId::new(id).unwrap(), FulfillmentOrderNews::Other);
        let command = FulfillmentOrderCommand { id: id_of, as_of: as_of(second), news, told };
        self.say::<FulfillmentOrderState>(AggregateKind::FulfillmentOrder, id, command).await;
    }

    /// What is promised where, by location.
    async fn places(&self) -> Vec<(u64, i64)> {
        let key = AggregateKey::new(AggregateKind::Stock, &shop(), InventoryItemId::new(70).unwrap());
        let levels = self.store.load::<Stock>(&key, 0).await.unwrap().state.levels();
        let promised = levels.into_iter().filter(|level| level.allocated != 0);
        promised.map(|level| (level.location_id.get(), level.allocated)).collect()
    }

    /// Folds the copies and handles what is there.
    async fn react(&mut self) {
        self.copies.step().await.unwrap();
        let step = self.allocate_stock.step().await.unwrap();
        assert_eq!((step.dead, step.retried, step.unavailable), (0, 0, None));
    }

    async fn stock(&self) -> Vec<StockEvent> {
        let key = AggregateKey::new(AggregateKind::Stock, &shop(), InventoryItemId::new(70).unwrap());
        let events = self.store.events(&key).await.unwrap();
        let stock = |event| if let Event::Stock(event) = event { Some(event) } else { None };
        events.into_iter().filter_map(|recorded| stock(recorded.event)).collect()
    }

    async fn events_of(&self, order: u64) -> Vec<Recorded<Event>> {
        let key = AggregateKey::new(AggregateKind::Order, &shop(), OrderId::new(order).unwrap());
        self.store.events(&key).await.unwrap()
    }

    async fn promised(&self) -> Vec<u32> {
        let allocated = |event| if let StockEvent::Allocated(event) = event { Some(event.quantity) } else { None };
        self.stock().await.into_iter().filter_map(allocated).collect()
    }
}

async fn subscribe(fixture: &Fixture, subscriber: AllocateStock) -> Subscription<AllocateStock> {
    Subscription::open(&fixture.broker, subscriber, Inventory::subscription()).await.unwrap()
}

fn shop() -> Shop {
    "acme".parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn as_of(second: i64) -> AsOf {
    AsOf { updated_at: at(second), triggered_at: None, digest: String::new() }
}

fn product() -> ProductSnapshot {
    let variant = Variant {
        id: VariantId::new(7).unwrap(),
        inventory_item_id: InventoryItemId::new(70),
        sku: None,
        title: "tea".to_owned(),
        price: 3.into(),
        compare_at_price: None,
    };
    ProductSnapshot {
        as_of: as_of(0),
        created_at: at(0),
        description: ProductDescription::default(),
        published_at: None,
        variants: vec![variant],
        further_variants: Vec::new(),
    }
}

fn order(second: i64, quantity: u32) -> OrderSnapshot {
    let money = MoneySet::same(Money::zero("EUR".parse().unwrap()));
    let line = Line {
        id: LineId::new(1).unwrap(),
        product_id: ProductId::new(5),
        variant_id: VariantId::new(7),
        sku: None,
        title: "tea".to_owned(),
        quantity,
        current_quantity: quantity,
        price: money,
        discount: money,
        gift_card: false,
        tracked: true,
    };
    let placed = OrderSnapshot::placed(at(10), "EUR".parse().unwrap());
    OrderSnapshot { as_of: as_of(second), lines: vec![line], ..placed }
}

#[tokio::test]
async fn an_order_is_promised_its_goods() {
    let mut service = Service::start().await;
    service.product().await;
    service.level(0, 10).await;
    service.order(order(10, 3)).await;
    service.react().await;
    assert_eq!(service.promised().await, [3]);
}

#[tokio::test]
async fn a_line_whose_variant_is_unknown_waits_for_its_product() {
    let mut service = Service::start().await;
    service.level(0, 10).await;
    service.order(order(10, 3)).await;
    service.react().await;
    assert!(service.promised().await.is_empty());
    service.product().await;
    service.react().await;
    assert_eq!(service.promised().await, [3]);
}

#[tokio::test]
async fn what_was_not_acknowledged_is_handled_again_and_changes_nothing() {
    let mut service = Service::start().await;
    service.product().await;
    service.level(0, 10).await;
    service.order(order(10, 3)).await;
    service.react().await;
    let told = service.stock().await;
    // Another service of the same name, that has seen nothing: every event is delivered once more.
    let key = OrderId::new(1).unwrap();
    let again = service.store.events(&AggregateKey::new(AggregateKind::Order, &shop(), key)).await.unwrap();
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("again.db").display());
    let db = Database::open(&url).await.unwrap();
    let mut fresh = Inventory::open(&service.fixture.broker, db, InventorySettings::default()).await.unwrap();
    fresh.copies.step().await.unwrap();
    for event in again.iter().chain(&again) {
        streams::Subscriber::handle(&fresh.allocate_stock, event).await.unwrap();
    }
    assert_eq!(service.stock().await, told);
}

#[tokio::test]
async fn an_edit_moves_only_the_difference() {
    let mut service = Service::start().await;
    service.product().await;
    service.level(0, 10).await;
    service.order(order(10, 3)).await;
    service.react().await;
    service.order(order(20, 5)).await;
    service.react().await;
    assert_eq!(service.promised().await, [3, 2]);
}

#[tokio::test]
async fn a_service_that_was_away_catches_up_and_each_order_is_promised_once() {
    let mut service = Service::start().await;
    service.product().await;
    service.level(0, 100).await;
    for id in 1..=150 {
        service.order_of(id, order(10, 1)).await;
    }
    service.react().await;
    assert_eq!(service.promised().await, [1; 150]);
    let stock = service.stock().await;
    let oversold = stock.iter().filter(|event| matches!(event, StockEvent::Oversold(_))).count();
    let ran_out = stock.iter().filter(|event| matches!(event, StockEvent::RanOut(_))).count();
    assert_eq!((oversold, ran_out), (50, 1));
}

#[tokio::test]
async fn the_shops_ledger_is_told_to_the_item_before_anything_is_promised() {
    let settings = InventorySettings { ledgers: [shop()].into(), low_at: Some(8), ..InventorySettings::default() };
    let mut service = Service::start_with(settings).await;
    service.product().await;
    service.react().await;
    service.level(0, 10).await;
    service.order(order(10, 3)).await;
    service.react().await;
    service.level(20, 2).await;
    let stock = service.stock().await;
    assert!(matches!(stock.first(), Some(StockEvent::Governed(_))));
    assert_eq!(
        stock.iter().filter(|event| matches!(event, StockEvent::RanLow(told) if told.available == 7)).count(),
        1
    );
    let Some(StockEvent::Observed(last)) = stock.last() else { panic!("not an observation: {stock:?}") };
    assert_eq!(last.levels[0].available, 7, "shopify's word does not move our ledger");
}

#[tokio::test]
async fn a_pinned_source_is_promised_at_its_location_and_the_event_says_why() {
    let pinned = vec!["web=9".parse().unwrap()];
    let settings = InventorySettings { rules: Rule::ALL.to_vec(), pinned, ..InventorySettings::default() };
    let mut service = Service::start_with(settings).await;
    service.product().await;
    service.level(0, 10).await;
    let observation = Observation { at: at(0), triggered_at: None, available: 500 };
    let elsewhere = StockCommand::Observe { location_id: LocationId::new(4).unwrap(), observation };
    service.say::<Stock>(AggregateKind::Stock, 70, elsewhere).await;
    service.order(OrderSnapshot { source_name: Some("web".to_owned()), ..order(10, 3) }).await;
    service.react().await;
    let stock = service.stock().await;
    let Some(StockEvent::Allocated(told)) = stock.last() else { panic!("nothing was promised: {stock:?}") };
    let why = told.decision.clone().unwrap();
    assert_eq!((told.location_id, why.rule.as_str()), (LocationId::new(9), "pinned"));
    let ranks: Vec<_> = why.candidates.iter().map(|one| (one.location_id.get(), one.rank)).collect();
    assert_eq!(ranks, [(9, Some(0)), (4, None)]);
}

/// What a fulfilment order says of order 1, when it says all: so many units of its line, sent from there.
fn routed(location: u64, units: u32) -> FulfillmentOrderTold {
    let line_id = LineId::new(1).unwrap();
    FulfillmentOrderTold {
        order_id: OrderId::new(1),
        status: Some("open".to_owned()),
        location_id: LocationId::new(location),
        lines: Some(vec![FulfillmentOrderLine { line_id, quantity: units, remaining: units }]),
        ..FulfillmentOrderTold::default()
    }
}

/// Either can send all; of equals the first is chosen, which is 4.
async fn two_locations() -> Service {
    let mut service = Service::start().await;
    service.product().await;
    service.level_at(9, 0, 20).await;
    service.level_at(4, 0, 10).await;
    service
}

#[tokio::test]
async fn goods_move_to_where_shopify_sends_them_from_whichever_is_heard_first() {
    for order_first in [true, false] {
        let mut service = two_locations().await;
        if order_first {
            service.order(order(10, 5)).await;
            service.react().await;
            assert_eq!(service.places().await, [(4, 5)], "chosen by ourselves");
        }
        service.fulfillment_order(1, 11, routed(4, 3)).await;
        service.fulfillment_order(2, 11, routed(9, 2)).await;
        service.react().await;
        if !order_first {
            service.order(order(10, 5)).await;
            service.react().await;
        }
        assert_eq!(service.places().await, [(4, 3), (9, 2)], "order first: {order_first}");
        let told = service.stock().await;
        let moved = told.iter().filter(|event| matches!(event, StockEvent::AllocationMoved(_))).count();
        assert_eq!(moved, usize::from(order_first), "only what lay elsewhere is moved");
        // Nothing of it is undone by what the order says next.
        service.order(order(20, 6)).await;
        service.react().await;
        let places = service.places().await;
        assert!(places == [(4, 3), (9, 3)] || places == [(4, 4), (9, 2)], "{places:?}");
    }
}

#[tokio::test]
async fn what_is_moved_on_goes_along_though_the_word_names_no_order() {
    let mut service = two_locations().await;
    service.order(order(10, 5)).await;
    service.fulfillment_order(1, 11, routed(9, 5)).await;
    service.react().await;
    assert_eq!(service.places().await, [(9, 5)]);
    let id = |id| FulfillmentOrderId::new(id).unwrap();
    let status = |status: &str| Some(status.to_owned());
    let closed =
        FulfillmentOrderTold { status: status("closed"), replaced_by: vec![id(2)], ..FulfillmentOrderTold::default() };
    let heir = FulfillmentOrderTold {
        status: status("open"),
        location_id: LocationId::new(4),
        replaces: vec![id(1)],
        ..FulfillmentOrderTold::default()
    };
    service.fulfillment_order(1, 12, closed).await;
    service.fulfillment_order(2, 12, heir).await;
    service.react().await;
    assert_eq!(service.places().await, [(4, 5)]);
}

#[tokio::test]
async fn a_word_that_leads_to_no_order_moves_nothing() {
    let mut service = two_locations().await;
    service.order(order(10, 5)).await;
    service.fulfillment_order(1, 11, FulfillmentOrderTold { order_id: None, ..routed(9, 5) }).await;
    service.react().await;
    assert_eq!(service.places().await, [(4, 5)]);
}

/// Another process of the service, with a database of its own.
struct Replica {
    allocate_stock: AllocateStock,
    copies: Engine,
    _folder: TempDir,
}

impl Replica {
    async fn start(fixture: &Fixture) -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("replica.db").display());
        let db = Database::open(&url).await.unwrap();
        let service = Inventory::open(&fixture.connect().await, db, InventorySettings::default()).await.unwrap();
        Self { allocate_stock: service.allocate_stock, copies: service.copies, _folder: folder }
    }

    async fn handle(&mut self, event: &Recorded<Event>) {
        self.copies.step().await.unwrap();
        Subscriber::handle(&self.allocate_stock, event).await.unwrap();
    }
}

#[tokio::test]
async fn a_replica_that_slept_over_a_takeover_does_not_have_the_last_word() {
    for has_met_the_item in [false, true] {
        let mut service = Service::start().await;
        service.product().await;
        service.level(0, 10).await;
        let (mut slept, mut next) = (Replica::start(&service.fixture).await, Replica::start(&service.fixture).await);
        service.order(order(10, 3)).await;
        service.order(order(20, 5)).await;
        service.order_of(2, order(10, 1)).await;
        let told = service.events_of(1).await;
        let [placed, edited] = &told[..] else { panic!("not two events: {told:?}") };
        // It was given the first event, and slept. The next reader had both meanwhile.
        Subscriber::hear(&slept.allocate_stock, placed);
        next.handle(placed).await;
        next.handle(edited).await;
        if has_met_the_item {
            let other = service.events_of(2).await.remove(0);
            slept.handle(&other).await;
        }
        slept.handle(placed).await;
        let promised = if has_met_the_item { 6 } else { 5 };
        assert_eq!(service.places().await, [(9, promised)], "has met the item: {has_met_the_item}");
    }
}
