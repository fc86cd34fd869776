use crate::body;
use crate::people::{Address, email, name};
use crate::store::Store;

const TAGS: [&str; 5] = ["Léon", "fragile", "gift", "priority", "wholesale"];

impl Store {
    /// A tag or a note, which move nothing.
    pub(super) fn care(&mut self, order: usize) {
        let tag = self.chance.one_of(TAGS);
        let note = self.chance.one_of([None, Some("Called back"), Some("Line 1\nLine 2 \\ <ok>")]);
        let tagging = self.chance.percent(60);
        let order_changed = &mut self.orders[order];
        if !tagging {
            order_changed.note = note;
        } else if !order_changed.tags.remove(tag) {
            order_changed.tags.insert(tag);
        }
        self.send_order(order, &[]);
        self.remark(order);
    }

    /// What is said beside the order: its risk, its protection, a hold.
    fn remark(&mut self, order: usize) {
        let (level, now) = (self.chance.one_of(["LOW", "MEDIUM", "HIGH"]), self.clock.now());
        let status = self.chance.one_of(["active", "inactive"]);
        match self.chance.between(0..=9) {
            0 => self.send("orders/risk_assessment_changed", body::risk(&self.orders[order], level, now)),
            1 => self.send("orders/shopify_protect_eligibility_changed", body::protected(&self.orders[order], status)),
            2 => self.send_order(order, &["orders/link_requested"]),
            3 => self.hold(order),
            _ => {}
        }
    }

    /// Held, and let go again: of the stock nothing moves.
    fn hold(&mut self, order: usize) {
        let (id, hold) = (self.orders[order].fulfillment_order, self.new_id());
        self.send("fulfillment_orders/placed_on_hold", body::hold(id, "on_hold", Some(hold)));
        self.send("fulfillment_holds/added", body::hold_told(id, "on_hold", hold));
        self.send("fulfillment_holds/released", body::hold_told(id, "open", hold));
        self.send("fulfillment_orders/hold_released", body::hold(id, "open", None));
    }

    /// Another mail, another address, or a customer where there was none.
    pub(super) fn change_contact(&mut self, order: usize) {
        let (id, name) = (self.new_id(), name(&mut self.chance));
        let market = self.orders[order].market;
        match (self.orders[order].customer, self.chance.percent(50)) {
            (None, true) => self.attach_customer(order),
            (_, true) => self.orders[order].email = Some(email(name.0, name.1, id)),
            (_, false) => {
                let address = Address::new(&mut self.chance, id, name, market);
                self.orders[order].shipping_address = Some(address);
            }
        }
        self.send_order(order, &[]);
    }

    fn attach_customer(&mut self, order: usize) {
        let living: Vec<usize> = (0..self.customers.len()).filter(|at| !self.customers[*at].deleted).collect();
        self.orders[order].customer = self.chance.pick(&living);
    }

    /// Archived; most are never touched again.
    pub(super) fn close(&mut self, order: usize) {
        self.orders[order].closed_at = Some(self.clock.now());
        self.send_order(order, &[]);
        if self.chance.percent(75) && !self.has_pending_refund(order) {
            self.active.retain(|active| *active != order);
        }
    }

    fn has_pending_refund(&self, order: usize) -> bool {
        self.orders[order].transactions.iter().any(|one| one.status == "pending")
    }

    pub(super) fn reopen(&mut self, order: usize) {
        self.orders[order].closed_at = None;
        self.send_order(order, &[]);
    }

    /// Only what is cancelled, or a test, can be deleted.
    pub(super) fn delete(&mut self, order: usize) {
        self.orders[order].deleted = true;
        self.active.retain(|active| *active != order);
        self.send("orders/delete", body::deleted(self.orders[order].id, None));
    }
}
