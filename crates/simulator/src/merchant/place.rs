use std::collections::{BTreeMap, BTreeSet};

use crate::body;
use crate::market::{MARKETS, part};
use crate::order::{Line, Order};
use crate::people::{Address, Customer, email, market, name};
use crate::store::Store;

const SALES_TAX: i64 = 825;

impl Store {
    pub(super) fn place(&mut self) {
        let buyer = self.buyer();
        let tax = if buyer.is_some_and(|buyer| self.customers[buyer].tax_exempt) { 0 } else { SALES_TAX };
        let discount = self.chance.percent(25).then(|| self.chance.one_of([("TENOFF", 10), ("SPRING", 25)]));
        let lines = self.basket(tax, discount);
        let id = self.new_id();
        let mut order = self.blank(id, buyer);
        order.lines = lines;
        order.discount = discount;
        order.shipping = if order.source == "pos" { 0 } else { self.chance.one_of([0, 490, 990]) };
        order.ordered = order.as_ordered();
        self.orders.push(order);
        let order = self.orders.len() - 1;
        self.active.push(order);
        self.commit_lines(order);
        self.show_checkout(order);
        self.settle_at_checkout(order);
        self.send("fulfillment_orders/order_routing_complete", body::routed(self.orders[order].fulfillment_order));
    }

    /// The way to the order, as the storefront told it.
    fn show_checkout(&mut self, order: usize) {
        let placed = &self.orders[order];
        let Some(token) = placed.checkout.as_deref() else { return };
        let buyer = placed.customer.map(|buyer| &self.customers[buyer]);
        let started = body::checkout(placed, buyer, token, placed.placed_at - 60, false);
        let completed = body::checkout(placed, buyer, token, placed.placed_at, true);
        self.send("checkouts/create", started);
        self.send("checkouts/update", completed);
    }

    /// A customer fills a basket, and goes.
    pub(super) fn leave_checkout(&mut self) {
        let buyer = self.buyer();
        let id = self.new_id();
        let mut order = self.blank(id, buyer);
        order.lines = self.basket(SALES_TAX, None);
        order.ordered = order.as_ordered();
        let (token, seen_at) = (self.chance.hex(), order.placed_at);
        let body = body::checkout(&order, buyer.map(|buyer| &self.customers[buyer]), &token, seen_at, false);
        self.send("checkouts/create", body);
    }

    /// A known customer, a new one, or none.
    fn buyer(&mut self) -> Option<usize> {
        match self.chance.between(0..=99) {
            0..=14 => None,
            15..=24 => Some(self.add_customer()),
            _ => {
                let known: Vec<usize> = (0..self.customers.len()).filter(|at| !self.customers[*at].deleted).collect();
                self.chance.pick(&known)
            }
        }
    }

    /// An order without lines.
    fn blank(&mut self, id: u64, buyer: Option<usize>) -> Order {
        let now = self.clock.now();
        let customer = buyer.map(|buyer| self.customers[buyer].clone());
        let over_the_counter = self.chance.percent(6);
        let market = customer.as_ref().map_or_else(|| market(&mut self.chance), |customer| customer.market);
        let market = if over_the_counter { &MARKETS[0] } else { market };
        let address = self.address(id, customer.as_ref(), market);
        let email = self.contact(id, customer.as_ref());
        let test = self.chance.percent(2);
        let source = if over_the_counter { "pos" } else { self.chance.one_of(["web", "web", "web", "580111"]) };
        Order {
            id,
            number: self.new_number(),
            token: self.chance.hex(),
            checkout: (source == "web").then(|| self.chance.hex()),
            fulfillment_order: self.new_id(),
            placed_at: now,
            updated_at: now,
            customer: buyer,
            company: customer.as_ref().and_then(|customer| customer.company),
            unreachable: email.is_none(),
            email,
            phone: customer.and_then(|customer| customer.phone),
            shipping_address: Some(address.clone()).filter(|_| !over_the_counter),
            billing_address: Some(address).filter(|_| !over_the_counter || buyer.is_some()),
            market,
            source,
            location: over_the_counter.then(|| self.locations[0]),
            test,
            tags: BTreeSet::new(),
            note: self.chance.percent(5).then_some("Please ring twice & leave it \"inside\""),
            gateway: if test { "bogus" } else { self.chance.one_of(["shopify_payments", "paypal", "manual"]) },
            lines: Vec::new(),
            shipping: 0,
            shipping_refunded: 0,
            discount: None,
            transactions: Vec::new(),
            refunds: Vec::new(),
            fulfillments: Vec::new(),
            cancelled: None,
            closed_at: None,
            voided: false,
            deleted: false,
            ordered: Default::default(),
        }
    }

