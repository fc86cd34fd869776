//! Promises that no location could cover, and who is covered first.

use std::collections::BTreeMap;

use events::{Claim, Fate, LineId, LocationId, OrderId, StockBackorderFilled, StockOversold, Timestamp};
use rpds::RedBlackTreeMapSync;
use serde::{Deserialize, Serialize};

use super::claims::LineKey;

/// Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Backorders {
    open: RedBlackTreeMapSync<LineKey, Backorder>,
    /// Units short at each location.
    short: BTreeMap<LocationId, u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Backorder {
    pub(super) order_id: OrderId,
    pub(super) line_id: LineId,
    pub(super) since: Timestamp,
    pub(super) location_id: LocationId,
    pub(super) short: u32,
}

impl Default for Backorders {
    fn default() -> Self {
        Self { open: RedBlackTreeMapSync::new_sync(), short: BTreeMap::new() }
    }
}

impl Backorders {
    pub(super) fn contains(&self, key: LineKey) -> bool {
        self.open.contains_key(&key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Backorder> {
        self.open.values()
    }

    /// Locations where something is short, and how much.
    pub(super) fn by_location(&self) -> impl Iterator<Item = (LocationId, u32)> {
        self.short.iter().map(|(id, short)| (*id, *short))
    }

    pub(super) fn open(&mut self, event: &StockOversold) {
        let StockOversold { at: since, order_id, line_id, location_id, short } = *event;
        if let Some(location_id) = location_id {
            self.put(Backorder { order_id, line_id, since, location_id, short });
        }
    }

    pub(super) fn fill(&mut self, event: &StockBackorderFilled) {
        if let Some(held) = self.open.get(&(event.order_id, event.line_id)).cloned() {
            self.put(Backorder { short: event.short, ..held });
        }
    }

    /// A line is short of no more than it still wants at that location.
    pub(super) fn limit(&mut self, claim: &Claim) {
        let Some(held) = self.open.get(&(claim.order_id, claim.line_id)).cloned() else { return };
        let wanted = claim.parts.iter().filter(|part| part.fate == Fate::Wanted);
        let here = wanted.filter(|part| part.location_id == Some(held.location_id));
        let short = here.map(|part| part.quantity).sum::<u32>().min(held.short);
        self.put(Backorder { short, ..held });
    }

    pub(super) fn put(&mut self, backorder: Backorder) {
        let key = (backorder.order_id, backorder.line_id);
        if let Some(before) = self.open.get(&key).cloned() {
            self.add(before.location_id, -i64::from(before.short));
            self.open.remove_mut(&key);
        }
        if backorder.short > 0 {
            self.add(backorder.location_id, backorder.short.into());
            self.open.insert_mut(key, backorder);
        }
    }

    fn add(&mut self, location_id: LocationId, units: i64) {
        let short = i64::from(self.short.get(&location_id).copied().unwrap_or(0)) + units;
        match u32::try_from(short) {
            Ok(short) if short > 0 => drop(self.short.insert(location_id, short)),
            _ => drop(self.short.remove(&location_id)),
        }
    }

    /// Which backorders of a location are covered when no more than `uncovered` units are missing there:
    /// the oldest first. Each with what is covered of it and what it is still short of.
    pub(super) fn covered(&self, location_id: LocationId, uncovered: u32) -> Vec<(Backorder, u32)> {
        let short = self.short.get(&location_id).copied().unwrap_or(0);
        let mut cover = short.saturating_sub(uncovered);
        if cover == 0 {
            return Vec::new();
        }
        let mut here: Vec<&Backorder> = self.open.values().filter(|held| held.location_id == location_id).collect();
        here.sort_by_key(|held| (held.since, held.order_id, held.line_id));
        let mut covered = Vec::new();
        for held in here {
            let quantity = held.short.min(cover);
            cover -= quantity;
            if quantity == 0 {
                break;
            }
            covered.push((Backorder { short: held.short - quantity, ..held.clone() }, quantity));
        }
        covered
    }
}
