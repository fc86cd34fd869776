//! What order lines hold of the item, and the sums that the levels are read from.

use std::collections::BTreeMap;

use events::{Claim, ClaimPart, Fate, LineId, LocationId, OrderId};
use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use super::book::Book;

pub(super) type LineKey = (OrderId, LineId);

/// Cheap to clone, however many lines there are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claims {
    held: RedBlackTreeMapSync<LineKey, Claim>,
    books: BTreeMap<LocationId, Book>,
    /// Lines with units that have no location yet.
    unplaced: RedBlackTreeSetSync<LineKey>,
    /// Lines that want nothing more, by the second in which they may be forgotten at the earliest.
    over: RedBlackTreeSetSync<(i64, LineKey)>,
}

impl Default for Claims {
    fn default() -> Self {
        Self {
            held: RedBlackTreeMapSync::new_sync(),
            books: BTreeMap::new(),
            unplaced: RedBlackTreeSetSync::new_sync(),
            over: RedBlackTreeSetSync::new_sync(),
        }
    }
}

impl Claims {
    pub(super) fn get(&self, key: LineKey) -> Option<&Claim> {
        self.held.get(&key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Claim> {
        self.held.values()
    }

    /// The lines of one order.
    pub(super) fn of_order(&self, order_id: OrderId) -> Vec<LineKey> {
        let Some(first) = LineId::new(1) else { return Vec::new() };
        let from_it = self.held.range((order_id, first)..).map(|(key, _)| *key);
        from_it.take_while(|(held, _)| *held == order_id).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.held.size()
    }

    pub(super) fn unplaced(&self) -> Vec<Claim> {
        self.unplaced.iter().filter_map(|key| self.held.get(key).cloned()).collect()
    }

    pub(super) fn book(&self, location_id: LocationId) -> Option<&Book> {
        self.books.get(&location_id)
    }

    pub(super) fn book_mut(&mut self, location_id: LocationId) -> &mut Book {
        self.books.entry(location_id).or_default()
    }

    /// Every location that something moved at, or is promised at.
    pub(super) fn locations(&self) -> impl Iterator<Item = LocationId> {
        self.books.keys().copied()
    }

    pub(super) fn books(&self) -> impl Iterator<Item = &Book> {
        self.books.values()
    }

    /// Put together again: the sums hold more than what is held, adjustments and forgotten lines.
    pub(super) fn restored(claims: Vec<Claim>, books: BTreeMap<LocationId, Book>) -> Self {
        let mut restored = Self { books, ..Self::default() };
        claims.into_iter().for_each(|claim| restored.index(claim));
        restored
    }

    pub(super) fn books_by_location(&self) -> &BTreeMap<LocationId, Book> {
        &self.books
    }

    pub(super) fn hold(&mut self, claim: Claim) {
        self.forget(key(&claim));
        self.post(&claim, 1);
        self.index(claim);
    }

    fn index(&mut self, claim: Claim) {
        let key = key(&claim);
        if claim.parts.iter().any(|part| part.location_id.is_none()) {
            self.unplaced.insert_mut(key);
        } else if claim.parts.iter().all(|part| part.fate != Fate::Wanted) {
            self.over.insert_mut((last_second(&claim), key));
        }
        self.held.insert_mut(key, claim);
    }

    pub(super) fn forget(&mut self, key: LineKey) {
        let Some(claim) = self.held.get(&key).cloned() else { return };
        self.post(&claim, -1);
        self.unplaced.remove_mut(&key);
        self.over.remove_mut(&(last_second(&claim), key));
        self.held.remove_mut(&key);
    }

    /// Lines that are over, and were so at `second`; the oldest `most` of them.
    pub(super) fn over_by(&self, second: i64, most: usize) -> Vec<LineKey> {
        self.over.iter().take_while(|(last, _)| *last <= second).take(most).map(|(_, key)| *key).collect()
    }

    fn post(&mut self, claim: &Claim, sign: i64) {
        for part in &claim.parts {
            let Some(location_id) = part.location_id else { continue };
            let book = self.book_mut(location_id);
            let quantity = sign * i64::from(part.quantity);
            if part.fate == Fate::Wanted {
                book.allocated += quantity;
            }
            let sums = if part.guessed { &mut book.guessed } else { &mut book.told };
            sums.post(part.taken_at.as_second(), -quantity);
            if let Fate::Released { at } = part.fate {
                sums.post(at.as_second(), quantity);
            }
        }
        for back in &claim.returns {
            let Some(location_id) = back.location_id else { continue };
            self.book_mut(location_id).told.post(back.at.as_second(), sign * i64::from(back.quantity));
        }
    }
}

pub(super) fn key(claim: &Claim) -> LineKey {
    (claim.order_id, claim.line_id)
}

/// The last second in which units moved.
pub(super) fn moved_by(part: &ClaimPart) -> i64 {
    match part.fate {
        Fate::Released { at } => at.max(part.taken_at).as_second(),
        Fate::Wanted | Fate::Shipped | Fate::WrittenOff => part.taken_at.as_second(),
    }
}

fn last_second(claim: &Claim) -> i64 {
    let returns = claim.returns.iter().map(|back| back.at.as_second());
    claim.parts.iter().map(moved_by).chain(returns).max().unwrap_or(i64::MIN)
}
