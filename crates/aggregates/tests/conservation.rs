//! Nothing appears and nothing vanishes: at every prefix of the log the movements that were told add up to the
//! levels that were told, and the levels are what the definition says of observations and claims.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;

use aggregates::{Adjustment, Decider, DemandPart, LineDemand, Routing, Rule, Stock, StockCommand};
use cqrs_es::Aggregate;
use events::{
    Claim, DomainEvents, Fate, Level, LineId, LocationId, Observation, OrderId, RefundId, Return, StockAuthority,
    StockChange, StockEvent, StockPolicy, Timestamp,
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

/// What the steps alone say is promised at each location.
fn fold_promises(promised: &mut BTreeMap<LocationId, i64>, event: &StockEvent) {
    let mut add = |location: Option<LocationId>, units: i64| {
        if let Some(id) = location {
            *promised.entry(id).or_default() += units;
        }
    };
    match event {
        StockEvent::Allocated(told) => add(told.location_id, told.quantity.into()),
        StockEvent::Shipped(told) => add(told.location_id, -i64::from(told.quantity)),
        StockEvent::AllocationReleased(told) => add(told.location_id, -i64::from(told.quantity)),
        StockEvent::AllocationMoved(told) => {
            add(told.from, -i64::from(told.quantity));
            add(told.to, told.quantity.into());
        }
        _ => {}
    }
}

/// The definition, word for word and slowly: what is available where.
#[derive(Default)]
struct Definition {
    ledger: bool,
    claims: BTreeMap<(OrderId, LineId), Claim>,
    latest: BTreeMap<LocationId, Observation>,
    first: BTreeMap<LocationId, Observation>,
    adjusted: Vec<(LocationId, i64, i64)>,
}

impl Definition {
    fn hear(&mut self, event: &StockEvent) {
        match event {
            StockEvent::Governed(told) => self.ledger = told.policy.authority == StockAuthority::Ledger,
            StockEvent::Observed(told) => {
                let (id, seen) = (told.location_id, told.observation.clone());
                let latest = self.latest.entry(id).or_insert_with(|| seen.clone());
                *latest = latest.clone().max(seen.clone());
                let first = self.first.entry(id).or_insert_with(|| seen.clone());
                let same = first.at.as_second() == seen.at.as_second();
                *first = if same { first.clone().max(seen) } else { first.clone().min(seen) };
            }
            StockEvent::Adjusted(told) => self.adjusted.push((told.location_id, told.at.as_second(), told.quantity)),
            StockEvent::Allocated(told) => self.hold(&told.claim),
            StockEvent::AllocationReleased(told) => self.hold(&told.claim),
            StockEvent::AllocationMoved(told) => self.hold(&told.claim),
            StockEvent::Shipped(told) => self.hold(&told.claim),
            StockEvent::Received(told) => self.hold(&told.claim),
            StockEvent::ClaimCorrected(told) => self.hold(&told.claim),
            _ => {}
        }
    }

    fn hold(&mut self, claim: &Claim) {
        self.claims.insert((claim.order_id, claim.line_id), claim.clone());
    }

    fn available(&self, id: LocationId) -> i64 {
        let base = if self.ledger { self.first.get(&id) } else { self.latest.get(&id) };
        let here = base.map(|seen| seen.at.as_second());
        let anywhere = self.latest.values().map(|seen| seen.at.as_second()).max();
        let later = |since: Option<i64>, second: i64| since.is_none_or(|since| second > since);
        let mut available = base.map_or(0, |seen| seen.available);
        for claim in self.claims.values() {
            for part in claim.parts.iter().filter(|part| part.location_id == Some(id)) {
                let since = if part.guessed && !self.ledger { anywhere } else { here };
                if later(since, part.taken_at.as_second()) {
                    available -= i64::from(part.quantity);
                }
                if let Fate::Released { at } = part.fate
                    && later(since, at.as_second())
                {
                    available += i64::from(part.quantity);
                }
            }
            let back = claim.returns.iter().filter(|back| back.location_id == Some(id));
            available +=
                back.filter(|back| later(here, back.at.as_second())).map(|back| i64::from(back.quantity)).sum::<i64>();
        }
        let adjusted = self.adjusted.iter().filter(|(at, second, _)| *at == id && later(here, *second));
        available + adjusted.map(|(_, _, units)| units).sum::<i64>()
    }
}

fn levels(event: &StockEvent) -> Vec<Level> {
    let body: serde_json::Value = serde_json::from_slice(&event.encode()).unwrap();
    body.get("levels").map_or_else(Vec::new, |levels| serde_json::from_value(levels.clone()).unwrap())
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
        let (mut promised, mut defined, mut told) = (BTreeMap::new(), Definition::default(), BTreeMap::new());
        let mut folded = Stock::default();
        for event in &shop.log {
            fold_promises(&mut promised, event);
            defined.hear(event);
            folded.apply(event.clone());
            told.extend(levels(event).into_iter().map(|level| (level.location_id, level)));
            for (id, level) in &told {
                prop_assert_eq!(level.allocated, promised.get(id).copied().unwrap_or(0), "promised at {}", id);
                prop_assert_eq!(level.available, defined.available(*id), "available at {}", id);
                prop_assert_eq!(level.on_hand, level.available + level.allocated);
            }
            let thawed = Stock::restore(&folded.snapshot().unwrap()).unwrap();
            prop_assert_eq!(&thawed, &folded);
        }
        prop_assert_eq!(folded.levels(), shop.stock.levels());
    }
}
