//! What a word from Shopify, or the demand of an order, does to an item's stock.

use events::{
    Claim, Decision as Why, Fate, Level, LocationId, Observation, Return, StockAllocated, StockAllocationMoved,
    StockAllocationReleased, StockCameBack, StockClaimCorrected, StockConnected, StockDescribed, StockDisconnected,
    StockDriftDetected, StockEvent, StockObserved, StockOversold, StockRanOut, StockReceived, StockRetired,
    StockShipped, Timestamp,
};

use super::allocate::{Promise, allocate};
use super::claim::{self, Step, Target};
use super::guess::{self, Guess};
use super::{Place, Stock, StockCommand};
use crate::decide::aggregate;
use crate::{Decider, LineDemand};

aggregate!(Stock, StockCommand, StockEvent);

impl Decider for Stock {
    fn decide(&mut self, command: StockCommand) -> Result<Vec<StockEvent>, Self::Error> {
        let mut decision = Decision { stock: self, events: Vec::new() };
        let at = match command {
            StockCommand::Describe { as_of, sku, tracked } => {
                let at = as_of.updated_at;
                if decision.stock.item.as_ref().map(|item| &item.as_of) < Some(&as_of) {
                    decision.emit(StockDescribed { at, as_of, sku, tracked });
                }
                at
            }
            StockCommand::Retire { at } => {
                if !decision.stock.retired {
                    decision.emit(StockRetired { at });
                }
                at
            }
            StockCommand::Connect { location_id, at } => decision.connect(location_id, at),
            StockCommand::Disconnect { location_id, at } => decision.disconnect(location_id, at),
            StockCommand::Observe { location_id, observation } => decision.observe(location_id, observation),
            StockCommand::Claim { lines, priority } => decision.claim(lines, &priority),
        };
        decision.edges(at);
        Ok(decision.events)
    }
}

struct Decision<'a> {
    stock: &'a mut Stock,
    events: Vec<StockEvent>,
}

