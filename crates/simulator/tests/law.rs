//! The truth is what the deciders come to, in whatever order the deliveries arrive.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Command, Customer, Decider, LoyaltyAccount, LoyaltyCommand, Order, OrderCommand, Product, Program, Routing, Rule,
    Stock, StockCommand,
};
use events::{
    Claim, CustomerId, DomainEvents, Fate, InventoryItemId, Level, LineId, LocationId, OrderId, ProductEvent,
    ProductId, Sealed, StockEvent, StockPolicy, Timestamp, VariantId,
};
use serde_json::{Value, json};
use shopify::{Secret, Translation, translate};
use simulator::{Delivery, Disorder, Expected, Settings, StockTotals, Store, Truth};

/// Recorder, inventory service and read models in a few lines.
#[derive(Default)]
struct House {
    orders: BTreeMap<OrderId, Order>,
    products: BTreeMap<ProductId, Product>,
    customers: BTreeMap<CustomerId, Customer>,
    accounts: BTreeMap<CustomerId, LoyaltyAccount>,
    owners: BTreeMap<OrderId, BTreeSet<CustomerId>>,
    stock: BTreeMap<InventoryItemId, Stock>,
    items: BTreeMap<VariantId, InventoryItemId>,
    levels: BTreeMap<InventoryItemId, BTreeMap<LocationId, Level>>,
    claims: BTreeMap<InventoryItemId, BTreeMap<(OrderId, LineId), Claim>>,
}

impl House {
    fn receive(&mut self, delivery: &Delivery) {
        let said = shopify::Delivery {
            topic: Some(delivery.topic),
            shop: &delivery.shop,
            api_version: None,
            triggered_at: Some(delivery.triggered_at),
            received_at: delivery.triggered_at,
            body: &delivery.body,
        };
        let Translation::Commands(mut commands) = translate(&said).unwrap() else { return };
        for piece in commands.iter_mut().flat_map(|command| command.personal(&delivery.shop)) {
            // States are compared as JSON, which words have once they are sealed; here they stay readable.
            if let Some(Sealed::Open(text)) = piece.value {
                *piece.value = Some(Sealed::Clear(std::mem::take(text)));
            }
        }
        commands.into_iter().for_each(|command| self.obey(command));
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Order(id, command) => self.order(id, command),
            Command::Product(id, command) => {
                for event in self.products.entry(id).or_default().decide(command).unwrap() {
                    if let ProductEvent::VariantAdded(added) = event {
                        self.items.extend(added.variant.inventory_item_id.map(|item| (added.variant.id, item)));
                    }
                }
            }
            Command::Customer(id, command) => drop(self.customers.entry(id).or_default().decide(command).unwrap()),
            Command::Stock(item, command) => self.move_stock(item, command),
            Command::Shop(..)
            | Command::Resource(..)
            | Command::FulfillmentOrder(..)
            | Command::Checkout(..)
            | Command::Return(..) => {}
        }
    }

    fn order(&mut self, id: OrderId, command: OrderCommand) {
        let decided = self.orders.entry(id).or_default().decide(command).unwrap();
        self.claim(id);
        decided.last().into_iter().for_each(|event| self.award(id, event.at()));
    }

    /// To its customer; whoever it was said to be of before gets nothing.
    fn award(&mut self, order_id: OrderId, at: Timestamp) {
        let Some(worth) = self.orders[&order_id].worth() else { return };
        let owners = self.owners.entry(order_id).or_default();
        owners.extend(worth.customer_id);
        for owner in owners.iter() {
            let worth = Some(worth.clone()).filter(|worth| worth.customer_id == Some(*owner));
            let command = LoyaltyCommand::Settle { order_id, worth, program: Program::default(), at };
            self.accounts.entry(*owner).or_default().decide(command).unwrap();
        }
    }

    /// Lines whose variant is not known yet wait.
    fn claim(&mut self, id: OrderId) {
        for (variant, demand) in self.orders[&id].demands(id) {
            let Some(item) = self.items.get(&variant).copied() else { continue };
            let priority = self.levels.get(&item).map(|levels| levels.keys().copied().collect()).unwrap_or_default();
            let routing = Routing { rules: vec![Rule::Priority], priority, ..Routing::default() };
            let policy = StockPolicy::default();
            self.move_stock(item, StockCommand::Claim { lines: vec![demand], routing, policy });
        }
    }

    fn move_stock(&mut self, item: InventoryItemId, command: StockCommand) {
        for event in self.stock.entry(item).or_default().decide(command).unwrap() {
            let (claim, levels) = effects(event);
            let held = self.levels.entry(item).or_default();
            held.extend(levels.into_iter().map(|level| (level.location_id, level)));
            let claims = self.claims.entry(item).or_default();
            claims.extend(claim.map(|claim| ((claim.order_id, claim.line_id), claim)));
        }
    }

    /// What waited for its product has it now.
    fn settle(&mut self) {
        let orders: Vec<OrderId> = self.orders.keys().copied().collect();
        orders.into_iter().for_each(|id| self.claim(id));
    }
}

