//! Order routing: which locations an order is promised from.

use std::collections::BTreeMap;

use crate::store::Store;

impl Store {
    /// Commits units of each item, from one location where one has all, else line by line, split when it
    /// must be. What nobody has is committed at the first location all the same: it was sold by policy.
    pub(super) fn route(&mut self, wanted: &[(u64, u32)]) -> Vec<BTreeMap<u64, u32>> {
        let has = |store: &Self, location: u64, (item, units): (u64, u32)| {
            let stocked = store.stock.of(item).any(|(at, _)| at == location);
            stocked && store.stock.available((item, location)) >= units.into()
        };
        let whole = self.locations.iter().copied().find(|at| wanted.iter().all(|line| has(self, *at, *line)));
        let mut parts = Vec::new();
        for (item, units) in wanted {
            let one = whole.or_else(|| self.locations.iter().copied().find(|at| has(self, *at, (*item, *units))));
            let part = match one {
                Some(location) => BTreeMap::from([(location, *units)]),
                None => self.split(*item, *units),
            };
            for (location, units) in &part {
                self.stock.commit((*item, *location), *units);
            }
            parts.push(part);
        }
        parts
    }

    fn split(&self, item: u64, units: u32) -> BTreeMap<u64, u32> {
        let (mut rest, mut part) = (units, BTreeMap::new());
        for (location, level) in self.stock.of(item) {
            let take = u32::try_from(level.available).unwrap_or(0).min(rest);
            if take > 0 {
                part.insert(location, take);
                rest -= take;
            }
        }
        if let Some((first, _)) = self.stock.of(item).next().filter(|_| rest > 0) {
            *part.entry(first).or_default() += rest;
        }
        part
    }

    /// How many units of a variant can be sold, up to so many.
    pub(super) fn sellable(&self, article: (usize, usize), units: u32) -> u32 {
        let variant = self.catalogue.variant(article);
        if !variant.tracked || variant.oversells {
            return units;
        }
        let available: i64 = self.stock.of(variant.item).map(|(_, level)| level.available.max(0)).sum();
        units.min(u32::try_from(available).unwrap_or(units))
    }
}