impl Decision<'_> {
    fn emit(&mut self, event: impl Into<StockEvent>) {
        let event = event.into();
        self.stock.evolve(event.clone());
        self.events.push(event);
    }

    fn connect(&mut self, location_id: LocationId, at: Timestamp) -> Timestamp {
        let place = self.stock.places.get(&location_id);
        if place.and_then(|place| place.connected_at) < Some(at) {
            let levels = self.levels_after(|stock| stock.place_at(location_id).connected_at = Some(at), &[location_id]);
            self.emit(StockConnected { at, location_id, levels });
        }
        self.place_the_unplaced(at);
        at
    }

    fn disconnect(&mut self, location_id: LocationId, at: Timestamp) -> Timestamp {
        let place = self.stock.places.get(&location_id);
        if place.and_then(|place| place.disconnected_at) < Some(at) {
            let levels =
                self.levels_after(|stock| stock.place_at(location_id).disconnected_at = Some(at), &[location_id]);
            self.emit(StockDisconnected { at, location_id, levels });
        }
        at
    }

    fn observe(&mut self, location_id: LocationId, observation: Observation) -> Timestamp {
        let at = observation.at;
        let mut place = self.stock.places.get(&location_id).cloned().unwrap_or_default();
        let before = place.clone();
        place.observe(observation.clone());
        if place != before {
            let levels = self.levels_after(|stock| *stock.place_at(location_id) = place, &[location_id]);
            self.emit(StockObserved { at, location_id, observation, levels });
        }
        self.drift(location_id);
        self.place_the_unplaced(at);
        at
    }

    /// Tells once per observation that it is not what was expected.
    fn drift(&mut self, location_id: LocationId) {
        let Some(Place { latest: Some(latest), drift_told, .. }) = self.stock.places.get(&location_id) else { return };
        let drift = self.stock.drift(location_id).unwrap_or(0);
        if drift != 0 && drift_told.as_ref() != Some(latest) {
            let (at, observed) = (latest.at, latest.available);
            self.emit(StockDriftDetected { at, location_id, expected: observed.saturating_sub(drift), observed });
        }
    }

    /// The first location of an item takes what was promised before any was known.
    fn place_the_unplaced(&mut self, at: Timestamp) {
        let Some(first) = self.candidates().first().map(|level| level.location_id) else { return };
        let nowhere = |claim: &&Claim| claim.parts.iter().any(|part| part.location_id.is_none());
        let waiting: Vec<Claim> = self.stock.claims().filter(nowhere).cloned().collect();
        for mut claim in waiting {
            let mut quantity = 0;
            for part in claim.parts.iter_mut().filter(|part| part.location_id.is_none()) {
                part.location_id = Some(first);
                quantity += part.quantity;
            }
            claim.parts = claim::normal(claim.parts);
            let levels = self.levels_after(|stock| stock.hold(claim.clone()), &[first]);
            self.emit(StockAllocationMoved { at, from: None, to: Some(first), quantity, claim, levels });
        }
    }

    fn claim(&mut self, lines: Vec<LineDemand>, priority: &[LocationId]) -> Timestamp {
        let mut latest = Timestamp::MIN;
        for demand in lines {
            let at = demand.parts.iter().map(|part| part.since).max().unwrap_or(Timestamp::UNIX_EPOCH);
            latest = latest.max(at);
            self.line(&demand, priority);
        }
        latest
    }

    fn line(&mut self, demand: &LineDemand, priority: &[LocationId]) {
        let held = self.held(demand);
        let (targets, why) = self.targets(demand, held.as_ref(), priority);
        let mut claim = held.unwrap_or_else(|| Claim {
            order_id: demand.order_id,
            line_id: demand.line_id,
            parts: Vec::new(),
            returns: Vec::new(),
        });
        for (step, at, parts) in claim::steps(&claim.parts, &targets) {
            claim.parts = parts;
            self.tell(step, at, &claim, why.as_ref());
        }
        self.returns(claim, &demand.returns);
    }

    fn held(&self, demand: &LineDemand) -> Option<Claim> {
        self.stock.claims.get(&demand.order_id)?.get(&demand.line_id).cloned()
    }

    /// The parts that the demand asks for, each with a location: told, kept, or chosen now.
    fn targets(
        &mut self,
        demand: &LineDemand,
        held: Option<&Claim>,
        priority: &[LocationId],
    ) -> (Vec<Target>, Option<Why>) {
        let (told, open): (Vec<_>, Vec<_>) = demand.parts.iter().partition(|part| part.location_id.is_some());
        let unplaced: u32 = open.iter().map(|part| part.quantity).sum();
        let mut guesses = guess::kept(held, demand, unplaced);
        let placed: u32 = guesses.iter().map(|guess| guess.quantity).sum();
        let (chosen, why) = self.choose(demand, unplaced - placed, priority);
        guesses.extend(chosen);
        let told = told.into_iter().map(|part| Target::new(part, part.location_id, false, part.quantity));
        (told.chain(guess::assign(&open, guesses)).collect(), why)
    }

    /// Chooses locations for `quantity` units that have none, and says why.
    fn choose(&mut self, demand: &LineDemand, quantity: u32, priority: &[LocationId]) -> (Vec<Guess>, Option<Why>) {
        let open = demand.parts.iter().filter(|part| part.location_id.is_none());
        let Some(newest) = open.map(|part| part.taken_at).max().filter(|_| quantity > 0) else {
            return (Vec::new(), None);
        };
        let seen = self.stock.last_observed_anywhere().is_some_and(|seen| newest.as_second() <= seen);
        let over = demand.parts.iter().all(|part| part.fate != Fate::Wanted);
        let Some(allocation) = allocate(quantity, &self.candidates(), priority, over || seen) else {
            return (vec![Guess::new(None, quantity)], None);
        };
        if allocation.short > 0 {
            self.oversold(demand, newest, allocation.promises.first().map(|first| first.location_id), allocation.short);
        }
        let guess = |promise: &Promise| Guess::new(Some(promise.location_id), promise.quantity);
        (allocation.promises.iter().map(guess).collect(), Some(allocation.decision))
    }

    fn oversold(&mut self, demand: &LineDemand, at: Timestamp, location_id: Option<LocationId>, short: u32) {
        let LineDemand { order_id, line_id, .. } = *demand;
        if !self.stock.oversold.contains(&format!("{order_id}/{line_id}")) {
            self.emit(StockOversold { at, order_id, line_id, location_id, short });
        }
    }

    fn tell(&mut self, step: Step, at: Timestamp, claim: &Claim, why: Option<&Why>) {
        let touched: &[LocationId] = match &step {
            Step::Allocate { location_id, .. } | Step::Ship { location_id, .. } | Step::Release { location_id, .. } => {
                location_id.as_slice()
            }
            Step::Move { to, .. } => to.as_slice(),
            Step::Correct => &[],
        };
        let levels = self.levels_after(|stock| stock.hold(claim.clone()), touched);
        let claim = claim.clone();
        match step {
            Step::Allocate { location_id, quantity } => {
                self.emit(StockAllocated { at, location_id, quantity, decision: why.cloned(), claim, levels });
            }
            Step::Move { from, to, quantity } => {
                self.emit(StockAllocationMoved { at, from, to, quantity, claim, levels });
            }
            Step::Ship { location_id, quantity } => {
                self.emit(StockShipped { at, location_id, quantity, claim, levels });
            }
            Step::Release { location_id, quantity, restocked } => {
                self.emit(StockAllocationReleased { at, location_id, quantity, restocked, claim, levels });
            }
            Step::Correct => self.emit(StockClaimCorrected { at, claim, levels }),
        }
    }

    fn returns(&mut self, mut claim: Claim, returns: &[Return]) {
        let mut wanted = returns.to_vec();
        wanted.sort();
        if claim.returns == wanted {
            return;
        }
        let new: Vec<Return> = wanted.iter().filter(|back| !claim.returns.contains(back)).cloned().collect();
        claim.returns.retain(|back| wanted.contains(back));
        for back in &new {
            claim.returns.push(back.clone());
            claim.returns.sort();
            let levels = self.levels_after(|stock| stock.hold(claim.clone()), back.location_id.as_slice());
            let Return { location_id, at, quantity, .. } = *back;
            self.emit(StockReceived { at, location_id, quantity, claim: claim.clone(), levels });
        }
        if new.is_empty() {
            let levels = self.levels_after(|stock| stock.hold(claim.clone()), &[]);
            self.emit(StockClaimCorrected { at: Timestamp::UNIX_EPOCH, claim, levels });
        }
    }

    fn edges(&mut self, at: Timestamp) {
        match self.stock.total_available() {
            Some(available) if available <= 0 && !self.stock.out => self.emit(StockRanOut { at }),
            Some(available) if available > 0 && self.stock.out => self.emit(StockCameBack { at }),
            _ => {}
        }
    }

    /// Where the item is stocked.
    fn candidates(&self) -> Vec<Level> {
        let stocked = |level: &Level| {
            let place = self.stock.places.get(&level.location_id);
            place.is_some_and(|place| place.is_connected() && (place.latest.is_some() || place.connected_at.is_some()))
        };
        let mut levels = self.stock.levels();
        levels.retain(stocked);
        levels
    }

    /// Applies a change, and returns the levels that it changed and those of `touched`.
    fn levels_after(&mut self, change: impl FnOnce(&mut Stock), touched: &[LocationId]) -> Vec<Level> {
        let before = self.stock.levels();
        change(self.stock);
        let known = before.iter().map(|level| level.location_id);
        let mut after = self.stock.levels_with(known);
        after.retain(|level| touched.contains(&level.location_id) || !before.contains(level));
        after
    }
}
