//! What Shopify derives from an order's parts: statuses and totals.

use super::{Fulfillment, Order, Ordered, Transaction};

impl Order {
    pub(crate) fn financial_status(&self) -> &'static str {
        let (captured, refunded) = (self.captured(), self.refunded());
        if self.voided {
            "voided"
        } else if captured == 0 {
            if self.authorization().is_some() { "authorized" } else { "pending" }
        } else if refunded >= captured {
            "refunded"
        } else if refunded > 0 {
            "partially_refunded"
        } else if self.outstanding() > 0 {
            "partially_paid"
        } else {
            "paid"
        }
    }

    /// None is Shopify's null.
    pub(crate) fn fulfillment_status(&self) -> Option<&'static str> {
        let shipped = self.lines.iter().any(|line| line.shipped > 0);
        let open = (0..self.lines.len()).any(|line| self.fulfillable(line) > 0);
        match (shipped, open) {
            (true, false) => Some("fulfilled"),
            (true, true) => Some("partial"),
            (false, _) if self.is_restocked() => Some("restocked"),
            (false, _) => None,
        }
    }

    fn is_restocked(&self) -> bool {
        let mut lines = self.refunds.iter().flat_map(|refund| &refund.lines);
        let emptied = self.lines.iter().all(|line| line.current() == 0);
        self.cancelled.is_some() && emptied && lines.all(|line| line.restock == "cancel")
    }

    /// Units of a line that can still be shipped.
    pub(crate) fn fulfillable(&self, line: usize) -> u32 {
        if self.cancelled.is_some() { 0 } else { self.lines[line].open() }
    }

    pub(crate) fn standing(&self) -> impl Iterator<Item = &Fulfillment> {
        self.fulfillments.iter().filter(|fulfillment| fulfillment.stands())
    }

    /// Cents received.
    pub(crate) fn captured(&self) -> i64 {
        let received = |transaction: &&Transaction| matches!(transaction.kind, "sale" | "capture");
        self.successful().filter(received).map(|transaction| transaction.cents).sum()
    }

    /// Cents given back.
    pub(crate) fn refunded(&self) -> i64 {
        self.successful().filter(|transaction| transaction.kind == "refund").map(|transaction| transaction.cents).sum()
    }

    fn successful(&self) -> impl Iterator<Item = &Transaction> {
        self.transactions.iter().filter(|transaction| transaction.status == "success")
    }

    /// Cents that can still be given back: refunds that have not failed are spent.
    pub(crate) fn refundable(&self) -> i64 {
        let spent = self.transactions.iter().filter(|transaction| transaction.kind == "refund");
        let spent: i64 = spent.filter(|transaction| transaction.status != "failure").map(|spent| spent.cents).sum();
        self.captured() - spent
    }

    /// The authorization that waits for its capture.
    pub(crate) fn authorization(&self) -> Option<&Transaction> {
        let mut open = self.successful().filter(|transaction| transaction.kind == "authorization");
        open.next().filter(|_| !self.voided && self.captured() == 0)
    }

    pub(crate) fn outstanding(&self) -> i64 {
        let goodwill: i64 = self.refunds.iter().map(|refund| refund.goodwill).sum();
        (self.current_total() - (self.captured() - self.refunded()) - goodwill).max(0)
    }

    pub(crate) fn current_subtotal(&self) -> i64 {
        self.lines.iter().map(|line| line.net(line.current())).sum()
    }

    pub(crate) fn current_tax(&self) -> i64 {
        self.lines.iter().map(|line| line.tax(line.current())).sum()
    }

    pub(crate) fn current_discounts(&self) -> i64 {
        self.lines.iter().map(|line| line.discount_of(line.current())).sum()
    }

    pub(crate) fn current_shipping(&self) -> i64 {
        self.shipping - self.shipping_refunded
    }

    pub(crate) fn current_total(&self) -> i64 {
        self.current_subtotal() + self.current_tax() + self.current_shipping()
    }

    /// The totals of an order that has just been placed.
    pub(crate) fn as_ordered(&self) -> Ordered {
        Ordered {
            total: self.current_total(),
            subtotal: self.current_subtotal(),
            tax: self.current_tax(),
            discounts: self.current_discounts(),
            goods: self.lines.iter().map(|line| line.price * i64::from(line.quantity)).sum(),
        }
    }
}
