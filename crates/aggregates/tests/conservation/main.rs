//! Nothing appears and nothing vanishes: at every prefix of the log the movements that were told add up to the
//! levels that were told, and the levels are what the definition says of observations and claims.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod definition;

use std::collections::BTreeMap;

use aggregates::{Adjustment, Decider, DemandPart, LineDemand, Routing, Rule, Stock, StockCommand};
use cqrs_es::Aggregate;
use definition::Definition;
use events::{
    Fate, LineId, LocationId, Observation, OrderId, RefundId, Return, StockAuthority, StockChange, StockEvent,
    StockPolicy, Timestamp,
};
use proptest::collection::vec;
use proptest::prelude::*;

const LOCATIONS: u64 = 3;

#[derive(Debug, Clone)]
enum Act {
    Place { order: u64, quantity: u32 },
    Ship { order: u64, location: u64 },
    Cancel { order: u64, restock: bool },
    Return { order: u64, location: u64 },
    Count { location: u64, available: i64 },
    Adjust { location: u64, by: i64 },
}

fn act() -> impl Strategy<Value = Act> {
    let (order, location) = (1..=6_u64, 1..=LOCATIONS);
    prop_oneof![
        4 => (order.clone(), 1..9_u32).prop_map(|(order, quantity)| Act::Place { order, quantity }),
        3 => (order.clone(), location.clone()).prop_map(|(order, location)| Act::Ship { order, location }),
        1 => (order.clone(), any::<bool>()).prop_map(|(order, restock)| Act::Cancel { order, restock }),
        1 => (order, location.clone()).prop_map(|(order, location)| Act::Return { order, location }),
        3 => (location.clone(), -3..20_i64).prop_map(|(location, available)| Act::Count { location, available }),
        1 => (location, -5..6_i64).prop_map(|(location, by)| Act::Adjust { location, by }),
    ]
}

/// Orders of one line each, and the item's stock.
struct Shop {
    now: i64,
    policy: StockPolicy,
    lines: BTreeMap<u64, (Vec<DemandPart>, Vec<Return>)>,
    stock: Stock,
    log: Vec<StockEvent>,
}

impl Shop {
    fn does(&mut self, act: &Act, seconds: i64, number: usize) {
        self.now += seconds;
        let now = at(self.now);
        match *act {
            Act::Place { order, quantity } => {
                let part = DemandPart { location_id: None, taken_at: now, fate: Fate::Wanted, since: now, quantity };
                self.lines.entry(order).or_insert_with(|| (vec![part], Vec::new()));
                self.claim(order);
            }
            Act::Ship { order, location } => {
                self.turn(order, |part| (part.fate, part.location_id) = (Fate::Shipped, LocationId::new(location)));
            }
            Act::Cancel { order, restock } => {
                let fate = if restock { Fate::Released { at: now } } else { Fate::WrittenOff };
                self.turn(order, |part| part.fate = fate);
            }
            Act::Return { order, location } => {
                let Some((parts, returns)) = self.lines.get_mut(&order) else { return };
                let shipped = parts.iter().any(|part| part.fate == Fate::Shipped);
                if shipped && returns.is_empty() {
                    let (refund_id, location_id) = (RefundId::new(order).unwrap(), LocationId::new(location));
                    returns.push(Return { refund_id, location_id, at: now, quantity: 1 });
                }
                self.claim(order);
            }
            Act::Count { location, available } => {
                let observation = Observation { at: now, triggered_at: None, available };
                self.hear(StockCommand::Observe { location_id: place(location), observation });
            }
            Act::Adjust { location, by } => self.hear(StockCommand::Adjust(Adjustment {
                location_id: place(location),
                change: StockChange::By(by),
                reason: "count".to_owned(),
                idempotency_key: number.to_string(),
                at: now,
            })),
        }
    }

    fn turn(&mut self, order: u64, change: impl Fn(&mut DemandPart)) {
        let now = at(self.now);
        if let Some((parts, _)) = self.lines.get_mut(&order) {
            for part in parts.iter_mut().filter(|part| part.fate == Fate::Wanted) {
                part.since = now;
                change(part);
            }
            self.claim(order);
        }
    }

    fn claim(&mut self, order: u64) {
        let Some((parts, returns)) = self.lines.get(&order).cloned() else { return };
        let (order_id, line_id) = (OrderId::new(order).unwrap(), LineId::new(1).unwrap());
        let lines = vec![LineDemand { order_id, line_id, parts, returns }];
        let routing = Routing { rules: Rule::ALL.to_vec(), ..Routing::default() };
        self.hear(StockCommand::Claim { lines, routing, policy: self.policy });
    }

    fn hear(&mut self, command: StockCommand) {
        self.log.extend(self.stock.decide(command).unwrap_or_default());
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn place(id: u64) -> LocationId {
    LocationId::new(id).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn at_every_prefix_the_movements_add_up_to_the_levels(
        ledger in any::<bool>(),
        acts in vec((act(), 0..50_i64), 1..60),
    ) {
        let authority = if ledger { StockAuthority::Ledger } else { StockAuthority::Shopify };
        let policy = StockPolicy { authority, low_at: Some(4) };
        let (stock, lines, log) = (Stock::default(), BTreeMap::new(), Vec::new());
        let mut shop = Shop { now: 0, policy, lines, stock, log };
        shop.hear(StockCommand::Govern { at: at(0), policy });
        for (number, (act, seconds)) in acts.iter().enumerate() {
            shop.does(act, *seconds, number);
        }
        let (mut defined, mut folded) = (Definition::default(), Stock::default());
        for event in &shop.log {
            defined.hear(event);
            folded.apply(event.clone());
            prop_assert_eq!(defined.differences(), Vec::<String>::new());
            let thawed = Stock::restore(&folded.snapshot().unwrap()).unwrap();
            prop_assert_eq!(&thawed, &folded);
        }
        prop_assert_eq!(folded.levels(), shop.stock.levels());
    }
}
