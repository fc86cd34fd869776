//! What moved at one location, summed by second: a level is read from sums, however many lines made them.

use std::ops::Bound::{Excluded, Unbounded};

use rpds::RedBlackTreeMapSync;
use serde::{Deserialize, Serialize};

/// The movements of one location. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Book {
    /// Promised to orders and not yet shipped.
    pub(super) allocated: i64,
    /// Where Shopify or the merchant named the location.
    pub(super) told: Sums,
    /// Where we chose it.
    pub(super) guessed: Sums,
}

/// Quantities by second since the epoch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sums {
    total: i64,
    by_second: RedBlackTreeMapSync<i64, i64>,
    /// No question goes back behind it, so nothing at or before it is kept.
    closed: Option<i64>,
}

impl Default for Sums {
    fn default() -> Self {
        Self { total: 0, by_second: RedBlackTreeMapSync::new_sync(), closed: None }
    }
}

impl Book {
    pub(super) fn close(&mut self, second: i64) {
        self.told.close(second);
        self.guessed.close(second);
    }

    pub(super) fn closed(&self) -> Option<i64> {
        self.told.closed
    }
}

/// A book as it is written down.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FrozenBook {
    allocated: i64,
    closed: Option<i64>,
    told: Vec<(i64, i64)>,
    guessed: Vec<(i64, i64)>,
}

impl From<Book> for FrozenBook {
    fn from(book: Book) -> Self {
        let list = |sums: &Sums| sums.by_second.iter().map(|(second, quantity)| (*second, *quantity)).collect();
        let (told, guessed) = (list(&book.told), list(&book.guessed));
        Self { allocated: book.allocated, closed: book.closed(), told, guessed }
    }
}

impl From<FrozenBook> for Book {
    fn from(frozen: FrozenBook) -> Self {
        let sums = |list: Vec<(i64, i64)>| {
            let mut sums = Sums { closed: frozen.closed, ..Sums::default() };
            list.into_iter().for_each(|(second, quantity)| sums.post(second, quantity));
            sums
        };
        Self { allocated: frozen.allocated, told: sums(frozen.told), guessed: sums(frozen.guessed) }
    }
}

impl Sums {
    pub(super) fn post(&mut self, second: i64, quantity: i64) {
        if self.closed.is_some_and(|closed| second <= closed) || quantity == 0 {
            return;
        }
        self.total += quantity;
        let sum = self.by_second.get(&second).unwrap_or(&0) + quantity;
        if sum == 0 {
            self.by_second.remove_mut(&second);
        } else {
            self.by_second.insert_mut(second, sum);
        }
    }

    /// All later than `second`; everything when there is none.
    ///
    /// The seconds before the last observation are few, for the books are closed behind it.
    pub(super) fn after(&self, second: Option<i64>) -> i64 {
        let Some(second) = second else { return self.total };
        self.total - self.by_second.range(..=second).map(|(_, quantity)| quantity).sum::<i64>()
    }

    /// All later than `from`, up to and with `to`.
    pub(super) fn between(&self, from: i64, to: i64) -> i64 {
        let later: i64 = self.by_second.range((Excluded(to), Unbounded)).map(|(_, quantity)| quantity).sum();
        self.after(Some(from)) - if to > from { later } else { self.after(Some(from)) }
    }

    fn close(&mut self, second: i64) {
        if self.closed.is_some_and(|closed| second <= closed) {
            return;
        }
        let past: Vec<(i64, i64)> = self.by_second.range(..=second).map(|(at, quantity)| (*at, *quantity)).collect();
        for (at, quantity) in past {
            self.total -= quantity;
            self.by_second.remove_mut(&at);
        }
        self.closed = Some(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_seconds_asked_for() {
        let mut sums = Sums::default();
        for (second, quantity) in [(1, -5), (2, 3), (2, 1), (4, -2)] {
            sums.post(second, quantity);
        }
        assert_eq!((sums.after(None), sums.after(Some(1)), sums.after(Some(4))), (-3, 2, 0));
        assert_eq!((sums.between(1, 4), sums.between(0, 2), sums.between(4, 4), sums.between(5, 2)), (2, -1, 0, 0));
    }

    #[test]
    fn what_is_closed_is_neither_kept_nor_taken_back() {
        let mut sums = Sums::default();
        sums.post(1, -5);
        sums.post(3, 2);
        sums.close(2);
        sums.post(1, 5);
        sums.post(2, 7);
        assert_eq!((sums.after(None), sums.after(Some(2))), (2, 2));
    }
}
