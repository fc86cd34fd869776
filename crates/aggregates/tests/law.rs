//! The law of the system, without a broker: the same webhooks in any order, any number of times,
//! with a crash between any two events, end in the same order and the same stock.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;

use aggregates::{Cancellation, Decider, LineDemand, Order, OrderCommand, OrderSnapshot, Routing, Stock, StockCommand};
use events::{
    AsOf, Claim, DomainEvents, Edit, EditId, FinancialStatus, Fulfillment, FulfillmentId, FulfillmentLine,
    FulfillmentState, FulfillmentStatus, Level, Line, LineDelta, LineId, LocationId, Money, MoneySet, Observation,
    OrderAddresses, OrderContact, OrderExtras, OrderId, Refund, RefundId, RefundLine, RestockType, StockEvent,
    StockPolicy, Timestamp, Totals, VariantId,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

const LOCATIONS: u64 = 2;

/// What a merchant does to one order, and to the shelf.
#[derive(Debug, Clone)]
enum Act {
    Pay,
    Tag(u8),
    Add { line: u64, quantity: u32 },
    Remove { line: u64, quantity: u32 },
    Fulfill { line: u64, quantity: u32, location: u64 },
    CancelFulfillment,
    Refund { line: u64, quantity: u32, restock: RestockType, location: Option<u64> },
    Cancel,
    Close,
    Count { location: u64, available: i64 },
}

fn act() -> impl Strategy<Value = Act> {
    let line = 1_u64..=3;
    let location = 1..=LOCATIONS;
    let restock = prop_oneof![
        Just(RestockType::Cancel),
        Just(RestockType::Return),
        Just(RestockType::NoRestock),
        Just(RestockType::LegacyRestock)
    ];
    prop_oneof![
        Just(Act::Pay),
        (0..3_u8).prop_map(Act::Tag),
        (line.clone(), 1..4_u32).prop_map(|(line, quantity)| Act::Add { line, quantity }),
        (line.clone(), 1..4_u32).prop_map(|(line, quantity)| Act::Remove { line, quantity }),
        (line.clone(), 1..4_u32, location.clone()).prop_map(|(line, quantity, location)| Act::Fulfill {
            line,
            quantity,
            location
        }),
        Just(Act::CancelFulfillment),
        (line, 1..4_u32, restock, proptest::option::of(location.clone()))
            .prop_map(|(line, quantity, restock, location)| Act::Refund { line, quantity, restock, location }),
        Just(Act::Cancel),
        Just(Act::Close),
        (location, -3..20_i64).prop_map(|(location, available)| Act::Count { location, available }),
    ]
}

/// One delivery, as the recorder hands it on.
#[derive(Debug, Clone)]
enum Word {
    Order(OrderCommand),
    Observed(LocationId, Observation),
}

/// The shop's own view of one order with lines of one item.
struct Shop {
    now: i64,
    order: OrderSnapshot,
    words: Vec<Word>,
}

impl Shop {
    fn open(quantity: u32) -> Self {
        let order = OrderSnapshot {
            as_of: as_of(0, 0),
            placed_at: at(0),
            name: "#1001".to_owned(),
            test: false,
            currency: "EUR".parse().unwrap(),
            source_name: None,
            checkout_token: None,
            locale: None,
            contact: OrderContact::default(),
            addresses: OrderAddresses::default(),
            tags: Vec::new(),
            note: None,
            lines: vec![line(1, quantity), line(2, 2)],
            extras: OrderExtras::default(),
            totals: totals(),
            financial_status: FinancialStatus::Pending,
            fulfillment_status: FulfillmentStatus::Unfulfilled,
            cancelled: None,
            closed_at: None,
            refunds: Vec::new(),
            fulfillments: Vec::new(),
        };
        let mut shop = Self { now: 0, order, words: Vec::new() };
        shop.snapshot();
        shop
    }

    fn does(&mut self, act: Act, seconds: i64) {
        self.now += seconds;
        let id = self.words.len() as u64 + 1;
        match act {
            Act::Pay => self.order.financial_status = FinancialStatus::Paid,
            Act::Tag(tag) => self.order.tags = vec![format!("tag-{tag}")],
            Act::Add { line, quantity } => self.edit(id, vec![delta(line, quantity)], Vec::new()),
            Act::Remove { line, quantity } => self.edit(id, Vec::new(), vec![delta(line, quantity)]),
            Act::Fulfill { line, quantity, location } => self.fulfill(id, line, quantity, location),
            Act::CancelFulfillment => self.cancel_fulfillment(),
            Act::Refund { line, quantity, restock, location } => self.refund(id, line, quantity, restock, location),
            Act::Cancel => self.order.cancelled = Some(Cancellation { at: at(self.now), reason: None }),
            Act::Close => self.order.closed_at = Some(at(self.now)),
            Act::Count { location, available } => {
                let seen = Observation { at: at(self.now), triggered_at: None, available };
                return self.words.push(Word::Observed(LocationId::new(location).unwrap(), seen));
            }
        }
        self.snapshot();
    }

    fn edit(&mut self, id: u64, additions: Vec<LineDelta>, mut removals: Vec<LineDelta>) {
        for added in &additions {
            if !self.order.lines.iter().any(|line| line.id == added.line_id) {
                self.order.lines.push(line(added.line_id.get(), 0));
            }
            let line = self.line(added.line_id);
            line.quantity += added.quantity;
            line.current_quantity += added.quantity;
        }
        removals.retain_mut(|removed| {
            let Some(line) = self.order.lines.iter_mut().find(|line| line.id == removed.line_id) else { return false };
            removed.quantity = removed.quantity.min(line.current_quantity);
            line.current_quantity -= removed.quantity;
            removed.quantity > 0
        });
        let edit = Edit { id: EditId::new(id).unwrap(), committed_at: at(self.now), additions, removals };
        self.words.push(Word::Order(OrderCommand::Edit(edit)));
    }

    fn fulfill(&mut self, id: u64, line: u64, quantity: u32, location: u64) {
        let fulfillment = Fulfillment {
            id: FulfillmentId::new(id).unwrap(),
            status: FulfillmentState::Success,
            created_at: at(self.now),
            updated_at: at(self.now),
            location_id: LocationId::new(location),
            tracking_company: None,
            tracking_number: None,
            tracking_url: None,
            shipment_status: None,
            lines: vec![FulfillmentLine { line_id: LineId::new(line).unwrap(), quantity }],
        };
        self.order.fulfillments.push(fulfillment.clone());
        self.words.push(Word::Order(OrderCommand::Fulfillment(fulfillment)));
    }

    fn cancel_fulfillment(&mut self) {
        let now = at(self.now);
        if let Some(last) = self.order.fulfillments.last_mut() {
            last.status = FulfillmentState::Cancelled;
            last.updated_at = now;
            self.words.push(Word::Order(OrderCommand::Fulfillment(last.clone())));
        }
    }

    fn refund(&mut self, id: u64, line: u64, quantity: u32, restock_type: RestockType, location: Option<u64>) {
        let line_id = LineId::new(line).unwrap();
        let Some(line) = self.order.lines.iter_mut().find(|line| line.id == line_id) else { return };
        let quantity = quantity.min(line.current_quantity);
        line.current_quantity -= quantity;
        let location_id = location.and_then(LocationId::new);
        let refund = Refund {
            id: RefundId::new(id).unwrap(),
            created_at: at(self.now),
            note: None,
            lines: vec![RefundLine { line_id, quantity, restock_type, location_id }],
            transactions: Vec::new(),
        };
        self.order.refunds.push(refund.clone());
        self.words.push(Word::Order(OrderCommand::Refund(refund)));
    }

    fn line(&mut self, id: LineId) -> &mut Line {
        self.order.lines.iter_mut().find(|line| line.id == id).unwrap()
    }

    fn snapshot(&mut self) {
        self.order.as_of = as_of(self.now, self.words.len());
        self.words.push(Word::Order(OrderCommand::Snapshot(Box::new(self.order.clone()))));
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// Several snapshots may share a second; their triggers tell them apart.
fn as_of(second: i64, number: usize) -> AsOf {
    let triggered_at = Some(at(i64::try_from(number).unwrap()));
    AsOf { updated_at: at(second), triggered_at, digest: String::new() }
}

fn delta(line: u64, quantity: u32) -> LineDelta {
    LineDelta { line_id: LineId::new(line).unwrap(), quantity }
}

fn money() -> MoneySet {
    MoneySet::same(Money::zero("EUR".parse().unwrap()))
}

fn totals() -> Totals {
    let money = money();
    Totals { total: money, current_total: money, subtotal: money, tax: money, discounts: money, shipping: money }
}

fn line(id: u64, quantity: u32) -> Line {
    Line {
        id: LineId::new(id).unwrap(),
        product_id: None,
        variant_id: VariantId::new(7),
        sku: None,
        title: "tea".to_owned(),
        quantity,
        current_quantity: quantity,
        price: money(),
        discount: money(),
        gift_card: false,
        tracked: true,
    }
}

/// An order and its item's stock, fed one word at a time.
#[derive(Default)]
struct House {
    order: Order,
    stock: Stock,
    log: Vec<StockEvent>,
}

impl House {
    /// Hears a word; `crash_after` events of each decision the process dies and hears it again.
    fn hear(&mut self, word: &Word, crash_after: Option<usize>) {
        if let Some(kept) = crash_after {
            self.attempt(word, kept);
        }
        self.attempt(word, usize::MAX);
    }

    fn attempt(&mut self, word: &Word, kept: usize) {
        match word {
            Word::Order(command) => {
                run(&mut self.order, command.clone(), kept);
                let demands = self.order.demands(OrderId::new(1).unwrap());
                let lines = demands.into_iter().map(|(_, demand)| demand).collect();
                self.log.extend(run(&mut self.stock, claims(lines), kept));
            }
            Word::Observed(location_id, observation) => {
                let command = StockCommand::Observe { location_id: *location_id, observation: observation.clone() };
                self.log.extend(run(&mut self.stock, command, kept));
            }
        }
    }

    /// What must not depend on order: everything but which location a guess names.
    fn outcome(&self) -> (Order, Vec<Claim>, i64, BTreeMap<LocationId, Observation>) {
        let levels = levels(&self.log);
        let claims: BTreeMap<_, Claim> =
            self.log.iter().filter_map(claim).map(|claim| ((claim.order_id, claim.line_id), claim.clone())).collect();
        let available = levels.values().map(|level| level.available).sum();
        let seen = levels.into_iter().filter_map(|(id, level)| Some((id, level.observation?))).collect();
        // What is over may have come after the books were closed over it; then it is not told at all.
        let open = |claim: &Claim| claim.parts.iter().any(|part| part.fate == events::Fate::Wanted);
        let claims = claims.into_values().filter(open).map(without_guesses).collect();
        (timeless(&self.order), claims, available, seen)
    }
}

fn claims(lines: Vec<LineDemand>) -> StockCommand {
    StockCommand::Claim { lines, routing: Routing::default(), policy: StockPolicy::default() }
}

/// Runs a command; of its events only `kept` survive.
fn run<A: Decider>(aggregate: &mut A, command: A::Command, kept: usize) -> Vec<A::Event>
where
    A::Event: DomainEvents,
    A::Command: Clone + Send + Sync,
    A::Error: Send + Sync,
{
    let mut events = aggregate.clone().decide(command).unwrap();
    events.truncate(kept);
    events.iter().cloned().for_each(|event| aggregate.apply(event));
    events
}

fn levels(log: &[StockEvent]) -> BTreeMap<LocationId, Level> {
    let mut levels = BTreeMap::new();
    for event in log {
        let body = serde_json::from_slice::<serde_json::Value>(&event.encode().unwrap()).unwrap();
        let told = body.get("levels").cloned().unwrap_or_default();
        for level in serde_json::from_value::<Option<Vec<Level>>>(told).unwrap().unwrap_or_default() {
            levels.insert(level.location_id, level);
        }
    }
    levels
}

fn claim(event: &StockEvent) -> Option<&Claim> {
    match event {
        StockEvent::Allocated(event) => Some(&event.claim),
        StockEvent::AllocationReleased(event) => Some(&event.claim),
        StockEvent::AllocationMoved(event) => Some(&event.claim),
        StockEvent::Shipped(event) => Some(&event.claim),
        StockEvent::Received(event) => Some(&event.claim),
        StockEvent::ClaimCorrected(event) => Some(&event.claim),
        _ => None,
    }
}

fn without_guesses(mut claim: Claim) -> Claim {
    let mut merged: Vec<events::ClaimPart> = Vec::new();
    claim.parts.iter_mut().filter(|part| part.guessed).for_each(|part| part.location_id = None);
    claim.parts.sort();
    for part in claim.parts {
        match merged.last_mut() {
            Some(last) if (events::ClaimPart { quantity: last.quantity, ..part.clone() }) == *last => {
                last.quantity += part.quantity;
            }
            _ => merged.push(part),
        }
    }
    Claim { parts: merged, ..claim }
}

/// An order without what says only how it came to be known: when a change was first seen, and what
/// the first snapshot said of quantities.
fn timeless(order: &Order) -> Order {
    let mut json = serde_json::to_value(order).unwrap();
    for held in json["lines"].as_object_mut().unwrap().values_mut() {
        held["placed_quantity"] = 0.into();
        held["changed_at"] = serde_json::Value::Null;
    }
    serde_json::from_value(json).unwrap()
}

fn shuffled(words: &[Word], swaps: &[(Index, Index)]) -> Vec<Word> {
    let mut words = words.to_vec();
    for (a, b) in swaps {
        let (a, b) = (a.index(words.len()), b.index(words.len()));
        words.swap(a, b);
    }
    words
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn order_repetition_and_crashes_do_not_matter(
        quantity in 1..8_u32,
        acts in vec((act(), 0..4_i64), 0..14),
        swaps in vec(any::<(Index, Index)>(), 0..40),
        again in vec(any::<Index>(), 0..12),
        crashes in vec(proptest::option::of(0..3_usize), 60),
    ) {
        let mut shop = Shop::open(quantity);
        acts.into_iter().for_each(|(act, seconds)| shop.does(act, seconds));

        let mut in_order = House::default();
        shop.words.iter().for_each(|word| in_order.hear(word, None));

        let repeated: Vec<Word> = again.iter().map(|index| shop.words[index.index(shop.words.len())].clone()).collect();
        let arriving = shuffled(&[shop.words, repeated].concat(), &swaps);
        let mut disordered = House::default();
        for (word, crash) in arriving.iter().zip(crashes.iter().cycle()) {
            disordered.hear(word, *crash);
        }
        prop_assert_eq!(disordered.outcome(), in_order.outcome());
    }

    #[test]
    fn every_level_is_the_sum_of_what_is_told(
        quantity in 1..8_u32,
        acts in vec((act(), 0..4_i64), 0..14),
        swaps in vec(any::<(Index, Index)>(), 0..40),
    ) {
        let mut shop = Shop::open(quantity);
        acts.into_iter().for_each(|(act, seconds)| shop.does(act, seconds));
        let mut house = House::default();
        for word in shuffled(&shop.words, &swaps) {
            house.hear(&word, None);
            let claims: BTreeMap<_, &Claim> =
                house.log.iter().filter_map(claim).map(|claim| ((claim.order_id, claim.line_id), claim)).collect();
            for (id, level) in levels(&house.log) {
                let wanted = claims.values().flat_map(|claim| &claim.parts);
                let wanted = wanted.filter(|part| part.location_id == Some(id) && part.fate == events::Fate::Wanted);
                prop_assert_eq!(level.allocated, wanted.map(|part| i64::from(part.quantity)).sum::<i64>());
                prop_assert_eq!(level.on_hand, level.available + level.allocated);
            }
        }
    }

    #[test]
    fn a_second_delivery_changes_nothing(quantity in 1..8_u32, acts in vec((act(), 0..4_i64), 0..14)) {
        let mut shop = Shop::open(quantity);
        acts.into_iter().for_each(|(act, seconds)| shop.does(act, seconds));
        let mut house = House::default();
        for word in &shop.words {
            house.hear(word, None);
            let told = house.log.len();
            let order = house.order.clone();
            house.hear(word, None);
            prop_assert_eq!(house.log.len(), told);
            prop_assert_eq!(&house.order, &order);
        }
    }
}