    fn address(&mut self, id: u64, customer: Option<&Customer>, market: &'static crate::market::Market) -> Address {
        match customer {
            Some(customer) => customer.address.clone(),
            None => {
                let name = name(&mut self.chance);
                Address::new(&mut self.chance, id + 3, name, market)
            }
        }
    }

    fn contact(&mut self, id: u64, customer: Option<&Customer>) -> Option<String> {
        match customer {
            Some(customer) => Some(customer.email.clone()),
            None => {
                let (first, last) = name(&mut self.chance);
                self.chance.percent(80).then(|| email(first, last, id))
            }
        }
    }

    /// One to four lines that can be delivered, or of what is sold beyond stock.
    fn basket(&mut self, tax: i64, discount: Option<(&'static str, i64)>) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for _ in 0..self.chance.between(1..=4) {
            lines.extend(self.line_for_sale(&lines, tax));
        }
        if lines.is_empty() || self.chance.percent(3) {
            lines.push(self.custom_line(tax));
        }
        for line in &mut lines {
            let percent = discount.map_or(0, |(_, percent)| percent);
            line.discount = part(line.price * i64::from(line.quantity), percent * 100);
            line.discounted = line.quantity;
        }
        lines
    }

    /// A line of a variant that is not among `lines`, when there is one to be had.
    pub(super) fn line_for_sale(&mut self, lines: &[Line], tax: i64) -> Option<Line> {
        let article = self.chance.pick(&self.catalogue.for_sale())?;
        let most = if self.chance.percent(8) { 9 } else { 3 };
        let units = self.chance.units(most);
        let quantity = self.sellable(article, units);
        let (product, variant) = (&self.catalogue.products[article.0], self.catalogue.variant(article));
        let known = lines.iter().any(|line| line.article.is_some_and(|(_, id, _)| id == variant.id));
        if quantity == 0 || known {
            return None;
        }
        let line = Line {
            id: 0,
            article: Some((product.id, variant.id, variant.item)),
            title: product.title.clone(),
            variant_title: Some(variant.title.clone()),
            sku: variant.sku.clone(),
            vendor: Some(product.vendor),
            price: variant.price,
            tax_rate: if variant.gift_card { 0 } else { tax },
            gift_card: variant.gift_card,
            tracked: variant.tracked,
            grams: variant.grams,
            ..blank_line(quantity)
        };
        Some(Line { id: self.new_id(), ..line })
    }

    fn custom_line(&mut self, tax: i64) -> Line {
        let (id, price) = (self.new_id(), self.chance.between(5..=40) * 100);
        Line { id, title: "Engraving <by hand>".to_owned(), price, tax_rate: tax, ..blank_line(1) }
    }

    fn commit_lines(&mut self, order: usize) {
        let items = |line: &Line| line.item().map(|item| (item, line.quantity));
        let wanted: Vec<(u64, u32)> = self.orders[order].lines.iter().filter_map(items).collect();
        let mut parts = self.route(&wanted).into_iter();
        for line in self.orders[order].lines.iter_mut().filter(|line| line.tracked) {
            line.committed = parts.next().unwrap_or_default();
            line.seen = line.committed.keys().copied().collect();
        }
    }
}

fn blank_line(quantity: u32) -> Line {
    Line {
        id: 0,
        article: None,
        title: String::new(),
        variant_title: None,
        sku: None,
        vendor: None,
        price: 0,
        discount: 0,
        discounted: 0,
        tax_rate: 0,
        gift_card: false,
        tracked: false,
        grams: 0,
        quantity,
        removed: 0,
        dropped: 0,
        shipped: 0,
        returned: 0,
        committed: BTreeMap::new(),
        seen: BTreeSet::new(),
    }
}
