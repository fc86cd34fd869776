//! The state as it is written down: a snapshot is a cache of it, and lists are all that JSON needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use events::{Claim, LocationId, StockPolicy, Timestamp};
use serde::{Deserialize, Serialize};

use super::adjust::{Adjustments, Asked};
use super::backorder::{Backorder, Backorders};
use super::book::FrozenBook;
use super::claims::Claims;
use super::place::Place;
use super::{Item, Stock};

/// Raised whenever the fields below change, or the same events lead to another state.
pub(super) const SHAPE: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Frozen {
    item: Option<Item>,
    retired: bool,
    policy: StockPolicy,
    places: BTreeMap<LocationId, Place>,
    claims: Vec<Claim>,
    books: BTreeMap<LocationId, FrozenBook>,
    backorders: Vec<Backorder>,
    asked: Vec<Asked>,
    out: bool,
    ample: bool,
    now: Timestamp,
}

impl From<Stock> for Frozen {
    fn from(stock: Stock) -> Self {
        let books = stock.claims.books_by_location().iter();
        Self {
            item: stock.item,
            retired: stock.retired,
            policy: stock.policy,
            places: stock.places,
            claims: stock.claims.iter().cloned().collect(),
            books: books.map(|(id, book)| (*id, book.clone().into())).collect(),
            backorders: stock.backorders.iter().cloned().collect(),
            asked: stock.adjustments.asked.to_vec(),
            out: stock.out,
            ample: stock.ample,
            now: stock.now,
        }
    }
}

impl From<Frozen> for Stock {
    fn from(frozen: Frozen) -> Self {
        let books = frozen.books.into_iter().map(|(id, book)| (id, book.into())).collect();
        let mut backorders = Backorders::default();
        frozen.backorders.into_iter().for_each(|backorder| backorders.put(backorder));
        Self {
            item: frozen.item,
            retired: frozen.retired,
            policy: frozen.policy,
            places: frozen.places,
            claims: Claims::restored(frozen.claims, books),
            backorders,
            adjustments: Adjustments { asked: Arc::new(frozen.asked) },
            out: frozen.out,
            ample: frozen.ample,
            now: frozen.now,
        }
    }
}
