//! What was spent on the orders of a customer, where tiers go by it.

use std::collections::BTreeMap;

use events::{LoyaltySpendingRecorded, OrderId, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use super::decide::Decision;

/// By order; one on which nothing is spent any more is not in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Spending(BTreeMap<OrderId, (Timestamp, Decimal)>);

impl Spending {
    pub(super) fn hear(&mut self, event: &LoyaltySpendingRecorded) {
        if event.spent.is_zero() {
            self.0.remove(&event.order_id);
        } else {
            self.0.insert(event.order_id, (event.placed_at, event.spent));
        }
    }

    /// When the newest of the orders was placed.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.0.values().map(|(placed_at, _)| *placed_at).max()
    }

    /// In whole units, on orders placed after `start` and up to `end`.
    pub(super) fn within(&self, start: Timestamp, end: Timestamp) -> i64 {
        let inside = self.0.values().filter(|(placed_at, _)| *placed_at > start && *placed_at <= end);
        let sum = inside.fold(Decimal::ZERO, |sum, (_, spent)| sum.saturating_add(*spent));
        sum.floor().to_i64().unwrap_or(i64::MAX)
    }
}

impl Decision<'_> {
    /// Records what is spent on the order as it stands, when that is not what is known.
    pub(super) fn spend(&mut self, order_id: OrderId, placed_at: Timestamp, spent: Decimal, at: Timestamp) {
        let known = self.account.spending.0.get(&order_id).map_or(Decimal::ZERO, |(_, spent)| *spent);
        if known != spent {
            self.enroll(at);
            self.emit(LoyaltySpendingRecorded { at, order_id, placed_at, spent });
        }
    }

    /// Takes over what was spent with an account that was closed.
    pub(super) fn inherit(&mut self, closed: &Spending, at: Timestamp) {
        for (order_id, (placed_at, spent)) in &closed.0 {
            self.spend(*order_id, *placed_at, *spent, at);
        }
    }
}
