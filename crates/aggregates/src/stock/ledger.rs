//! What stands where: pure arithmetic over observations and claims.

use std::collections::BTreeSet;

use events::{Claim, ClaimPart, Fate, Level, LocationId, Observation, StockEvent, Timestamp};

use super::{Item, Place, Stock};

/// A change of what is available at a location.
struct Movement {
    location_id: LocationId,
    guessed: bool,
    at: Timestamp,
    quantity: i64,
}

impl Stock {
    /// The level of every location that was heard of, by id.
    pub(super) fn levels(&self) -> Vec<Level> {
        self.levels_with(std::iter::empty())
    }

    /// Also of `further` locations, which may have been heard of only before.
    pub(super) fn levels_with(&self, further: impl Iterator<Item = LocationId>) -> Vec<Level> {
        let movements: Vec<Movement> = self.claims().flat_map(movements).collect();
        let places = self.places.keys().copied();
        let claimed = self.claims().flat_map(|claim| claim.parts.iter().filter_map(|part| part.location_id));
        let returned = movements.iter().map(|movement| movement.location_id);
        let known: BTreeSet<LocationId> = places.chain(claimed).chain(returned).chain(further).collect();
        known.into_iter().map(|id| self.level(id, &movements)).collect()
    }

    fn level(&self, location_id: LocationId, movements: &[Movement]) -> Level {
        let unheard = Place::default();
        let place = self.places.get(&location_id).unwrap_or(&unheard);
        let anywhere = self.last_observed_anywhere();
        let here = place.latest.as_ref().map(|observation| observation.at.as_second());
        let later = |movement: &&Movement| {
            let seen = if movement.guessed { anywhere } else { here };
            seen.is_none_or(|seen| movement.at.as_second() > seen)
        };
        let mine = || movements.iter().filter(|movement| movement.location_id == location_id);
        let moved: i64 = mine().filter(later).map(|movement| movement.quantity).sum();
        let available = place.latest.as_ref().map_or(0, |observation| observation.available).saturating_add(moved);
        let allocated = self.allocated_at(location_id);
        Level {
            location_id,
            connected: place.is_connected(),
            available,
            allocated,
            on_hand: available.saturating_add(allocated),
            observation: place.latest.clone(),
            drift: drift(place, mine()).unwrap_or(0),
        }
    }

    /// The last observation here less what the one before and the movements between them predict.
    pub(super) fn drift(&self, location_id: LocationId) -> Option<i64> {
        let movements: Vec<Movement> = self.claims().flat_map(movements).collect();
        let mine = movements.iter().filter(|movement| movement.location_id == location_id);
        drift(self.places.get(&location_id)?, mine)
    }

    /// Seconds since the epoch of the newest observation at any location.
    pub(super) fn last_observed_anywhere(&self) -> Option<i64> {
        self.places.values().filter_map(|place| place.latest.as_ref()).map(|seen| seen.at.as_second()).max()
    }

    /// Available over all locations; none before the first observation.
    pub(super) fn total_available(&self) -> Option<i64> {
        self.last_observed_anywhere()?;
        Some(self.levels().iter().map(|level| level.available).sum())
    }

    pub(super) fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.claims.values().flat_map(|lines| lines.values())
    }

    fn allocated_at(&self, location_id: LocationId) -> i64 {
        let parts = self.claims().flat_map(|claim| &claim.parts);
        let here = parts.filter(|part| part.fate == Fate::Wanted && part.location_id == Some(location_id));
        here.map(|part| i64::from(part.quantity)).sum()
    }

    pub(super) fn evolve(&mut self, event: StockEvent) {
        match event {
            StockEvent::Described(event) => {
                self.item = Some(Item { as_of: event.as_of, sku: event.sku, tracked: event.tracked });
            }
            StockEvent::Retired(_) => self.retired = true,
            StockEvent::Connected(event) => self.place_at(event.location_id).connected_at = Some(event.at),
            StockEvent::Disconnected(event) => self.place_at(event.location_id).disconnected_at = Some(event.at),
            StockEvent::Observed(event) => self.place_at(event.location_id).observe(event.observation),
            StockEvent::DriftDetected(event) => {
                let place = self.place_at(event.location_id);
                place.drift_told = place.latest.clone();
            }
            StockEvent::Allocated(event) => self.hold(event.claim),
            StockEvent::AllocationReleased(event) => self.hold(event.claim),
            StockEvent::AllocationMoved(event) => self.hold(event.claim),
            StockEvent::Shipped(event) => self.hold(event.claim),
            StockEvent::Received(event) => self.hold(event.claim),
            StockEvent::ClaimCorrected(event) => self.hold(event.claim),
            StockEvent::Oversold(event) => {
                self.oversold.insert(format!("{}/{}", event.order_id, event.line_id));
            }
            StockEvent::RanOut(_) => self.out = true,
            StockEvent::CameBack(_) => self.out = false,
        }
    }

    pub(super) fn place_at(&mut self, location_id: LocationId) -> &mut Place {
        self.places.entry(location_id).or_default()
    }

    pub(super) fn hold(&mut self, claim: Claim) {
        self.claims.entry(claim.order_id).or_default().insert(claim.line_id, claim);
    }
}

impl Place {
    /// Stocked here, by the newest sign of life.
    pub(super) fn is_connected(&self) -> bool {
        let alive = self.connected_at.max(self.latest.as_ref().map(|seen| seen.at));
        self.disconnected_at.is_none_or(|gone| alive >= Some(gone))
    }

    /// Keeps the newest observation and the newest one of an earlier second.
    pub(super) fn observe(&mut self, seen: Observation) {
        let second = |observation: &Observation| observation.at.as_second();
        match &self.latest {
            Some(latest) if second(latest) == second(&seen) => self.latest = self.latest.take().max(Some(seen)),
            Some(latest) if *latest > seen => self.previous = self.previous.take().max(Some(seen)),
            _ => {
                self.previous = self.latest.replace(seen).max(self.previous.take());
            }
        }
    }
}

fn drift<'a>(place: &Place, movements: impl Iterator<Item = &'a Movement>) -> Option<i64> {
    let (latest, previous) = (place.latest.as_ref()?, place.previous.as_ref()?);
    let between = previous.at.as_second() + 1..=latest.at.as_second();
    let moved: i64 = movements.filter(|m| between.contains(&m.at.as_second())).map(|m| m.quantity).sum();
    Some(latest.available.saturating_sub(previous.available).saturating_sub(moved))
}

/// Everything a claim did to what is available.
fn movements(claim: &Claim) -> Vec<Movement> {
    let mut movements = Vec::new();
    for ClaimPart { location_id, guessed, taken_at, fate, quantity } in claim.parts.iter().cloned() {
        let Some(location_id) = location_id else { continue };
        let quantity = i64::from(quantity);
        movements.push(Movement { location_id, guessed, at: taken_at, quantity: -quantity });
        if let Fate::Released { at } = fate {
            movements.push(Movement { location_id, guessed, at, quantity });
        }
    }
    for back in &claim.returns {
        let Some(location_id) = back.location_id else { continue };
        movements.push(Movement { location_id, guessed: false, at: back.at, quantity: i64::from(back.quantity) });
    }
    movements
}
