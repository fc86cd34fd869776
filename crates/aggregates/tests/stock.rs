//! What a shelf shows, example by example (the authority is Shopify's).
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use aggregates::{Adjustment, Decider, DemandPart, LineDemand, Routing, Rule, Stock, StockCommand, StockError};
use events::{
    DomainEvents, Fate, Level, LineId, LocationId, Observation, OrderId, RefundId, Return, StockAuthority, StockChange,
    StockEvent, StockPolicy, Timestamp,
};

const PARIS: u64 = 1;
const LYON: u64 = 2;

#[derive(Default)]
struct Shelf {
    stock: Stock,
    policy: StockPolicy,
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
        self.claimed_by(1, parts, returns)
    }

    fn claimed_by(self, order: u64, parts: Vec<DemandPart>, returns: Vec<Return>) -> Self {
        let (lines, policy) = (vec![line(order, 1, parts, returns)], self.policy);
        self.hear(StockCommand::Claim { lines, routing: paris_first(), policy })
    }

    fn governed(mut self, authority: StockAuthority, low_at: Option<i64>) -> Self {
        self.policy = StockPolicy { authority, low_at };
        let policy = self.policy;
        self.hear(StockCommand::Govern { at: at(0), policy })
    }

    fn adjusted(self, key: &str, second: i64, change: StockChange) -> Self {
        self.hear(StockCommand::Adjust(adjustment(key, second, change)))
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

fn paris_first() -> Routing {
    Routing { rules: vec![Rule::Priority], priority: vec![place(PARIS)], ..Routing::default() }
}

fn line(order: u64, line: u64, parts: Vec<DemandPart>, returns: Vec<Return>) -> LineDemand {
    LineDemand { order_id: OrderId::new(order).unwrap(), line_id: LineId::new(line).unwrap(), parts, returns }
}

fn adjustment(key: &str, second: i64, change: StockChange) -> Adjustment {
    let (reason, idempotency_key) = ("count".to_owned(), key.to_owned());
    Adjustment { location_id: place(PARIS), change, reason, idempotency_key, at: at(second) }
}

fn levels(event: &StockEvent) -> Vec<Level> {
    let body: serde_json::Value = serde_json::from_slice(&event.encode().unwrap()).unwrap();
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
    assert_eq!(shelf.told("stock.drift_detected"), 0, "what explains it may be on its way");
    let shelf = shelf.observed(PARIS, 66, 6);
    let Some(StockEvent::DriftDetected(drift)) =
        shelf.log.iter().find(|event| event.wire_type() == "stock.drift_detected")
    else {
        panic!("no drift was told");
    };
    assert_eq!((drift.expected, drift.observed), (7, 6));
    let shelf = shelf.observed(PARIS, 6, 6).observed(PARIS, 200, 6);
    assert_eq!(shelf.told("stock.drift_detected"), 1, "and is told once");
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

#[test]
fn an_echo_before_its_order_is_no_drift() {
    let shelf = Shelf::default().observed(PARIS, 0, 10).observed(PARIS, 5, 7).wanted(5, 3).observed(PARIS, 300, 7);
    assert_eq!(shelf.told("stock.drift_detected"), 0);
    let shelf = shelf.observed(PARIS, 400, 6).observed(PARIS, 500, 6);
    assert_eq!(shelf.told("stock.drift_detected"), 1, "what nobody ordered is");
}

#[test]
fn a_wrong_guess_is_no_drift_at_either_location() {
    let shelf = Shelf::default().observed(PARIS, 0, 10).observed(LYON, 0, 10).wanted(5, 3).observed(LYON, 5, 7);
    let shelf = shelf.observed(PARIS, 100, 10).observed(LYON, 100, 7).observed(PARIS, 200, 10).observed(LYON, 200, 7);
    assert_eq!(shelf.told("stock.drift_detected"), 0);
}

#[test]
fn ten_over_six_and_ten_are_six_and_four() {
    let shelf = Shelf::default().observed(PARIS, 0, 6).observed(LYON, 0, 10).wanted(5, 10);
    assert_eq!((shelf.level(PARIS), shelf.level(LYON)), ((0, 6, 6), (6, 4, 10)));
    assert_eq!(shelf.told("stock.oversold"), 0);
}

#[test]
fn lines_of_one_order_on_one_item_do_not_take_the_same_units() {
    let wants = |id, quantity| line(1, id, vec![part(None, 5, Fate::Wanted, quantity)], Vec::new());
    let (lines, policy) = (vec![wants(1, 6), wants(2, 6)], StockPolicy::default());
    let command = StockCommand::Claim { lines, routing: paris_first(), policy };
    let shelf = Shelf::default().observed(PARIS, 0, 10).hear(command);
    assert_eq!(shelf.level(PARIS), (-2, 12, 10));
    let Some(StockEvent::Oversold(told)) = shelf.log.iter().find(|event| event.wire_type() == "stock.oversold") else {
        panic!("nothing was oversold");
    };
    assert_eq!((told.line_id.get(), told.short), (2, 2), "the first line is covered whole");
}

#[test]
fn the_ledger_is_opened_once_and_later_observations_measure_drift() {
    let shelf = Shelf::default().governed(StockAuthority::Ledger, None).observed(PARIS, 0, 10).wanted(5, 3);
    let shelf = shelf.observed(PARIS, 6, 2);
    assert_eq!(shelf.level(PARIS), (7, 3, 10));
    assert_eq!(shelf.told("stock.drift_detected"), 0);
    let shelf = shelf.observed(PARIS, 100, 2).observed(PARIS, 200, 2).observed(PARIS, 300, 2);
    assert_eq!((shelf.level(PARIS), shelf.told("stock.drift_detected")), ((7, 3, 10), 1), "the same drift, told once");
}

#[test]
fn the_ledger_counts_where_it_booked_although_shopify_deducted_elsewhere() {
    let shelf = Shelf::default().governed(StockAuthority::Ledger, None).observed(PARIS, 0, 10).observed(LYON, 0, 10);
    let shelf = shelf.wanted(5, 3).observed(LYON, 5, 7);
    assert_eq!((shelf.level(PARIS), shelf.level(LYON)), ((7, 3, 10), (10, 0, 10)));
}

#[test]
fn the_ledger_is_opened_by_the_oldest_observation_whenever_it_comes() {
    let ledger = || Shelf::default().governed(StockAuthority::Ledger, None);
    let in_order = ledger().observed(PARIS, 0, 10).observed(PARIS, 9, 4).wanted(5, 3);
    let late = ledger().observed(PARIS, 9, 4).wanted(5, 3).observed(PARIS, 0, 10);
    assert_eq!((in_order.level(PARIS), late.level(PARIS)), ((7, 3, 10), (7, 3, 10)));
}

#[test]
fn an_adjustment_moves_what_is_there_and_its_key_repeats_nothing() {
    let shelf = Shelf::default().observed(PARIS, 0, 10).wanted(5, 3).adjusted("a", 9, StockChange::By(-2));
    assert_eq!(shelf.level(PARIS), (5, 3, 8));
    let mut shelf = shelf.adjusted("a", 12, StockChange::By(-2));
    assert_eq!((shelf.level(PARIS), shelf.told("stock.adjusted")), ((5, 3, 8), 1));
    let other = StockCommand::Adjust(adjustment("a", 9, StockChange::By(-3)));
    assert_eq!(shelf.stock.decide(other), Err(StockError::KeyReused));
    let shelf = shelf.adjusted("b", 12, StockChange::AvailableTo(9)).adjusted("c", 13, StockChange::OnHandTo(20));
    assert_eq!(shelf.level(PARIS), (17, 3, 20));
    assert_eq!(shelf.observed(PARIS, 60, 17).level(PARIS), (17, 3, 20), "its echo counts once");
}

#[test]
fn an_adjustment_where_the_item_is_not_stocked_is_refused() {
    let command = StockCommand::Adjust(adjustment("a", 9, StockChange::By(1)));
    assert_eq!(Stock::default().decide(command), Err(StockError::NotStocked(place(PARIS))));
}

#[test]
fn new_stock_covers_the_oldest_promise_first() {
    let wants = |second, quantity| vec![part(None, second, Fate::Wanted, quantity)];
    let shelf = Shelf::default().observed(PARIS, 0, 2);
    let shelf = shelf.claimed_by(7, wants(5, 4), Vec::new()).claimed_by(3, wants(9, 5), Vec::new());
    let shelf = shelf.adjusted("delivery", 20, StockChange::By(4));
    let filled = |log: &[StockEvent]| -> Vec<(u64, u32, u32)> {
        let filled = |event: &StockEvent| match event {
            StockEvent::BackorderFilled(told) => Some((told.order_id.get(), told.quantity, told.short)),
            _ => None,
        };
        log.iter().filter_map(filled).collect()
    };
    assert_eq!(filled(&shelf.log), [(7, 2, 0), (3, 2, 3)]);
    let shelf = shelf.claimed_by(3, vec![part(None, 9, Fate::Released { at: at(30) }, 5)], Vec::new());
    let shelf = shelf.adjusted("more", 40, StockChange::By(9));
    assert_eq!(filled(&shelf.log).len(), 2, "who wants nothing more waits for nothing");
}

#[test]
fn an_edge_is_told_only_when_it_is_crossed() {
    let shelf = Shelf::default().governed(StockAuthority::Shopify, Some(5)).observed(PARIS, 0, 3);
    assert_eq!(shelf.told("stock.ran_low"), 0, "it never had more");
    let shelf = shelf.observed(PARIS, 1, 8).observed(PARIS, 2, 5).observed(PARIS, 3, 4).observed(PARIS, 4, 5);
    assert_eq!(shelf.told("stock.ran_low"), 1);
    let shelf = shelf.observed(PARIS, 5, 9).observed(PARIS, 6, 0).observed(PARIS, 7, -1).observed(PARIS, 8, 2);
    assert_eq!((shelf.told("stock.ran_low"), shelf.told("stock.ran_out"), shelf.told("stock.came_back")), (1, 1, 1));
}

#[test]
fn lines_that_are_history_are_forgotten_and_not_told_again() {
    let shipped = |order: u64| vec![part(Some(PARIS), i64::try_from(order).unwrap(), Fate::Shipped, 1)];
    let mut shelf = Shelf::default().observed(PARIS, 0, 10_000);
    for order in 1..=500_u64 {
        let (second, available) = (i64::try_from(order).unwrap(), 10_000 - i64::try_from(order).unwrap());
        shelf = shelf.claimed_by(order, shipped(order), Vec::new()).observed(PARIS, second, available);
    }
    assert!(shelf.stock.held_lines() < 200, "{} lines are held", shelf.stock.held_lines());
    let told = shelf.log.len();
    let shelf = shelf.claimed_by(1, shipped(1), Vec::new());
    assert_eq!((shelf.log.len(), shelf.level(PARIS)), (told, (9_500, 0, 9_500)));
    let back =
        Return { refund_id: RefundId::new(1).unwrap(), location_id: Some(place(PARIS)), at: at(900), quantity: 1 };
    let shelf = shelf.claimed_by(1, shipped(1), vec![back]);
    assert_eq!((shelf.log.len(), shelf.level(PARIS)), (told + 1, (9_501, 0, 9_501)), "only what is new is told");
}

#[test]
fn a_state_written_down_goes_on_as_if_it_were_not() {
    let wants = |second, quantity| vec![part(None, second, Fate::Wanted, quantity)];
    let shelf = Shelf::default().governed(StockAuthority::Shopify, Some(5)).observed(PARIS, 0, 9);
    let mut shelf = shelf.claimed_by(1, wants(3, 8), Vec::new()).adjusted("a", 4, StockChange::By(-2));
    let mut restored = Stock::restore(&shelf.stock.snapshot().unwrap()).unwrap();
    assert_eq!(restored, shelf.stock);
    let (lines, policy) = (vec![line(2, 1, wants(6, 2), Vec::new())], shelf.policy);
    let next = StockCommand::Claim { lines, routing: paris_first(), policy };
    assert_eq!(restored.decide(next.clone()), shelf.stock.decide(next));
}

#[test]
fn a_fulfilment_order_moves_the_promise_to_where_it_is_sent_from() {
    let shelf = Shelf::default().observed(PARIS, 0, 10).observed(LYON, 0, 10).wanted(5, 4);
    let mut routed = line(1, 1, vec![part(None, 5, Fate::Wanted, 4)], Vec::new());
    routed.route(&[(place(LYON), 3)]);
    let shelf = shelf.claimed(routed.parts, Vec::new());
    assert_eq!((shelf.level(PARIS), shelf.level(LYON)), ((9, 1, 10), (7, 3, 10)));
    assert_eq!(shelf.told("stock.allocation_moved"), 1);
    let shelf = shelf.claimed(vec![part(Some(LYON), 5, Fate::Shipped, 4)], Vec::new());
    assert_eq!((shelf.level(PARIS), shelf.level(LYON)), ((10, 0, 10), (6, 0, 6)));
}
