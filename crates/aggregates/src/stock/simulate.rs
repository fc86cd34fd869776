//! Which location an order would get, and why, without promising it.

use events::{Decision, Level, LocationId, OrderId};
use serde::Serialize;

use super::Stock;
use super::allocate::allocate;
use super::route::{Routing, Rule};

/// What would be promised.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Simulation {
    pub decision: Decision,
    /// Best first.
    pub candidates: Vec<Simulated>,
    /// Units that no location could cover; they would be promised at the first.
    pub short: u32,
}

/// A candidate, what would be promised there, and its rank by each rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Simulated {
    pub location_id: LocationId,
    pub available: i64,
    pub promised: u32,
    pub ranks: Vec<(Rule, Option<u32>)>,
}

impl Stock {
    /// None while the item is stocked nowhere.
    pub fn simulate(&self, quantity: u32, routing: &Routing) -> Option<Simulation> {
        let levels = self.candidates();
        let allocation = allocate(quantity, &levels, routing, false)?;
        let promised = |id: LocationId| {
            let here = allocation.promises.iter().filter(|promise| promise.location_id == id);
            here.map(|promise| promise.quantity).sum()
        };
        let candidates = routing.rank(&levels, quantity).into_iter().map(|one| Simulated {
            location_id: one.level.location_id,
            available: one.level.available,
            promised: promised(one.level.location_id),
            ranks: routing.rules.iter().copied().zip(one.ranks).collect(),
        });
        Some(Simulation { candidates: candidates.collect(), decision: allocation.decision, short: allocation.short })
    }

    /// Where the item is stocked, as it would stand there without this order: so what an order gets does not
    /// depend on whether it has been given some of it before.
    pub fn candidates_for(&self, order_id: OrderId) -> Vec<Level> {
        let mut without = self.clone();
        for line in self.claims.of_order(order_id) {
            without.claims.forget(line);
        }
        without.candidates()
    }

    /// Where the item is stocked, as it stands there.
    pub fn candidates(&self) -> Vec<Level> {
        let mut levels = self.levels();
        levels.retain(|level| {
            self.places.get(&level.location_id).is_some_and(|place| place.is_connected() && place.is_known())
        });
        levels
    }
}
