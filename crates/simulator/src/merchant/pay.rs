use crate::body;
use crate::order::Transaction;
use crate::store::Store;

impl Store {
    /// How an order starts: paid, authorized, or pending. Over the counter it is handed out at once.
    pub(super) fn settle_at_checkout(&mut self, order: usize) {
        let total = self.orders[order].ordered.total;
        let mut topics = vec!["orders/create"];
        let manual = self.orders[order].gateway == "manual" || self.orders[order].company.is_some();
        let mut payment = None;
        if self.orders[order].source == "pos" || (!manual && self.chance.percent(75)) {
            payment = Some(self.transact(order, "sale", "success", total));
            topics.push("orders/paid");
        } else if !manual {
            payment = Some(self.transact(order, "authorization", "success", total));
        }
        let handed_out = self.orders[order].source == "pos";
        let mut fulfillments = Vec::new();
        if handed_out {
            fulfillments.extend(self.hand_out(order));
            topics.extend(self.fulfillment_topic(order));
        } else if topics.contains(&"orders/paid") {
            fulfillments.extend(self.issue_gift_cards(order));
        }
        self.send_order(order, &topics);
        for fulfillment in fulfillments {
            self.send("fulfillments/create", body::fulfillment(&self.orders[order], fulfillment));
        }
        if let Some(payment) = payment {
            self.send_transaction(order, payment);
        }
    }

    /// What is owed is captured or paid, sometimes in part only.
    pub(super) fn pay(&mut self, order: usize) {
        let owed = self.orders[order].outstanding();
        let cents = if self.chance.percent(12) { (owed / 2).max(1) } else { owed };
        let kind = if self.orders[order].authorization().is_some() { "capture" } else { "sale" };
        let payment = self.transact(order, kind, "success", cents);
        let paid = self.orders[order].financial_status() == "paid";
        let cards = if paid { self.issue_gift_cards(order) } else { None };
        let mut topics = Vec::from_iter(paid.then_some("orders/paid"));
        topics.extend(cards.and_then(|_| self.fulfillment_topic(order)));
        self.send_order(order, &topics);
        if let Some(fulfillment) = cards {
            self.send("fulfillments/create", body::fulfillment(&self.orders[order], fulfillment));
        }
        self.send_transaction(order, payment);
    }

    /// A card is refused: nothing but a transaction tells it.
    pub(super) fn decline(&mut self, order: usize) {
        let owed = self.orders[order].outstanding();
        let kind = if self.orders[order].authorization().is_some() { "capture" } else { "sale" };
        let attempt = self.transact(order, kind, "failure", owed);
        self.send_order(order, &[]);
        self.send_transaction(order, attempt);
    }

    pub(super) fn transact(&mut self, order: usize, kind: &'static str, status: &'static str, cents: i64) -> u64 {
        let (id, at) = (self.new_id(), self.clock.now());
        let order = &mut self.orders[order];
        let parent = match kind {
            "capture" | "void" => order.authorization().map(|one| one.id),
            "refund" => order.transactions.iter().rfind(|one| one.status == "success").map(|one| one.id),
            _ => None,
        };
        order.transactions.push(Transaction { id, parent, kind, status, cents, at });
        id
    }

    /// Shopify tells a transaction when it has an outcome.
    pub(super) fn send_transaction(&mut self, order: usize, id: u64) {
        let order = &self.orders[order];
        let transaction = order.transactions.iter().find(|one| one.id == id && one.status != "pending");
        if let Some(body) = transaction.map(|transaction| body::transaction(order, transaction)) {
            self.send("order_transactions/create", body);
        }
    }
}
