//! What a word from Shopify, or the demand of an order, does to an item's stock.

use events::{
    Claim, Decision as Why, Fate, Level, LocationId, Observation, Return, StockAllocated, StockAllocationMoved,
    StockAllocationReleased, StockBackorderFilled, StockCameBack, StockClaimCorrected, StockConnected, StockDescribed,
    StockDisconnected, StockDriftDetected, StockEvent, StockGoverned, StockObserved, StockOversold, StockPolicy,
    StockRanLow, StockRanOut, StockReceived, StockRetired, StockShipped, Timestamp,
};

use super::allocate::{Promise, allocate};
use super::claim::{self, Step, Target};
use super::guess::{self, Guess};
use super::ledger::line_key;
use super::{Routing, Stock, StockCommand, StockError};
use crate::decide::aggregate;
use crate::{Decider, LineDemand, Snapshot};

aggregate!(Stock, StockCommand, StockEvent, StockError);

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
            StockCommand::Govern { at, policy } => decision.govern(at, policy),
            StockCommand::Claim { lines, routing, policy } => decision.claim(lines, &routing, policy),
            StockCommand::Adjust(adjustment) => decision.adjust(adjustment)?,
        };
        decision.backorders(at);
        decision.drift();
        decision.edges(at);
        Ok(decision.events)
    }

    fn snapshot(&self) -> Option<Snapshot> {
        let body = serde_json::to_string(self).ok()?;
        Some(Snapshot { shape: super::freeze::SHAPE, body })
    }

    fn restore(snapshot: &Snapshot) -> Option<Self> {
        let known = snapshot.shape == super::freeze::SHAPE;
        known.then(|| serde_json::from_str(&snapshot.body).ok()).flatten()
    }

    fn knows_newer(&self, command: &StockCommand) -> bool {
        match command {
            StockCommand::Describe { as_of, .. } => self.item.as_ref().is_some_and(|item| item.as_of > *as_of),
            StockCommand::Observe { location_id, observation } => {
                let latest = self.places.get(location_id).and_then(|place| place.latest.as_ref());
                latest.is_some_and(|latest| latest.at > observation.at)
            }
            _ => false,
        }
    }
}

pub(super) struct Decision<'a> {
    pub(super) stock: &'a mut Stock,
    events: Vec<StockEvent>,
}

