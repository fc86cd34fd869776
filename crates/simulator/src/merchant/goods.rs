use crate::body;
use crate::catalogue::Article;
use crate::store::Store;

impl Store {
    pub(super) fn mind_the_goods(&mut self) {
        match self.chance.between(0..=99) {
            0..=2 => self.mind_the_trade(),
            3..=39 => self.restock(),
            40..=47 => self.transfer(),
            48..=55 => self.recount(),
            56..=60 => self.stock_elsewhere(),
            61..=88 => self.change_product(),
            89..=94 => self.add_product(),
            _ => self.delete_product(),
        }
    }

    fn counted(&mut self) -> Option<(u64, u64)> {
        let article = self.chance.pick(&self.catalogue.tracked())?;
        let item = self.catalogue.variant(article).item;
        Some((item, self.chance.pick(&self.stock.locations(item))?))
    }

    /// Goods come in where there are few; now and then some are missing.
    fn restock(&mut self) {
        for _ in 0..self.chance.between(1..=4) {
            let Some(place) = self.counted() else { return };
            let few = self.stock.available(place) < 20;
            let units = if few { self.chance.between(10..=90) } else { -self.chance.between(1..=5) };
            self.stock.receive(place, units);
        }
    }

    /// A slip of the hand, corrected within seconds: both webhooks show the last value.
    fn recount(&mut self) {
        let Some(place) = self.counted() else { return };
        let slip = self.chance.between(1..=30);
        self.stock.receive(place, slip);
        self.end();
        let seconds = self.chance.between(1..=4);
        self.clock.advance(seconds);
        self.begin();
        self.stock.receive(place, -slip);
    }

    /// An item is stocked at one more location.
    fn stock_elsewhere(&mut self) {
        let Some((item, _)) = self.counted() else { return };
        let stocked = self.stock.locations(item);
        let Some(location) = self.locations.iter().copied().find(|location| !stocked.contains(location)) else {
            return self.restock();
        };
        self.connect_item((item, location));
        let units = self.chance.between(1..=30);
        self.stock.receive((item, location), units);
    }

    fn change_product(&mut self) {
        let living: Vec<usize> =
            (0..self.catalogue.products.len()).filter(|at| !self.catalogue.products[*at].deleted).collect();
        let Some(at) = self.chance.pick(&living) else { return };
        let now = self.clock.now();
        let variants: Vec<usize> = self.catalogue.products[at].living().collect();
        let variant = self.chance.pick(&variants).unwrap_or(0);
        let change = self.chance.between(-6..=9) * 50;
        let number = self.chance.between(1..=99);
        let kind = self.chance.between(0..=99);
        let product = &mut self.catalogue.products[at];
        match kind {
            0..=39 => {
                let variant = &mut product.variants[variant];
                (variant.price, variant.updated_at) = ((variant.price + change).max(100), now);
            }
            40..=54 => {
                product.title = format!("{} no. {number}", product.title.split(" no. ").next().unwrap_or_default())
            }
            55..=64 => product.published_at = if product.published_at.is_some() { None } else { Some(now) },
            65..=74 => return self.rename_sku((at, variant)),
            75..=89 => return self.grow(at),
            _ => return self.shrink(at, variant),
        }
        self.send_product(at, &["products/update"]);
    }

    fn rename_sku(&mut self, article: Article) {
        let (number, now) = (self.chance.between(1..=9_999), self.clock.now());
        let variant = &mut self.catalogue.products[article.0].variants[article.1];
        variant.sku = Some(format!("NEW-{number}"));
        variant.updated_at = now;
        self.send_product(article.0, &["products/update"]);
        self.send("inventory_items/update", body::item(self.catalogue.variant(article)));
    }

    /// One more variant.
    fn grow(&mut self, at: usize) {
        if self.catalogue.products[at].variants.len() >= 8 {
            return self.restock();
        }
        let (ids, now) = ((self.new_id(), self.new_id()), self.clock.now());
        let product = &mut self.catalogue.products[at];
        let first = &product.variants[0];
        let (price, kind) = (first.price, (first.tracked, first.gift_card));
        product.add_variant(&mut self.chance, ids, price, kind, now);
        let variant = product.variants.len() - 1;
        self.send_product(at, &["products/update"]);
        self.add_item((at, variant));
    }

    /// A variant goes, when no order needs it any more.
    fn shrink(&mut self, at: usize, variant: usize) {
        if self.catalogue.products[at].living().count() < 2 || self.is_needed((at, variant)) {
            return self.restock();
        }
        self.catalogue.products[at].variants[variant].removed = true;
        self.send_product(at, &["products/update"]);
        self.retire((at, variant));
    }

    fn is_needed(&self, article: Article) -> bool {
        let variant = self.catalogue.variant(article);
        let mut lines = self.active.iter().flat_map(|order| &self.orders[*order].lines);
        lines.any(|line| line.article.is_some_and(|(_, id, _)| id == variant.id))
    }

    fn retire(&mut self, article: Article) {
        let item = self.catalogue.variant(article).item;
        for location in self.stock.locations(item) {
            self.send("inventory_levels/disconnect", body::disconnected((item, location)));
        }
        self.stock.retire(item);
        self.send("inventory_items/delete", body::deleted(item, Some("InventoryItem")));
    }

    fn delete_product(&mut self) {
        let idle = |at: &usize| {
            let product = &self.catalogue.products[*at];
            !product.deleted && !product.living().any(|variant| self.is_needed((*at, variant)))
        };
        let idle: Vec<usize> = (0..self.catalogue.products.len()).filter(idle).collect();
        // The last goods are never given up.
        let Some(at) = self.chance.pick(&idle).filter(|_| self.catalogue.for_sale().len() > 10) else {
            return self.restock();
        };
        self.catalogue.products[at].deleted = true;
        let product = &self.catalogue.products[at];
        let (id, variants) = (product.id, product.living().collect::<Vec<_>>());
        self.send("products/delete", body::deleted(id, None));
        variants.into_iter().for_each(|variant| self.retire((at, variant)));
    }
}
