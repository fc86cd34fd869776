//! What the store sells.

use crate::chance::Chance;

#[derive(Debug, Clone)]
pub(crate) struct Product {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) handle: String,
    pub(crate) vendor: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) tags: &'static str,
    pub(crate) status: &'static str,
    pub(crate) variants: Vec<Variant>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) published_at: Option<i64>,
    pub(crate) deleted: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) id: u64,
    pub(crate) item: u64,
    pub(crate) title: String,
    pub(crate) sku: Option<String>,
    pub(crate) price: i64,
    pub(crate) compare_at: Option<i64>,
    /// Shopify counts its stock.
    pub(crate) tracked: bool,
    pub(crate) gift_card: bool,
    /// May be sold when there is none.
    pub(crate) oversells: bool,
    pub(crate) grams: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) removed: bool,
}

/// A variant's place in the catalogue: product and variant.
pub(crate) type Article = (usize, usize);

#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    /// Never shortened: what is gone is marked.
    pub(crate) products: Vec<Product>,
}

impl Catalogue {
    pub(crate) fn variant(&self, (product, variant): Article) -> &Variant {
        &self.products[product].variants[variant]
    }

    /// All variants that can be bought.
    pub(crate) fn for_sale(&self) -> Vec<Article> {
        let on_sale = |product: &Product| !product.deleted && product.published_at.is_some();
        let products = self.products.iter().enumerate().filter(|(_, product)| on_sale(product));
        products.flat_map(|(at, product)| product.living().map(move |variant| (at, variant))).collect()
    }

    /// All variants whose stock is counted.
    pub(crate) fn tracked(&self) -> Vec<Article> {
        let products = self.products.iter().enumerate().filter(|(_, product)| !product.deleted);
        let articles = products.flat_map(|(at, product)| product.living().map(move |variant| (at, variant)));
        articles.filter(|article| self.variant(*article).tracked).collect()
    }

    /// Whether the item of a line still exists.
    pub(crate) fn has_item(&self, item: u64) -> bool {
        let products = self.products.iter().filter(|product| !product.deleted);
        products.flat_map(|product| &product.variants).any(|variant| variant.item == item && !variant.removed)
    }
}

impl Product {
    /// `id` and the few numbers after it are the product's.
    pub(crate) fn new(chance: &mut Chance, mut id: impl FnMut() -> u64, now: i64) -> Self {
        let goods = chance.one_of([
            ("Kettle", "Kitchen", 4_900),
            ("Mug “Tide”", "Kitchen", 1_450),
            ("Wool blanket", "Home", 8_900),
            ("Notebook", "Paper", 690),
            ("Lamp 24\"", "Home", 12_900),
            ("Tea & biscuits", "Food", 1_235),
            ("Raincoat", "Clothes", 14_999),
        ]);
        let id_of_product = id();
        let gift_card = chance.percent(6);
        let (title, kind, price) = if gift_card { ("Gift card", "Gift cards", 2_500) } else { goods };
        let title = format!("{} {title}", chance.one_of(["Nordic", "Harbour", "Plain", "Élan", "Old Mill"]));
        let mut product = Self {
            id: id_of_product,
            handle: format!("{}-{id_of_product}", kind.to_lowercase().replace(' ', "-")),
            title,
            vendor: chance.one_of(["Tidewater", "Brünn & Söhne", "Kopp"]),
            kind,
            tags: chance.one_of(["", "new", "new, sale", "bestseller, winter"]),
            status: "active",
            variants: Vec::new(),
            created_at: now,
            updated_at: now,
            published_at: Some(now),
            deleted: false,
        };
        let tracked = !gift_card && !chance.percent(10);
        for _ in 0..chance.between(1..=4) {
            let (variant, item) = (id(), id());
            product.add_variant(chance, (variant, item), price, (tracked, gift_card), now);
        }
        product
    }

    pub(crate) fn add_variant(
        &mut self,
        chance: &mut Chance,
        (id, item): (u64, u64),
        price: i64,
        (tracked, gift_card): (bool, bool),
        now: i64,
    ) {
        let number = self.variants.len() + 1;
        let price = price + chance.between(0..=8) * 125;
        self.variants.push(Variant {
            id,
            item,
            title: format!("{} {number}", chance.one_of(["Blue", "Red", "Grün", "Size"])),
            sku: (!chance.percent(8)).then(|| format!("SKU-{}-{number}", self.id % 1_000_000)),
            price,
            compare_at: chance.percent(20).then_some(price + 500),
            tracked,
            gift_card,
            oversells: chance.percent(15),
            grams: if gift_card { 0 } else { chance.between(1..=40) * 50 },
            created_at: now,
            updated_at: now,
            removed: false,
        });
    }

    pub(crate) fn living(&self) -> impl Iterator<Item = usize> + '_ {
        self.variants.iter().enumerate().filter(|(_, variant)| !variant.removed).map(|(at, _)| at)
    }
}
