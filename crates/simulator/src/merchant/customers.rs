use crate::body;
use crate::people::{Address, name, phone};
use crate::store::Store;

/// The segment of those who have the tag.
const VIP: u64 = 210_588_551;

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
        let tag = self.chance.one_of(["vip", "vip", "newsletter", "b2b", "Ünïcode & <co>"]);
        self.tag(at, tag);
        // Now and then it was a slip of the hand.
        if self.customers[at].tags.contains(tag) && self.chance.percent(40) {
            self.clock.advance(1);
            self.tag(at, tag);
        }
    }

    fn tag(&mut self, at: usize, tag: &'static str) {
        let now = self.clock.now();
        let customer = &mut self.customers[at];
        let topic = if customer.tags.remove(tag) {
            "customer.tags_removed"
        } else {
            customer.tags.insert(tag);
            "customer.tags_added"
        };
        self.send(topic, body::tags(&self.customers[at], &[tag], now));
        // Segments are made of tags.
        if tag == "vip" {
            let topic =
                if topic == "customer.tags_added" { "customer.joined_segment" } else { "customer.left_segment" };
            self.send(topic, body::segment(&self.customers[at], VIP));
        }
    }

    fn ask_consent(&mut self) {
        let Some(at) = self.living_customer() else { return };
        let state = self.chance.one_of(["subscribed", "unsubscribed"]);
        let (customer, now) = (&self.customers[at], self.clock.now());
        let bodies = [
            ("customers_email_marketing_consent/update", body::consent(customer, state, now)),
            ("customers_marketing_consent/update", body::text_consent(customer, state, now)),
            ("customers_whats_app_marketing_consent/update", body::whats_app_consent(customer, state, now)),
        ];
        let chosen = self.chance.index(bodies.len());
        bodies.into_iter().skip(chosen).take(1).for_each(|(topic, body)| self.send(topic, body));
        self.sum_up(at);
    }

    /// Shopify's own counts, which need not be ours.
    fn sum_up(&mut self, at: usize) {
        let theirs = self.orders.iter().filter(|order| order.customer == Some(at));
        let (count, spent) = theirs.fold((0, 0), |(count, spent), order| (count + 1, spent + order.ordered.total));
        let body = body::summary(&self.customers[at], count, spent, self.clock.now());
        self.send("customers/purchasing_summary", body);
    }

    fn change_customer(&mut self) {
        let Some(at) = self.living_customer() else { return };
        let (id, other) = (self.new_id(), name(&mut self.chance));
        let customer = &mut self.customers[at];
        let before = customer.state;
        match self.chance.between(0..=4) {
            0 => customer.phone = Some(phone(&mut self.chance)),
            1 => customer.last_name = other.1,
            2 => customer.note = self.chance.one_of([None, Some("Likes ice cream & tea")]),
            3 => customer.state = if before == "enabled" { "disabled" } else { "enabled" },
            _ => customer.address = Address::new(&mut self.chance, id, other, customer.market),
        }
        self.send_customer(at, "customers/update");
        if self.customers[at].state != before {
            let topic = if before == "enabled" { "customers/disable" } else { "customers/enable" };
            self.send_customer(at, topic);
        }
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
