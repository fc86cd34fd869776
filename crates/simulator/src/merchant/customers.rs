use crate::body;
use crate::people::{Address, name, phone};
use crate::store::Store;

impl Store {
    pub(super) fn mind_the_customers(&mut self) {
        match self.chance.between(0..=99) {
            0..=39 => {
                self.add_customer();
            }
            40..=69 => self.change_customer(),
            70..=84 => self.tag_customer(),
            85..=91 => self.ask_consent(),
            _ => self.delete_customer(),
        }
    }

    /// One who is not deleted, at a time when nothing else happens to them.
    fn living_customer(&mut self) -> Option<usize> {
        let living: Vec<usize> = (0..self.customers.len()).filter(|at| !self.customers[*at].deleted).collect();
        let at = self.chance.pick(&living)?;
        self.clock.wait_until(self.customers[at].updated_at + 1);
        self.customers[at].updated_at = self.clock.now();
        Some(at)
    }

    /// A tag that is there goes, another one comes.
    fn tag_customer(&mut self) {
        let Some(at) = self.living_customer() else { return };
        let (tag, now) = (self.chance.one_of(["vip", "newsletter", "b2b", "Ünïcode & <co>"]), self.clock.now());
        let customer = &mut self.customers[at];
        let topic = if customer.tags.remove(tag) {
            "customer.tags_removed"
        } else {
            customer.tags.insert(tag);
            "customer.tags_added"
        };
        self.send(topic, body::tags(&self.customers[at], &[tag], now));
    }

    fn ask_consent(&mut self) {
        let Some(at) = self.living_customer() else { return };
        let state = self.chance.one_of(["subscribed", "unsubscribed"]);
        let body = body::consent(&self.customers[at], state, self.clock.now());
        self.send("customers_email_marketing_consent/update", body);
    }

    fn change_customer(&mut self) {
        let Some(at) = self.living_customer() else { return };
        let (id, other) = (self.new_id(), name(&mut self.chance));
        let customer = &mut self.customers[at];
        match self.chance.between(0..=4) {
            0 => customer.phone = Some(phone(&mut self.chance)),
            1 => customer.last_name = other.1,
            2 => customer.note = self.chance.one_of([None, Some("Likes ice cream & tea")]),
            3 => customer.state = self.chance.one_of(["enabled", "disabled"]),
            _ => customer.address = Address::new(&mut self.chance, id, other, customer.market),
        }
        self.send_customer(at, "customers/update");
    }

    /// Shopify deletes only customers who never ordered.
    fn delete_customer(&mut self) {
        let ordered = |at: usize| self.orders.iter().any(|order| order.customer == Some(at));
        let idle = (0..self.customers.len()).find(|at| !self.customers[*at].deleted && !ordered(*at));
        let Some(at) = idle else { return self.change_customer() };
        self.customers[at].deleted = true;
        self.send("customers/delete", body::deleted(self.customers[at].id, Some("Customer")));
    }
}
