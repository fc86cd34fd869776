//! Shopify's own stock: per inventory item and location, and what each action moves.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Level {
    /// Signed: the store may oversell by policy.
    pub(crate) available: i64,
    pub(crate) committed: i64,
    pub(crate) on_hand: i64,
    /// When Shopify last said what is available: its echoes never go back in time.
    echoed_at: i64,
}

/// Units that have left one location and not yet come to the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transfer {
    pub(crate) id: u64,
    pub(crate) item: u64,
    pub(crate) to: u64,
    pub(crate) units: u32,
}

/// Inventory item and location.
pub(crate) type Place = (u64, u64);

#[derive(Debug, Default)]
pub(crate) struct Stock {
    levels: BTreeMap<Place, Level>,
    /// Where `available` has changed since the last echo.
    changed: BTreeSet<Place>,
}

impl Stock {
    /// The item is stocked there from now on.
    pub(crate) fn connect(&mut self, place: Place) {
        self.levels.entry(place).or_default();
    }

    /// The item is no more.
    pub(crate) fn retire(&mut self, item: u64) {
        self.levels.retain(|(of, _), _| *of != item);
        self.changed.retain(|(of, _)| *of != item);
    }

    /// Sold, not yet shipped.
    pub(crate) fn commit(&mut self, place: Place, units: u32) {
        self.move_available(place, -i64::from(units), 0);
    }

    /// A promise is taken back, the goods are for sale again.
    pub(crate) fn release(&mut self, place: Place, units: u32) {
        self.move_available(place, units.into(), 0);
    }

    /// Goods come in, or are found missing.
    pub(crate) fn receive(&mut self, place: Place, units: i64) {
        self.move_available(place, units, units);
    }

    /// Promised goods leave: shipped, or written off.
    pub(crate) fn ship(&mut self, place: Place, units: u32) {
        self.move_committed(place, -i64::from(units));
    }

    /// What was shipped is promised again: the fulfilment was cancelled.
    pub(crate) fn unship(&mut self, place: Place, units: u32) {
        self.move_committed(place, units.into());
    }

    fn move_available(&mut self, place: Place, units: i64, on_hand: i64) {
        let level = self.levels.entry(place).or_default();
        level.available += units;
        level.committed += on_hand - units;
        level.on_hand += on_hand;
        self.changed.insert(place);
    }

    fn move_committed(&mut self, place: Place, units: i64) {
        let level = self.levels.entry(place).or_default();
        level.committed += units;
        level.on_hand += units;
    }

    pub(crate) fn available(&self, place: Place) -> i64 {
        self.levels.get(&place).map_or(0, |level| level.available)
    }

    /// The item's levels, by location.
    pub(crate) fn of(&self, item: u64) -> impl Iterator<Item = (u64, Level)> + '_ {
        let levels = self.levels.range((item, 0)..=(item, u64::MAX));
        levels.map(|((_, location), level)| (*location, *level))
    }

    pub(crate) fn locations(&self, item: u64) -> Vec<u64> {
        self.of(item).map(|(location, _)| location).collect()
    }

    /// What has to be echoed, and when Shopify says it changed: now or within a second, but never
    /// before what it said last.
    pub(crate) fn echoes(&mut self, now: i64) -> Vec<(Place, i64)> {
        let changed = std::mem::take(&mut self.changed);
        let mut echo = |place: Place| {
            let level = self.levels.get_mut(&place)?;
            level.echoed_at = level.echoed_at.max(now);
            Some((place, level.echoed_at))
        };
        changed.into_iter().filter_map(&mut echo).collect()
    }

    pub(crate) fn is_conserved(&self) -> bool {
        self.levels.values().all(|level| level.on_hand == level.available + level.committed)
    }
}
