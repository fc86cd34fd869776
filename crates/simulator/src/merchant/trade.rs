//! What happens beside orders, goods and customers.

use crate::body;
use crate::store::Store;

impl Store {
    pub(super) fn mind_the_trade(&mut self) {
        match self.chance.between(0..=6) {
            0 => self.change_the_shop(),
            1 => self.arrange_goods(),
            2 => self.draft(),
            3 => self.dispute(),
            4 => self.meet_a_company(),
            5 => self.rename_location(),
            _ => self.subscribe(),
        }
    }

    fn change_the_shop(&mut self) {
        let (name, now) = (self.chance.one_of(["Fjord & Co.", "Fjord"]), self.clock.now());
        let scopes = self.chance.one_of([&["read_orders", "read_products"][..], &["read_orders"]]);
        let shop = body::shop(&self.shop.domain(), name, now);
        self.send("shop/update", shop);
        self.send("app/scopes_update", body::scopes(scopes, now));
    }

    fn arrange_goods(&mut self) {
        let (id, now) = (self.new_id(), self.clock.now());
        self.send("collections/create", body::collection(id, "Teas", now));
        self.send("collections/update", body::collection(id, "Teas & more", now + 1));
        if self.chance.percent(30) {
            self.send("collections/delete", body::deleted(id, Some("Collection")));
        }
    }

    /// A draft that may become an order of long ago.
    fn draft(&mut self) {
        let (id, now) = (self.new_id(), self.clock.now());
        self.new_id();
        self.send("draft_orders/create", body::draft(id, None, now));
        let order = self.orders.first().map(|order| order.id);
        self.send("draft_orders/update", body::draft(id, order, now + 1));
        if self.chance.percent(30) {
            self.send("draft_orders/delete", body::deleted(id, None));
        }
    }

    fn dispute(&mut self) {
        let (id, now) = (self.new_id(), self.clock.now());
        let Some((order, total)) = self.orders.last().map(|order| (order.id, order.ordered.total)) else { return };
        self.send("disputes/create", body::dispute(id, order, total, "needs_response", now));
        let end = self.chance.one_of(["won", "lost"]);
        self.send("disputes/update", body::dispute(id, order, total, end, now));
    }

    fn meet_a_company(&mut self) {
        let (id, now) = (self.new_id(), self.clock.now());
        self.send("companies/create", body::company(id, "Teahouse <Ltd>", now));
        self.send("companies/update", body::company(id, "Teahouse", now + 1));
        if self.chance.percent(30) {
            self.send("companies/delete", body::company(id, "Teahouse", now + 1));
        }
    }

    fn rename_location(&mut self) {
        let number = self.chance.index(self.locations.len());
        let body = body::location(self.locations[number], number + 1, self.clock.now());
        self.send("locations/update", body);
    }

    fn subscribe(&mut self) {
        let (id, customer) = (self.new_id(), self.customers.first().map_or(1, |customer| customer.id));
        self.send("subscription_contracts/create", body::contract(id, customer, "active", 1));
        let (topic, status) = self.chance.one_of([
            ("subscription_contracts/pause", "paused"),
            ("subscription_contracts/cancel", "cancelled"),
            ("subscription_contracts/fail", "failed"),
        ]);
        self.send(topic, body::contract(id, customer, status, 2));
        if status == "paused" {
            self.send("subscription_contracts/activate", body::contract(id, customer, "active", 3));
        }
    }
}
