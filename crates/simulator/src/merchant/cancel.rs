use crate::store::Store;

impl Store {
    /// An order of which nothing is on its way is called off, with its goods restocked or not.
    pub(super) fn cancel(&mut self, order: usize) {
        let reason = self.chance.one_of(["customer", "inventory", "fraud", "declined", "other"]);
        let paid = self.orders[order].captured() > 0;
        let restock = self.chance.percent(80);
        // An unpaid order may be restocked without a refund that says so.
        let told = paid || !restock || self.chance.percent(70);
        let void = self.void(order);
        let refund = told.then(|| self.empty(order, paid, if restock { "cancel" } else { "no_restock" }));
        if !told {
            self.release_all(order);
        }
        self.orders[order].cancelled = Some((self.clock.now(), reason));
        self.send_order(order, &["orders/cancelled"]);
        if let Some(refund) = refund {
            self.send_refund(order, refund);
        }
        if let Some(void) = void {
            self.send_transaction(order, void);
        }
    }

    /// What was never captured will not be.
    fn void(&mut self, order: usize) -> Option<u64> {
        if self.orders[order].captured() > 0 {
            return None;
        }
        let authorized = self.orders[order].authorization().map(|authorization| authorization.cents);
        let void = authorized.map(|cents| self.transact(order, "void", "success", cents));
        self.orders[order].voided = true;
        void
    }

    /// One refund of everything.
    fn empty(&mut self, order: usize, paid: bool, restock: &'static str) -> usize {
        let lines = self.refund_all_unshipped(order, restock);
        let shipping = if paid { self.orders[order].current_shipping() } else { 0 };
        self.orders[order].shipping_refunded += shipping;
        self.record_refund(order, lines, shipping, 0)
    }

    fn release_all(&mut self, order: usize) {
        for line in &mut self.orders[order].lines {
            let committed = std::mem::take(&mut line.committed);
            for (location, units) in committed {
                if let Some(item) = line.item() {
                    self.stock.release((item, location), units);
                }
            }
        }
    }
}
