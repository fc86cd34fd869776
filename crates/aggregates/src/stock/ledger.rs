//! What stands where: pure arithmetic over observations and the sums of claims.

use std::collections::BTreeSet;

use events::{
    Claim, ClaimPart, DomainEvents, Fate, Level, LocationId, Observation, Return, StockAuthority, StockEvent,
};

use super::book::Book;
use super::claims::{self, moved_by};
use super::place::{Place, second};
use super::{Item, Stock};
use crate::{DemandPart, LineDemand};

/// How many settled lines an event may make the stock forget: no event is slow because many were settled.
const FORGOTTEN_AT_ONCE: usize = 64;

impl Stock {
    /// The level of every location that was heard of, by id.
    pub fn levels(&self) -> Vec<Level> {
        self.levels_with(std::iter::empty())
    }

    /// Also of `further` locations, which may have been heard of only before.
    pub(super) fn levels_with(&self, further: impl Iterator<Item = LocationId>) -> Vec<Level> {
        let places = self.places.keys().copied();
        let known: BTreeSet<LocationId> = places.chain(self.claims.locations()).chain(further).collect();
        let anywhere = self.last_observed_anywhere();
        known.into_iter().map(|id| self.level(id, anywhere)).collect()
    }

    pub(super) fn level_at(&self, location_id: LocationId) -> Level {
        self.level(location_id, self.last_observed_anywhere())
    }

    fn level(&self, location_id: LocationId, anywhere: Option<i64>) -> Level {
        let (unheard, unmoved) = (Place::default(), Book::default());
        let place = self.places.get(&location_id).unwrap_or(&unheard);
        let book = self.claims.book(location_id).unwrap_or(&unmoved);
        let (from, guesses_from) = match self.policy.authority {
            StockAuthority::Shopify => (&place.latest, anywhere),
            StockAuthority::Ledger => (&place.base, place.base.as_ref().map(second)),
        };
        let moved = book.told.after(from.as_ref().map(second)) + book.guessed.after(guesses_from);
        let available = from.as_ref().map_or(0, |observation| observation.available).saturating_add(moved);
        Level {
            location_id,
            connected: place.is_connected(),
            available,
            allocated: book.allocated,
            on_hand: available.saturating_add(book.allocated),
            observation: place.latest.clone(),
            drift: self.shown_drift(place, book).unwrap_or(0),
        }
    }

    /// The last observation here less what is expected: from the one before it, or from our ledger.
    fn shown_drift(&self, place: &Place, book: &Book) -> Option<i64> {
        let from = if self.is_ledger() { place.base.as_ref()? } else { place.previous.as_ref()? };
        let latest = place.latest.as_ref()?;
        let (since, until) = (second(from), second(latest));
        let moved = book.told.between(since, until) + book.guessed.between(since, until);
        Some(latest.available.saturating_sub(from.available).saturating_sub(moved))
    }

    /// An observation that nothing explains although it had its time: the location, it, and what was expected.
    pub(super) fn unexplained(&self) -> Option<(LocationId, Observation, i64)> {
        self.places.iter().find_map(|(id, place)| {
            let (_, seen) = place.due(self.now)?;
            let drift = self.drift_due(*id, place)?;
            Some((*id, seen.clone(), seen.available.saturating_sub(drift)))
        })
    }

    /// None when the observation that is due is as expected, or was told before.
    ///
    /// A promise whose location we chose may have been taken here or elsewhere: it explains a
    /// difference up to its size, and its absence as well.
    fn drift_due(&self, location_id: LocationId, place: &Place) -> Option<i64> {
        let (base, seen) = place.due(self.now)?;
        let (since, until) = (second(base), second(seen));
        let told = self.claims.book(location_id).map_or(0, |book| book.told.between(since, until));
        let rest = seen.available.saturating_sub(base.available).saturating_sub(told);
        if self.is_ledger() {
            let own = self.claims.book(location_id).map_or(0, |book| book.guessed.between(since, until));
            return Some(rest - own).filter(|drift| *drift != place.drift_told);
        }
        let maybe: i64 = self.claims.books().map(|book| book.guessed.between(since, until)).sum();
        Some(rest - rest.clamp(maybe.min(0), maybe.max(0))).filter(|drift| *drift != 0)
    }

    /// Seconds since the epoch of the newest observation at any location.
    pub(super) fn last_observed_anywhere(&self) -> Option<i64> {
        self.places.values().filter_map(|place| place.latest.as_ref()).map(second).max()
    }

    /// Available over all locations; none before the first observation.
    pub(super) fn total_available(&self) -> Option<i64> {
        self.last_observed_anywhere()?;
        Some(self.levels().iter().map(|level| level.available).sum())
    }

    pub(super) fn is_ledger(&self) -> bool {
        self.policy.authority == StockAuthority::Ledger
    }

