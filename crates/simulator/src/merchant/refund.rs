use std::collections::BTreeSet;

use super::fulfill::uncommit;
use crate::body;
use crate::order::{Refund, RefundLine};
use crate::store::Store;

/// Units of one line that are refunded.
struct Back {
    line: usize,
    units: u32,
    restock: &'static str,
    location: Option<u64>,
}

impl Store {
    /// Units that were not shipped are taken off: restocked, or gone for good.
    pub(super) fn refund_unshipped(&mut self, order: usize) {
        let open = |at: &usize| self.orders[order].fulfillable(*at) > 0 && !self.orders[order].lines[*at].gift_card;
        let open: Vec<usize> = (0..self.orders[order].lines.len()).filter(open).collect();
        let Some(at) = self.chance.pick(&open) else { return self.care(order) };
        let line = &self.orders[order].lines[at];
        let held = line.committed.first_key_value().map(|(location, units)| (*location, *units));
        let (units, never_shipped) =
            (self.chance.units(held.map_or(line.open(), |(_, units)| units)), line.shipped == 0);
        // Of a line that was shipped in part nobody could tell which units a `no_restock` means.
        let restock = if never_shipped && self.chance.percent(20) { "no_restock" } else { "cancel" };
        let told = self.chance.percent(70);
        let location = held.map(|(location, _)| location).filter(|_| told);
        self.drop_units(order, at, held.map(|(location, _)| location), units, restock);
        let lines = vec![self.refund_line(order, Back { line: at, units, restock, location })];
        self.refund(order, lines, 0, 0);
    }

    /// Takes units off a line that were never shipped.
    fn drop_units(&mut self, order: usize, at: usize, held: Option<u64>, units: u32, restock: &str) {
        let line = &mut self.orders[order].lines[at];
        line.dropped += units;
        if let (Some(item), Some(location)) = (line.item(), held) {
            uncommit(line, location, units);
            match restock {
                "cancel" => self.stock.release((item, location), units),
                _ => self.stock.ship((item, location), units),
            }
        }
    }

    /// Shipped units are refunded; most come back.
    pub(super) fn refund_shipped(&mut self, order: usize) {
        let lines = self.orders[order].lines.iter().enumerate();
        let kept: Vec<usize> = lines.filter(|(_, line)| line.kept() > 0 && !line.gift_card).map(|(at, _)| at).collect();
        let Some(at) = self.chance.pick(&kept) else { return self.care(order) };
        let line = &self.orders[order].lines[at];
        let (units, item, all_shipped) = (self.chance.units(line.kept()), line.item(), line.open() == 0);
        let (restock, location) = if all_shipped && self.chance.percent(25) {
            ("no_restock", None)
        } else {
            ("return", item.and_then(|item| self.take_back(order, at, item, units)))
        };
        let asked = (restock == "return" && self.chance.percent(60)).then(|| self.new_id());
        if let Some(id) = asked {
            self.tell_return(order, (id, at, units), &[("returns/request", "requested"), ("returns/approve", "open")]);
        }
        self.orders[order].lines[at].returned += units;
        let lines = vec![self.refund_line(order, Back { line: at, units, restock, location })];
        self.refund(order, lines, 0, 0);
        if let Some(id) = asked {
            self.tell_return(order, (id, at, units), &[("returns/process", "open")]);
            self.end_return(order, id);
        } else if self.chance.percent(20) {
            self.refuse_return(order, at);
        }
    }

