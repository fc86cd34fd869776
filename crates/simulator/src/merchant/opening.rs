use crate::body;
use crate::catalogue::Product;
use crate::people::Customer;
use crate::settings::Settings;
use crate::store::Store;

impl Store {
    /// Everything that is there before the first order.
    pub(crate) fn stock_up(&mut self, settings: &Settings) {
        for number in 1..=settings.locations.clamp(2, 4) {
            self.begin();
            let id = self.new_id();
            self.locations.push(id);
            self.send("locations/create", body::location(id, number, self.clock.now()));
        }
        for _ in 0..settings.products.max(1) {
            self.begin();
            self.add_product();
            self.end();
        }
        for _ in 0..settings.customers {
            self.begin();
            self.add_customer();
        }
        self.clock.advance(60);
    }

    pub(super) fn add_customer(&mut self) -> usize {
        let (id, now) = (self.new_id(), self.clock.now());
        self.customers.push(Customer::new(&mut self.chance, id, now));
        let customer = self.customers.len() - 1;
        self.send_customer(customer, "customers/create");
        customer
    }

    /// Shopify tells a new product twice.
    pub(super) fn add_product(&mut self) {
        let now = self.clock.now();
        let ids: Vec<u64> = (0..16).map(|_| self.new_id()).collect();
        let mut ids = ids.into_iter();
        let product = Product::new(&mut self.chance, || ids.next().unwrap_or_default(), now);
        let variants = product.variants.len();
        self.catalogue.products.push(product);
        let product = self.catalogue.products.len() - 1;
        self.send_product(product, &["products/create", "products/update"]);
        for variant in 0..variants {
            self.add_item((product, variant));
        }
    }

    /// The inventory item behind a new variant: at some locations, with some stock.
    pub(super) fn add_item(&mut self, article: (usize, usize)) {
        let variant = self.catalogue.variant(article);
        let (item, tracked, oversells) = (variant.item, variant.tracked, variant.oversells);
        self.send("inventory_items/create", body::item(variant));
        if !tracked {
            return;
        }
        let first = self.chance.index(self.locations.len());
        let places = self.chance.between(1..=3);
        for place in (0..).take(usize::try_from(places).unwrap_or(1)) {
            let location = self.locations[(first + place) % self.locations.len()];
            self.connect_item((item, location));
            let units = self.chance.between(if oversells { 0..=6 } else { 5..=120 });
            self.stock.receive((item, location), units);
        }
    }

    pub(super) fn connect_item(&mut self, place: (u64, u64)) {
        self.stock.connect(place);
        self.send("inventory_levels/connect", body::level(place, 0, self.clock.now()));
    }
}