    pub(super) fn evolve(&mut self, event: StockEvent) {
        self.now = self.now.max(event.at());
        match event {
            StockEvent::Described(event) => {
                self.item = Some(Item { as_of: event.as_of, sku: event.sku, tracked: event.tracked });
            }
            StockEvent::Retired(_) => self.retired = true,
            StockEvent::Connected(event) => self.place_at(event.location_id).connected_at = Some(event.at),
            StockEvent::Disconnected(event) => self.place_at(event.location_id).disconnected_at = Some(event.at),
            StockEvent::Observed(event) => self.observe(event.location_id, event.observation),
            StockEvent::DriftDetected(event) => {
                let ledger = self.is_ledger();
                let place = self.place_at(event.location_id);
                place.drift_told = event.observed.saturating_sub(event.expected);
                place.pass(ledger);
            }
            StockEvent::Allocated(event) => self.hold(event.claim),
            StockEvent::AllocationReleased(event) => self.settle(event.claim),
            StockEvent::AllocationMoved(event) => self.settle(event.claim),
            StockEvent::Shipped(event) => self.settle(event.claim),
            StockEvent::Received(event) => self.settle(event.claim),
            StockEvent::ClaimCorrected(event) => self.settle(event.claim),
            StockEvent::Oversold(event) => self.backorders.open(&event),
            StockEvent::BackorderFilled(event) => self.backorders.fill(&event),
            StockEvent::RanOut(_) => (self.out, self.ample) = (true, false),
            StockEvent::CameBack(_) => self.out = false,
            StockEvent::RanLow(_) => self.ample = false,
            StockEvent::Adjusted(event) => self.adjusted(event),
            StockEvent::Governed(event) => self.policy = event.policy,
        }
        self.close();
    }

    pub(super) fn place_at(&mut self, location_id: LocationId) -> &mut Place {
        self.places.entry(location_id).or_default()
    }

    pub(super) fn observe(&mut self, location_id: LocationId, observation: Observation) {
        let open = self.is_open(location_id);
        self.place_at(location_id).observe(observation, open);
    }

    /// Nothing of the location's past was dropped yet.
    pub(super) fn is_open(&self, location_id: LocationId) -> bool {
        self.claims.book(location_id).is_none_or(|book| book.closed().is_none())
    }

    pub(super) fn hold(&mut self, claim: Claim) {
        self.claims.hold(claim);
    }

    fn settle(&mut self, claim: Claim) {
        self.backorders.limit(&claim);
        self.hold(claim);
    }

    /// Takes note of what needs no event: explained observations, ample stock, lines that are history.
    fn close(&mut self) {
        let explained: Vec<LocationId> = self
            .places
            .iter()
            .filter(|(id, place)| place.due(self.now).is_some() && self.drift_due(**id, place).is_none())
            .map(|(id, _)| *id)
            .collect();
        let ledger = self.is_ledger();
        explained.into_iter().for_each(|id| self.place_at(id).pass(ledger));
        if !self.ample && self.policy.low_at.is_some_and(|low| self.total_available() > Some(low)) {
            self.ample = true;
        }
        if !ledger {
            self.close_books();
        }
    }

    fn close_books(&mut self) {
        let horizons: Vec<(LocationId, i64)> =
            self.places.iter().filter_map(|(id, place)| Some((*id, place.horizon()?))).collect();
        let Some(newest) = horizons.iter().map(|(_, second)| *second).max() else { return };
        for (location_id, second) in horizons {
            self.claims.book_mut(location_id).close(second);
        }
        for key in self.claims.over_by(newest, FORGOTTEN_AT_ONCE) {
            let history = |claim: &Claim| {
                let parts = claim.parts.iter().all(|part| self.is_history(told(part), moved_by(part)));
                parts && claim.returns.iter().all(|back| self.returned_in_history(back))
            };
            if self.claims.get(key).is_some_and(history) {
                self.claims.forget(key);
            }
        }
    }

    /// What a line that is not held did before the books were closed: it has no part in any level, so it is
    /// taken for known. Whether it was once held and forgotten, or comes so late, makes no difference.
    pub(super) fn history_of(&self, demand: &LineDemand) -> Option<Claim> {
        let somewhere = self.places.keys().next().copied();
        let past = |part: &DemandPart| {
            let location_id = part.location_id.or(somewhere);
            let DemandPart { taken_at, fate, quantity, .. } = *part;
            let guessed = part.location_id.is_none();
            let part = ClaimPart { location_id, guessed, taken_at, fate, quantity };
            (fate != Fate::Wanted && self.is_history(told(&part), moved_by(&part))).then_some(part)
        };
        let parts = super::claim::normal(demand.parts.iter().filter_map(past).collect());
        let mut returns: Vec<Return> =
            demand.returns.iter().filter(|back| self.returned_in_history(back)).cloned().collect();
        returns.sort();
        let LineDemand { order_id, line_id, .. } = *demand;
        (!parts.is_empty()).then_some(Claim { order_id, line_id, parts, returns })
    }

    /// Whether the books are closed over what moved at a location, or where none was told: everywhere.
    fn is_history(&self, location_id: Option<LocationId>, moved_by: i64) -> bool {
        let closed =
            |id: LocationId| self.claims.book(id).and_then(Book::closed).is_some_and(|closed| moved_by <= closed);
        match location_id {
            Some(id) => closed(id),
            None => {
                let mut observed =
                    self.places.iter().filter(|(_, place)| place.latest.is_some()).map(|(id, _)| *id).peekable();
                observed.peek().is_some() && observed.all(closed)
            }
        }
    }

    fn returned_in_history(&self, back: &Return) -> bool {
        back.location_id.is_none_or(|id| self.is_history(Some(id), back.at.as_second()))
    }

    /// How many order lines are still held in detail.
    pub fn held_lines(&self) -> usize {
        self.claims.len()
    }
}

fn told(part: &ClaimPart) -> Option<LocationId> {
    part.location_id.filter(|_| !part.guessed)
}

pub(super) fn line_key(demand: &LineDemand) -> claims::LineKey {
    (demand.order_id, demand.line_id)
}