    fn tell_return(&mut self, order: usize, (id, line, units): (u64, usize, u32), steps: &[(&'static str, &str)]) {
        for (topic, status) in steps {
            self.send(topic, body::return_told(&self.orders[order], id, line, units, status));
        }
    }

    fn end_return(&mut self, order: usize, id: u64) {
        let again = self.chance.percent(20);
        let steps = [("returns/close", "closed"), ("returns/reopen", "open"), ("returns/close", "closed")];
        for (topic, status) in steps.into_iter().take(if again { 3 } else { 1 }) {
            self.send(topic, body::return_ended(&self.orders[order], id, status));
        }
    }

    /// One that was asked for in vain, or not meant.
    fn refuse_return(&mut self, order: usize, line: usize) {
        let id = self.new_id();
        self.tell_return(order, (id, line, 1), &[("returns/request", "requested")]);
        if self.chance.percent(50) {
            self.tell_return(order, (id, line, 1), &[("returns/decline", "declined")]);
        } else {
            self.send("returns/cancel", body::return_ended(&self.orders[order], id, "canceled"));
        }
    }

    /// Goods come back to a location, which is told, or plain when all were sent from one.
    fn take_back(&mut self, order: usize, at: usize, item: u64, units: u32) -> Option<u64> {
        let parcels = self.orders[order].standing().filter(|parcel| parcel.lines.iter().any(|(line, _)| *line == at));
        let origins: BTreeSet<u64> = parcels.filter_map(|parcel| parcel.location).collect();
        let origins: Vec<u64> = origins.into_iter().collect();
        let stocked = self.stock.locations(item);
        let untold = origins.len() == 1 && self.chance.percent(30);
        let candidates = if untold || self.chance.percent(80) { &origins } else { &stocked };
        let location = self.chance.pick(candidates)?;
        self.stock.receive((item, location), units.into());
        Some(location).filter(|_| !untold)
    }

    pub(super) fn refund_shipping(&mut self, order: usize) {
        let shipping = self.orders[order].current_shipping().min(self.orders[order].refundable());
        if shipping == 0 {
            return self.care(order);
        }
        self.orders[order].shipping_refunded += shipping;
        self.refund(order, Vec::new(), shipping, 0);
    }

    /// Money back without goods: what an edit left over, or a kindness.
    pub(super) fn refund_goodwill(&mut self, order: usize) {
        let (refundable, due) = (self.orders[order].refundable(), self.orders[order].current_total());
        let kindness = self.chance.between(1..=(refundable / 10).max(1));
        let cents = if refundable > due { refundable - due } else { kindness };
        self.refund(order, Vec::new(), 0, cents);
    }

    /// The line must already be without the units.
    fn refund_line(&mut self, order: usize, back: Back) -> RefundLine {
        let id = self.new_id();
        let line = &self.orders[order].lines[back.line];
        let (after, before) = (line.current(), line.current() + back.units);
        RefundLine {
            id,
            line: back.line,
            quantity: back.units,
            restock: back.restock,
            location: back.location,
            subtotal: line.net(before) - line.net(after),
            tax: line.tax(before) - line.tax(after),
        }
    }

    /// Records a refund and gives back its worth, as far as that much was paid.
    fn refund(&mut self, order: usize, lines: Vec<RefundLine>, shipping: i64, goodwill: i64) {
        let refund = self.record_refund(order, lines, shipping, goodwill);
        self.send_order(order, &[]);
        self.send_refund(order, refund);
    }

    /// Returns the refund's place in the order.
    pub(super) fn record_refund(
        &mut self,
        order: usize,
        lines: Vec<RefundLine>,
        shipping: i64,
        goodwill: i64,
    ) -> usize {
        let worth: i64 = lines.iter().map(|line| line.subtotal + line.tax).sum();
        let cents = (worth + shipping + goodwill).min(self.orders[order].refundable());
        let status = if self.chance.percent(12) { "pending" } else { "success" };
        let transactions = Vec::from_iter((cents > 0).then(|| self.transact(order, "refund", status, cents)));
        let note = self.chance.percent(30).then_some("It broke \"on the way\"");
        let (id, at) = (self.new_id(), self.clock.now());
        let refunds = &mut self.orders[order].refunds;
        refunds.push(Refund { id, at, note, lines, transactions, shipping, goodwill });
        refunds.len() - 1
    }

    pub(super) fn send_refund(&mut self, order: usize, at: usize) {
        let refund = &self.orders[order].refunds[at];
        let transactions = refund.transactions.clone();
        self.send("refunds/create", body::refund(&self.orders[order], refund));
        for transaction in transactions {
            self.send_transaction(order, transaction);
        }
    }

    /// The bank says what became of a pending refund.
    pub(super) fn settle_refund(&mut self, order: usize) {
        let status = if self.chance.percent(85) { "success" } else { "failure" };
        let mut pending = self.orders[order].transactions.iter_mut();
        let Some(refund) = pending.find(|one| one.kind == "refund" && one.status == "pending") else { return };
        refund.status = status;
        let id = refund.id;
        self.send_order(order, &[]);
        self.send_transaction(order, id);
    }

    /// Refund lines that empty an order, each location for itself.
    pub(super) fn refund_all_unshipped(&mut self, order: usize, restock: &'static str) -> Vec<RefundLine> {
        let mut lines = Vec::new();
        for at in 0..self.orders[order].lines.len() {
            let line = &self.orders[order].lines[at];
            let mut parts: Vec<(Option<u64>, u32)> =
                line.committed.iter().map(|(location, units)| (Some(*location), *units)).collect();
            if !line.tracked && line.open() > 0 {
                parts.push((None, line.open()));
            }
            for (location, units) in parts {
                self.drop_units(order, at, location, units, restock);
                lines.push(self.refund_line(order, Back { line: at, units, restock, location }));
            }
        }
        lines
    }
}
