use std::sync::Arc;

use bytes::Bytes;
use events::{Shop, Timestamp};
use shopify::Secret;

use crate::body;
use crate::catalogue::Catalogue;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::order::Order;
use crate::people::Customer;
use crate::stock::{Place, Stock, Transfer};
use crate::{Delivery, Settings, Truth};

/// A shop with all it has: goods, stock, customers, orders, and the webhooks it has to send.
#[derive(Debug)]
pub struct Store {
    pub(crate) shop: Shop,
    pub(crate) chance: Chance,
    pub(crate) clock: Clock,
    pub(crate) locations: Vec<u64>,
    pub(crate) catalogue: Catalogue,
    pub(crate) stock: Stock,
    pub(crate) customers: Vec<Customer>,
    pub(crate) orders: Vec<Order>,
    /// Orders, by index, that something may still happen to.
    pub(crate) active: Vec<usize>,
    /// Goods on their way between locations.
    pub(crate) transfers: Vec<Transfer>,
    secret: Arc<Secret>,
    domain: String,
    last_id: u64,
    last_number: u64,
    /// What the deliveries of one action share.
    action: String,
    outbox: Vec<Draft>,
}

/// A delivery that has been triggered, and not yet been put together.
#[derive(Debug)]
struct Draft {
    topic: &'static str,
    webhook_id: String,
    event_id: String,
    triggered_at: Timestamp,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Body(Bytes),
    /// Shopify looks the level up late: quick changes all show the last value.
    Level(Place, i64),
}

impl Store {
    /// A store that is about to open; see [`Store::open`].
    pub fn new(settings: &Settings) -> Self {
        let opened = settings.start.as_second();
        let mut store = Self {
            shop: settings.shop.clone(),
            chance: Chance::new(settings.seed),
            clock: Clock::new(settings.start),
            locations: Vec::new(),
            catalogue: Catalogue::default(),
            stock: Stock::default(),
            customers: Vec::new(),
            orders: Vec::new(),
            active: Vec::new(),
            transfers: Vec::new(),
            secret: Arc::new(settings.secret.clone()),
            domain: settings.shop.domain(),
            last_id: first_id(opened),
            last_number: 1000 + u64::try_from(opened / 60).unwrap_or_default() % 1_000_000,
            action: String::new(),
            outbox: Vec::new(),
        };
        store.stock_up(settings);
        store
    }

    /// The webhooks of the opening: locations, products, first stock, customers.
    pub fn open(&mut self) -> Vec<Delivery> {
        self.seal()
    }

    /// What happens next: mostly one action, sometimes a few within seconds.
    pub fn step(&mut self) -> Vec<Delivery> {
        let gap = self.chance.between(0..=600);
        self.clock.advance(gap);
        self.act();
        while self.chance.percent(6) {
            let gap = self.chance.between(1..=3);
            self.clock.advance(gap);
            self.act();
        }
        self.seal()
    }

    /// Like [`Store::step`], but at the time that it is; no earlier than the step before.
    pub fn step_at(&mut self, now: Timestamp) -> Vec<Delivery> {
        self.clock.wait_until(now.as_second());
        self.act();
        self.seal()
    }

    /// Steps until so many more orders were placed.
    pub fn live(&mut self, orders: usize) -> Vec<Delivery> {
        let until = self.orders.len() + orders;
        let mut deliveries = Vec::new();
        while self.orders.len() < until {
            deliveries.extend(self.step());
        }
        deliveries
    }

    /// How many orders were ever placed.
    pub fn orders_placed(&self) -> usize {
        self.orders.len()
    }

    /// The state of the store as it is now.
    pub fn truth(&self) -> Truth {
        Truth::of(self)
    }

    /// Whether `on_hand = available + committed` everywhere, and orders hold what is committed.
    pub fn is_consistent(&self) -> bool {
        let held = |item: u64, location: u64| -> i64 {
            let lines = self.orders.iter().flat_map(|order| &order.lines).filter(|line| line.item() == Some(item));
            lines.filter_map(|line| line.committed.get(&location)).map(|units| i64::from(*units)).sum()
        };
        let items = self.catalogue.tracked().into_iter().map(|article| self.catalogue.variant(article).item);
        let mut levels =
            items.flat_map(|item| self.stock.of(item).map(move |(location, level)| (item, location, level)));
        self.stock.is_conserved() && levels.all(|(item, location, level)| level.committed == held(item, location))
    }

    pub(crate) fn new_id(&mut self) -> u64 {
        self.last_id += 8;
        self.last_id
    }

    pub(crate) fn new_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Deliveries from here on belong to one action.
    pub(crate) fn begin(&mut self) {
        self.action = self.chance.uuid();
    }

    /// The stock that the action changed is echoed.
    pub(crate) fn end(&mut self) {
        let lag = i64::from(self.chance.percent(20));
        for (place, at) in self.stock.echoes(self.clock.now() + lag) {
            self.trigger("inventory_levels/update", Content::Level(place, at));
        }
    }

    pub(crate) fn send(&mut self, topic: &'static str, body: impl Into<Bytes>) {
        self.trigger(topic, Content::Body(body.into()));
    }

    fn trigger(&mut self, topic: &'static str, content: Content) {
        let nanoseconds = self.chance.between(0..=400_000_000);
        let (webhook_id, event_id) = (self.chance.uuid(), self.action.clone());
        let triggered_at = self.clock.trigger(nanoseconds);
        self.outbox.push(Draft { topic, webhook_id, event_id, triggered_at, content });
    }

    /// The order as it now is goes out under all these topics, and as `orders/updated`.
    pub(crate) fn send_order(&mut self, order: usize, topics: &[&'static str]) {
        self.orders[order].updated_at = self.clock.now();
        let shown = &self.orders[order];
        let customer = shown.customer.map(|customer| &self.customers[customer]);
        let body = Bytes::from(body::order(shown, customer, &self.domain));
        for topic in topics.iter().chain(&["orders/updated"]) {
            self.send(topic, body.clone());
        }
    }

    pub(crate) fn send_product(&mut self, product: usize, topics: &[&'static str]) {
        self.catalogue.products[product].updated_at = self.clock.now();
        let body = Bytes::from(body::product(&self.catalogue.products[product], &self.stock));
        for topic in topics {
            self.send(topic, body.clone());
        }
    }

    pub(crate) fn send_customer(&mut self, customer: usize, topic: &'static str) {
        self.customers[customer].updated_at = self.clock.now();
        self.send(topic, body::customer(&self.customers[customer]));
    }

    /// Puts together and signs what was triggered.
    fn seal(&mut self) -> Vec<Delivery> {
        let drafts = std::mem::take(&mut self.outbox);
        let body = |content| match content {
            Content::Body(body) => body,
            Content::Level(place, at) => body::level(place, self.stock.available(place), at).into(),
        };
        let deliver = |draft: Draft| Delivery {
            topic: draft.topic,
            shop: self.shop.clone(),
            webhook_id: draft.webhook_id,
            event_id: draft.event_id,
            triggered_at: draft.triggered_at,
            body: body(draft.content),
            secret: self.secret.clone(),
        };
        drafts.into_iter().map(deliver).collect()
    }
}

/// Room for 12,500 ids a second between a store and one that opens later.
fn first_id(opened: i64) -> u64 {
    u64::try_from(opened).unwrap_or_default().saturating_sub(1_500_000_000) * 100_000 + 1_000_000_000_000
}
