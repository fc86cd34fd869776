use crate::body;
use crate::people::{Address, name, phone};
use crate::store::Store;

impl Store {
    pub(super) fn mind_the_customers(&mut self) {
        match self.chance.between(0..=99) {
            0..=39 => {
                self.add_customer();
            }
            40..=91 => self.change_customer(),
            _ => self.delete_customer(),
        }
    }

    fn change_customer(&mut self) {
        let living: Vec<usize> = (0..self.customers.len()).filter(|at| !self.customers[*at].deleted).collect();
        let Some(at) = self.chance.pick(&living) else { return };
        self.clock.wait_until(self.customers[at].updated_at + 1);
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