fn effects(event: StockEvent) -> (Option<Claim>, Vec<Level>) {
    match event {
        StockEvent::Connected(event) => (None, event.levels),
        StockEvent::Disconnected(event) => (None, event.levels),
        StockEvent::Observed(event) => (None, event.levels),
        StockEvent::Allocated(event) => (Some(event.claim), event.levels),
        StockEvent::AllocationReleased(event) => (Some(event.claim), event.levels),
        StockEvent::AllocationMoved(event) => (Some(event.claim), event.levels),
        StockEvent::Shipped(event) => (Some(event.claim), event.levels),
        StockEvent::Received(event) => (Some(event.claim), event.levels),
        StockEvent::ClaimCorrected(event) => (Some(event.claim), event.levels),
        _ => (None, Vec::new()),
    }
}

fn history(seed: u64, orders: usize) -> (Truth, Vec<Delivery>) {
    let settings = Settings::new("acme".parse().unwrap(), Secret::new("hush").unwrap(), seed);
    let mut store = Store::new(&settings);
    let mut deliveries = store.open();
    deliveries.extend(store.live(orders));
    (store.truth(), deliveries)
}

fn id_of<T: std::str::FromStr<Err: std::fmt::Debug>>(path: &str) -> T {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

/// As much of the API's answer as the claims and levels of an item tell.
fn stock_row(house: &House, item: InventoryItemId, totals: &StockTotals) -> Value {
    let levels = house.levels.get(&item).cloned().unwrap_or_default();
    let locations = levels.values().map(|level| {
        json!({
            "location_id": level.location_id,
            "available": level.available,
            "observed_available": level.observation.as_ref().map(|seen| seen.available),
            "allocated": level.allocated,
            "on_hand": level.on_hand,
        })
    });
    let claims = house.claims.get(&item).cloned().unwrap_or_default();
    let wanted = claims.values().flat_map(|claim| claim.parts.iter().map(move |part| (claim, part)));
    let wanted = wanted.filter(|(_, part)| part.fate == Fate::Wanted);
    let allocations = wanted
        .map(|(claim, part)| json!({"order_id": claim.order_id, "line_id": claim.line_id, "quantity": part.quantity}));
    json!({
        "variant_id": totals.variant_id,
        "sku": totals.sku,
        "locations": locations.collect::<Vec<_>>(),
        "allocations": allocations.collect::<Vec<_>>(),
    })
}

/// As much of the API's answer as the lots of an account tell.
fn account_row(account: &LoyaltyAccount) -> Value {
    let mut lots: Vec<_> = account.lots().filter(|lot| lot.remaining != 0).collect();
    lots.sort_by_key(|lot| lot.rank());
    let lot = |lot: &events::Lot| json!({"order_id": lot.order_id, "points": lot.remaining, "granted": lot.granted});
    let balance = account.balance();
    let lots: Vec<_> = lots.into_iter().map(lot).collect();
    json!({"points": balance.points, "pending": balance.pending, "lots": lots})
}

/// What both the aggregate and the API call by one name.
fn order_row(order: &Order, expected: &Value) -> Value {
    let state = serde_json::to_value(order).unwrap();
    let money = |name: &str| state["totals"][name]["shop"].clone();
    let line = |line: &Value| {
        let held = &state["lines"][line["id"].as_str().unwrap()]["line"];
        let mut row = line.clone();
        for key in ["product_id", "variant_id", "sku", "title", "quantity", "current_quantity"] {
            row[key] = held[key].clone();
        }
        (row["price"], row["discount"]) = (held["price"]["shop"].clone(), held["discount"]["shop"].clone());
        row
    };
    let mut row = expected.clone();
    row["lines"] = expected["lines"].as_array().unwrap().iter().map(line).collect();
    row["financial_status"] = state["financial_status"].clone();
    row["customer_id"] = state["contact"]["customer_id"].clone();
    row["updated_at"] = state["as_of"]["updated_at"].clone();
    row["cancelled_at"] = state["cancelled"]["at"].clone();
    row["closed_at"] = state["closed_at"].clone();
    row["name"] = state["identity"]["name"].clone();
    row["tags"] = state["tags"].clone();
    (row["total"], row["current_total"]) = (money("total"), money("current_total"));
    (row["subtotal"], row["total_tax"]) = (money("subtotal"), money("tax"));
    (row["total_discounts"], row["total_shipping"]) = (money("discounts"), money("shipping"));
    let count = |name: &str| state[name].as_object().unwrap().len();
    assert_eq!(count("refunds"), expected["refunds"].as_array().unwrap().len());
    assert_eq!(count("fulfillments"), expected["fulfillments"].as_array().unwrap().len());
    assert_eq!(count("lines"), expected["lines"].as_array().unwrap().len());
    row
}

fn compare(truth: &Truth, house: &House) -> Vec<String> {
    let differences = truth.expectations().flat_map(|expectation| match expectation.expected {
        Expected::Stock(totals) => {
            let row = stock_row(house, id_of(expectation.path), totals);
            expectation.differences(200, &row)
        }
        Expected::Row(row) if expectation.path.contains("/orders/") => {
            let order = &house.orders[&id_of::<OrderId>(expectation.path)];
            expectation.differences(200, &order_row(order, row))
        }
        Expected::Row(_) if expectation.path.ends_with("/loyalty") => {
            let customer = id_of(expectation.path.trim_end_matches("/loyalty"));
            let none = LoyaltyAccount::default();
            expectation.differences(200, &account_row(house.accounts.get(&customer).unwrap_or(&none)))
        }
        _ => Vec::new(),
    });
    differences.collect()
}

#[test]
fn the_truth_is_what_any_arrival_comes_to() {
    for seed in 0..3 {
        let (truth, deliveries) = history(seed, 70);
        for disorder in [Disorder::none(), Disorder::mild(seed), Disorder::heavy(seed), Disorder::chaos(seed)] {
            let mut house = House::default();
            disorder.apply(deliveries.clone()).iter().for_each(|delivery| house.receive(delivery));
            house.settle();
            let differences = compare(&truth, &house);
            assert!(differences.is_empty(), "seed {seed}, {disorder:?}:\n{}", differences.join("\n"));
        }
    }
}

#[test]
fn a_delivery_that_never_comes_shows() {
    let (truth, mut deliveries) = history(1, 40);
    let last = deliveries.iter().rposition(|delivery| delivery.topic == "inventory_levels/update").unwrap();
    deliveries.remove(last);
    let mut house = House::default();
    deliveries.iter().for_each(|delivery| house.receive(delivery));
    house.settle();
    assert!(!compare(&truth, &house).is_empty());
}
