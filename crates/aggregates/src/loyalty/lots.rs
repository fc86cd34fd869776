//! The lots of an account, and how points move between them.

use std::collections::BTreeMap;

use events::{Draw, Lot, OrderId, PointsBalance, Timestamp};
use serde::{Deserialize, Serialize};

/// By order. The balance is their sum; whenever points have moved, none is overdrawn while another has points.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Lots(BTreeMap<OrderId, Lot>);

impl Lots {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Lot> {
        self.0.values()
    }

    pub(super) fn get(&self, order: OrderId) -> Option<&Lot> {
        self.0.get(&order)
    }

    pub(super) fn overwrite(&mut self, lots: &[Lot]) {
        self.0.extend(lots.iter().map(|lot| (lot.order_id, lot.clone())));
    }

    pub(super) fn balance(&self) -> PointsBalance {
        let sum = |pending| self.iter().filter(|lot| lot.pending == pending).map(|lot| lot.remaining).sum();
        PointsBalance { points: sum(false), pending: sum(true) }
    }

    /// Those that are otherwise here than there.
    pub(super) fn changed_since(&self, before: &Self) -> Vec<Lot> {
        self.iter().filter(|lot| before.get(lot.order_id) != Some(lot)).cloned().collect()
    }

    pub(super) fn grant(&mut self, lot: Lot, points: i64) {
        let lot = self.0.entry(lot.order_id).or_insert(lot);
        lot.granted += points;
        lot.remaining += points;
        self.even_out();
    }

    /// Takes back what the order's lot was given: what is left of it, then what had expired of it, then
    /// from other lots, and the rest is owed. Returns how much had expired.
    pub(super) fn claw_back(&mut self, order: OrderId, points: i64) -> i64 {
        let Some(lot) = self.0.get_mut(&order) else { return 0 };
        let left = points.min(lot.remaining.max(0));
        let expired = (points - left).min(lot.expired);
        lot.granted -= points;
        lot.expired -= expired;
        lot.remaining -= points - expired;
        self.even_out();
        expired
    }

    pub(super) fn activate(&mut self, order: OrderId) -> i64 {
        let Some(lot) = self.0.get_mut(&order) else { return 0 };
        lot.pending = false;
        let points = lot.remaining;
        self.even_out();
        points
    }

    pub(super) fn expire(&mut self, order: OrderId) -> i64 {
        let Some(lot) = self.0.get_mut(&order) else { return 0 };
        let points = lot.remaining;
        lot.expired += points;
        lot.remaining = 0;
        points
    }

    /// Takes points first-to-expire first; there must be as many.
    pub(super) fn draw(&mut self, points: i64) -> Vec<Draw> {
        let mut rest = points;
        let mut draws = Vec::new();
        for order in self.spendable() {
            let Some(lot) = self.0.get_mut(&order) else { continue };
            let part = rest.min(lot.remaining);
            lot.remaining -= part;
            rest -= part;
            if part > 0 {
                draws.push(Draw { order_id: order, points: part });
            }
        }
        draws
    }

    pub(super) fn give_back(&mut self, draws: &[Draw]) {
        for draw in draws {
            if let Some(lot) = self.0.get_mut(&draw.order_id) {
                lot.remaining += draw.points;
            }
        }
        self.even_out();
    }

    /// An order that has a lot in both accounts has one of both in the end.
    pub(super) fn absorb(&mut self, others: &Self) {
        for other in others.iter() {
            match self.0.get_mut(&other.order_id) {
                Some(lot) => {
                    lot.granted += other.granted;
                    lot.remaining += other.remaining;
                    lot.expired += other.expired;
                    lot.pending &= other.pending;
                }
                None => drop(self.0.insert(other.order_id, other.clone())),
            }
        }
        self.even_out();
    }

    /// The first thing that is due at `at`: when, and to which order's lot.
    pub(super) fn first_due(&self, at: Timestamp) -> Option<(Timestamp, OrderId)> {
        let due = self.iter().filter_map(|lot| due(lot).map(|due| (due, lot.order_id)));
        due.filter(|(due, _)| *due <= at).min()
    }

    /// What one lot owes is paid by those that have points, first-to-expire first.
    fn even_out(&mut self) {
        let overdrawn: Vec<OrderId> =
            self.iter().filter(|lot| !lot.pending && lot.remaining < 0).map(|lot| lot.order_id).collect();
        for order in overdrawn {
            let owed = self.get(order).map_or(0, |lot| -lot.remaining);
            let paid = self.draw(owed).iter().map(|draw| draw.points).sum::<i64>();
            if let Some(lot) = self.0.get_mut(&order) {
                lot.remaining += paid;
            }
        }
    }

    /// Lots to draw from, in their order.
    fn spendable(&self) -> Vec<OrderId> {
        let mut lots: Vec<&Lot> = self.iter().filter(|lot| !lot.pending && lot.remaining > 0).collect();
        lots.sort_by_key(|lot| lot.rank());
        lots.into_iter().map(|lot| lot.order_id).collect()
    }
}

/// When the next thing happens to a lot by itself.
pub(super) fn due(lot: &Lot) -> Option<Timestamp> {
    match lot {
        Lot { remaining: ..=0, .. } => None,
        Lot { pending: true, active_at, .. } => Some(*active_at),
        Lot { expires_at, .. } => *expires_at,
    }
}
