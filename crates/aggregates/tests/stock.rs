//! What a shelf shows, example by example (the authority is Shopify's).
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use aggregates::{Decider, DemandPart, LineDemand, Stock, StockCommand};
use events::{
    DomainEvents, Fate, Level, LineId, LocationId, Observation, OrderId, RefundId, Return, StockEvent, Timestamp,
};

const PARIS: u64 = 1;
const LYON: u64 = 2;

#[derive(Default)]
struct Shelf {
    stock: Stock,
    log: Vec<StockEvent>,
}

impl Shelf {
    fn hear(mut self, command: StockCommand) -> Self {
        self.log.extend(self.stock.decide(command).unwrap());
        self
    }

    fn observed(self, location: u64, second: i64, available: i64) -> Self {
        let observation = Observation { at: at(second), triggered_at: None, available };
        self.hear(StockCommand::Observe { location_id: place(location), observation })
    }

    fn wanted(self, second: i64, quantity: u32) -> Self {
        self.claimed(vec![part(None, second, Fate::Wanted, quantity)], Vec::new())
    }

    fn claimed(self, parts: Vec<DemandPart>, returns: Vec<Return>) -> Self {
        let (order_id, line_id) = (OrderId::new(1).unwrap(), LineId::new(1).unwrap());
        let lines = vec![LineDemand { order_id, line_id, parts, returns }];
        self.hear(StockCommand::Claim { lines, priority: vec![place(PARIS)] })
    }

    /// `(available, allocated, on_hand)` as last told.
    fn level(&self, location: u64) -> (i64, i64, i64) {
        let told = self.log.iter().rev().flat_map(levels);
        let level = told.into_iter().find(|level| level.location_id == place(location)).expect("never told");
        (level.available, level.allocated, level.on_hand)
    }

    fn told(&self, wire_type: &str) -> usize {
        self.log.iter().filter(|event| event.wire_type() == wire_type).count()
    }
}

fn levels(event: &StockEvent) -> Vec<Level> {
    let body: serde_json::Value = serde_json::from_slice(&event.encode()).unwrap();
    body.get("levels").map_or_else(Vec::new, |levels| serde_json::from_value(levels.clone()).unwrap())
}

fn part(location: Option<u64>, second: i64, fate: Fate, quantity: u32) -> DemandPart {
    DemandPart { location_id: location.map(place), taken_at: at(second), fate, since: at(second), quantity }
}

fn place(id: u64) -> LocationId {
    LocationId::new(id).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

#[test]
fn an_order_is_deducted_at_once_before_its_echo() {
    let shelf = Shelf::default().observed(PARIS, 0, 10).wanted(5, 3);
    assert_eq!(shelf.level(PARIS), (7, 3, 10));
}

#[test]
fn an_order_and_its_echo_count_once_whichever_comes_first() {
    let order_first = Shelf::default().observed(PARIS, 0, 10).wanted(5, 3).observed(PARIS, 5, 7);
    let echo_first = Shelf::default().observed(PARIS, 0, 10).observed(PARIS, 5, 7).wanted(5, 3);
    assert_eq!(order_first.level(PARIS), (7, 3, 10));
    assert_eq!(echo_first.level(PARIS), (7, 3, 10));
}

#[test]
fn a_wrong_guess_does_not_distort_its_location() {
    let shelf = Shelf::default().observed(PARIS, 0, 10).observed(LYON, 0, 10).wanted(5, 3).observed(LYON, 5, 7);
    assert_eq!(shelf.level(PARIS), (10, 3, 13), "the echo elsewhere says that shopify has deducted");
    assert_eq!(shelf.level(LYON), (7, 0, 7));
}

#[test]
fn shipping_takes_the_goods_and_the_promise_from_the_real_location() {
    let shelf = Shelf::default().observed(PARIS, 0, 10).observed(LYON, 0, 10).wanted(5, 3).observed(LYON, 5, 7);
    let shelf = shelf.claimed(vec![part(Some(LYON), 5, Fate::Shipped, 3)], Vec::new());
    assert_eq!(shelf.level(PARIS), (10, 0, 10));
    assert_eq!(shelf.level(LYON), (7, 0, 7));
    assert_eq!((shelf.told("stock.allocation_moved"), shelf.told("stock.shipped")), (1, 1));
}

#[test]
fn a_cancelled_promise_comes_back_until_its_echo_says_so() {
    let released = Fate::Released { at: at(9) };
    let shelf = Shelf::default().observed(PARIS, 0, 10).wanted(5, 3).observed(PARIS, 5, 7);
    let shelf = shelf.claimed(vec![part(None, 5, released, 3)], Vec::new());
    assert_eq!(shelf.level(PARIS), (10, 0, 10));
    assert_eq!(shelf.observed(PARIS, 9, 10).level(PARIS), (10, 0, 10));
}

#[test]
fn what_is_not_restocked_leaves_with_the_promise() {
    let shelf = Shelf::default().observed(PARIS, 0, 10).wanted(5, 3);
    let shelf = shelf.claimed(vec![part(None, 5, Fate::WrittenOff, 3)], Vec::new());
    assert_eq!(shelf.level(PARIS), (7, 0, 7));
}

#[test]
fn a_return_is_received_where_it_is_told() {
    let back = Return { refund_id: RefundId::new(1).unwrap(), location_id: Some(place(LYON)), at: at(20), quantity: 2 };
    let shelf = Shelf::default().observed(PARIS, 0, 10).observed(LYON, 0, 1);
    let shelf = shelf.claimed(vec![part(Some(PARIS), 5, Fate::Shipped, 3)], vec![back]);
    assert_eq!(shelf.level(PARIS), (7, 0, 7));
    assert_eq!(shelf.level(LYON), (3, 0, 3));
    assert_eq!(shelf.told("stock.received"), 1);
}

#[test]
fn drift_is_what_the_movements_do_not_explain() {
    let shelf = Shelf::default().observed(PARIS, 0, 10).wanted(5, 3).observed(PARIS, 6, 6);
    let Some(StockEvent::DriftDetected(drift)) =
        shelf.log.iter().find(|event| event.wire_type() == "stock.drift_detected")
    else {
        panic!("no drift was told");
    };
    assert_eq!((drift.expected, drift.observed), (7, 6));
    assert_eq!(shelf.observed(PARIS, 6, 6).told("stock.drift_detected"), 1, "and is told once");
}

#[test]
fn a_late_older_observation_does_not_win() {
    let shelf = Shelf::default().observed(PARIS, 10, 5).observed(PARIS, 3, 50);
    assert_eq!(shelf.level(PARIS), (5, 0, 5));
}

#[test]
fn overselling_is_told_and_never_refused() {
    let shelf = Shelf::default().observed(PARIS, 0, 2).wanted(5, 3);
    assert_eq!(shelf.level(PARIS), (-1, 3, 2));
    assert_eq!((shelf.told("stock.oversold"), shelf.told("stock.ran_out")), (1, 1));
    let shelf = shelf.observed(PARIS, 60, 8);
    assert_eq!(shelf.told("stock.came_back"), 1);
}

#[test]
fn a_promise_without_a_location_goes_to_the_first_that_is_heard_of() {
    let shelf = Shelf::default().wanted(5, 3).observed(PARIS, 0, 10);
    assert_eq!(shelf.level(PARIS), (7, 3, 10));
}
