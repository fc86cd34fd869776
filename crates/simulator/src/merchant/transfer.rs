//! Goods that are sent from one location to another.

use crate::body;
use crate::stock::Transfer;
use crate::store::Store;

impl Store {
    /// One that is under way arrives, or another one leaves.
    pub(super) fn transfer(&mut self) {
        if self.transfers.is_empty() || self.chance.percent(40) {
            self.send_off();
        } else {
            self.take_in();
        }
    }

    /// Some of what is for sale at one location leaves for another that stocks the item.
    fn send_off(&mut self) {
        let counted = self.catalogue.tracked().into_iter().map(|article| self.catalogue.variant(article).item);
        let plenty = counted.flat_map(|item| self.stock.of(item).map(move |(at, level)| (item, at, level.available)));
        let plenty: Vec<(u64, u64, i64)> = plenty.filter(|(.., available)| *available >= 4).collect();
        let Some((item, from, available)) = self.chance.pick(&plenty) else { return };
        let others: Vec<u64> = self.stock.locations(item).into_iter().filter(|at| *at != from).collect();
        let Some(to) = self.chance.pick(&others) else { return };
        let units = self.chance.units(u32::try_from(available / 2).unwrap_or(1));
        let id = self.new_id();
        self.stock.receive((item, from), -i64::from(units));
        self.transfers.push(Transfer { id, item, to, units });
        self.send("inventory_shipments/mark_in_transit", body::shipment(id, "IN_TRANSIT", self.clock.now()));
    }

    /// What was of an item that is no more is written off.
    fn take_in(&mut self) {
        let at = self.chance.index(self.transfers.len());
        let Transfer { id, item, to, units } = self.transfers.swap_remove(at);
        if self.stock.locations(item).contains(&to) {
            self.stock.receive((item, to), units.into());
        }
        self.send("inventory_shipments/receive_items", body::shipment(id, "RECEIVED", self.clock.now()));
    }
}