impl Decision<'_> {
    pub(super) fn emit(&mut self, event: impl Into<StockEvent>) {
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
        place.observe(observation.clone(), self.stock.is_open(location_id));
        if place != before {
            let seen = observation.clone();
            let levels = self.levels_after(|stock| stock.observe(location_id, seen), &[location_id]);
            self.emit(StockObserved { at, location_id, observation, levels });
        }
        self.place_the_unplaced(at);
        at
    }

    fn govern(&mut self, at: Timestamp, policy: StockPolicy) -> Timestamp {
        if self.stock.policy != policy {
            let levels = self.levels_after(|stock| stock.policy = policy, &[]);
            self.emit(StockGoverned { at, policy, levels });
        }
        at
    }

    /// Tells of observations that nothing explains, once each and not before they had their time.
    fn drift(&mut self) {
        while let Some((location_id, seen, expected)) = self.stock.unexplained() {
            self.emit(StockDriftDetected { at: seen.at, location_id, expected, observed: seen.available });
        }
    }

    /// New stock covers the oldest promise first.
    fn backorders(&mut self, at: Timestamp) {
        let places: Vec<LocationId> = self.stock.backorders.by_location().map(|(id, _)| id).collect();
        for location_id in places {
            let uncovered = self.stock.level_at(location_id).available.saturating_neg().max(0);
            let uncovered = u32::try_from(uncovered).unwrap_or(u32::MAX);
            for (held, quantity) in self.stock.backorders.covered(location_id, uncovered) {
                let (order_id, line_id, short) = (held.order_id, held.line_id, held.short);
                self.emit(StockBackorderFilled { at, order_id, line_id, location_id, quantity, short });
            }
        }
    }

    /// The first location of an item takes what was promised before any was known.
    fn place_the_unplaced(&mut self, at: Timestamp) {
        let Some(first) = self.candidates().first().map(|level| level.location_id) else { return };
        for mut claim in self.stock.claims.unplaced() {
            let mut quantity = 0;
            for part in claim.parts.iter_mut().filter(|part| part.location_id.is_none()) {
                part.location_id = Some(first);
                quantity += if part.fate == Fate::Wanted { part.quantity } else { 0 };
            }
            claim.parts = claim::normal(claim.parts);
            let levels = self.levels_after(|stock| stock.hold(claim.clone()), &[first]);
            if quantity > 0 {
                self.emit(StockAllocationMoved { at, from: None, to: Some(first), quantity, claim, levels });
            } else {
                self.emit(StockClaimCorrected { at, claim, levels });
            }
        }
    }

    fn claim(&mut self, lines: Vec<LineDemand>, routing: &Routing, policy: StockPolicy) -> Timestamp {
        let at =
            |demand: &LineDemand| demand.parts.iter().map(|part| part.since).max().unwrap_or(Timestamp::UNIX_EPOCH);
        let latest = lines.iter().map(at).max().unwrap_or(Timestamp::UNIX_EPOCH);
        self.govern(latest, policy);
        for demand in lines {
            self.line(&demand, routing);
        }
        latest
    }

    fn line(&mut self, demand: &LineDemand, routing: &Routing) {
        let held = self.held(demand);
        let (targets, why) = self.targets(demand, held.as_ref(), routing);
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
        self.stock.claims.get(line_key(demand)).cloned().or_else(|| self.stock.history_of(demand))
    }

    /// The parts that the demand asks for, each with a location: told, kept, or chosen now.
    fn targets(&mut self, demand: &LineDemand, held: Option<&Claim>, routing: &Routing) -> (Vec<Target>, Option<Why>) {
        let (told, open): (Vec<_>, Vec<_>) = demand.parts.iter().partition(|part| part.location_id.is_some());
        let unplaced: u32 = open.iter().map(|part| part.quantity).sum();
        let mut guesses = guess::kept(held, demand, unplaced);
        let placed: u32 = guesses.iter().map(|guess| guess.quantity).sum();
        let (chosen, why) = self.choose(demand, unplaced - placed, routing);
        guesses.extend(chosen);
        let told = told.into_iter().map(|part| Target::new(part, part.location_id, false, part.quantity));
        (told.chain(guess::assign(&open, guesses)).collect(), why)
    }

    /// Chooses locations for `quantity` units that have none, and says why.
    fn choose(&mut self, demand: &LineDemand, quantity: u32, routing: &Routing) -> (Vec<Guess>, Option<Why>) {
        let open = demand.parts.iter().filter(|part| part.location_id.is_none());
        let Some(newest) = open.map(|part| part.taken_at).max().filter(|_| quantity > 0) else {
            return (Vec::new(), None);
        };
        let seen = self.stock.last_observed_anywhere().is_some_and(|seen| newest.as_second() <= seen);
        let over = demand.parts.iter().all(|part| part.fate != Fate::Wanted);
        let Some(allocation) = allocate(quantity, &self.candidates(), routing, over || seen) else {
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
        if !self.stock.backorders.contains(line_key(demand)) {
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
        let (Some(available), Some(threshold)) = (self.stock.total_available(), self.stock.policy.low_at) else {
            return;
        };
        if self.stock.ample && available > 0 && available <= threshold {
            self.emit(StockRanLow { at, available, threshold });
        }
    }

    fn candidates(&self) -> Vec<Level> {
        self.stock.candidates()
    }

    /// The levels that a change would change, and those of `touched`.
    pub(super) fn levels_after(&self, change: impl FnOnce(&mut Stock), touched: &[LocationId]) -> Vec<Level> {
        let before = self.stock.levels();
        let mut changed = self.stock.clone();
        change(&mut changed);
        let known = before.iter().map(|level| level.location_id);
        let mut after = changed.levels_with(known);
        after.retain(|level| touched.contains(&level.location_id) || !before.contains(level));
        after
    }
}
