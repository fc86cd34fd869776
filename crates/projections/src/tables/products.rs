//! `products`: one row per product with its variants, as `GET /v1/{shop}/products/{id}` shows it.

use db::{Column, Cursor, Database, Filter, Order, Page, Select, Value, Words};
use events::{
    AggregateKind, AsOf, Event, ProductCreated, ProductDescription, ProductEvent, ProductId, Recorded, Shop, Timestamp,
    Variant, VariantAdded, VariantChanged, VariantRepriced,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{id_column, put};
use crate::past::folded;
use crate::read::{self, page};
use crate::{Found, Listed, PageRequest, Projection, ReadError, Seen};

/// What its readers wait for.
pub const READS: &[&str] = &[Products::NAME];

pub struct Products;

/// A product as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProductRow {
    /// None before its first snapshot.
    product: Option<ProductHead>,
    /// Sorted by id.
    variants: Vec<Variant>,
    deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductHead {
    pub id: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// None while it is not published.
    pub published_at: Option<Timestamp>,
    pub title: String,
    pub handle: Option<String>,
    pub vendor: Option<String>,
    pub product_type: Option<String>,
    pub status: Option<String>,
    pub tags: Vec<String>,
}

/// A product as the API shows it. Prices are in the shop's currency, which products do not name.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ProductView {
    #[serde(flatten)]
    pub product: ProductHead,
    pub variants: Vec<Variant>,
}

impl Projection for Products {
    const NAME: &'static str = "products";
    const VERSION: u32 = 2;
    const COLUMNS: &'static [Column] =
        &[Column::integer("visible"), Column::integer("product_id"), Column::words("search")];
    const INDEXES: &'static [&'static [&'static str]] = &[&["visible", "product_id"]];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Product];

    type Row = ProductRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Product(_) => vec![event.envelope.key.id.clone()],
            _ => Vec::new(),
        }
    }

    fn project(id: &str, row: Option<ProductRow>, event: &Recorded<Event>) -> Option<ProductRow> {
        let Event::Product(event) = &event.event else { return row };
        let mut row = row.unwrap_or_default();
        row.apply(id, event);
        Some(row)
    }

    fn columns(row: &ProductRow) -> Vec<Value> {
        let product = row.product.as_ref();
        let number = product.and_then(|product| product.id.parse::<ProductId>().ok());
        vec![
            Value::from(row.is_visible()),
            number.map_or(Value::Null, |id| id_column(id.get())),
            product.map(|product| words(product, &row.variants).column()).into(),
        ]
    }
}

/// None before the product's first snapshot, and once it is deleted.
pub async fn get(db: &Database, shop: &Shop, id: ProductId) -> Result<Option<Found<ProductView>>, ReadError> {
    Ok(see(db, shop, id).await?.found)
}

/// The same, and how far the read model has come.
pub async fn see(db: &Database, shop: &Shop, id: ProductId) -> Result<Seen<ProductView>, ReadError> {
    Ok(read::see::<Products>(db, shop, id).await?.show(ProductRow::view))
}

/// The product as it was after `events`, its own from the first on.
pub fn after(id: ProductId, events: &[Recorded<Event>]) -> Option<Found<ProductView>> {
    folded::<Products>(&id.to_string(), None, events)?.show(ProductRow::view)
}

/// Newest first; those that have all words of `text` in their title, vendor, type, tags or SKUs, the last one perhaps not
/// typed to its end. A text without a letter or digit is in none.
pub async fn search(
    db: &Database,
    shop: &Shop,
    text: Option<&str>,
    request: PageRequest,
) -> Result<Listed<ProductView>, ReadError> {
    let wanted = text.map(Words::of);
    if let Some(wanted) = &wanted
        && db.live(Products::NAME).await?.is_some_and(|live| live.code.version != Products::VERSION)
    {
        return look_through(db, shop, wanted, request).await;
    }
    let mut filters = vec![Filter::Equals("visible", true.into())];
    filters.extend(wanted.map(|wanted| Filter::Words("search", wanted)));
    let PageRequest { limit, after } = request;
    let select = Select { shop, filters, order: Order::Descending("product_id"), after, limit };
    page::<Products, _>(db, select, ProductRow::view).await
}

/// The same without an index: what another version of this code has built may have none of words.
async fn look_through(
    db: &Database,
    shop: &Shop,
    wanted: &Words,
    PageRequest { limit, mut after }: PageRequest,
) -> Result<Listed<ProductView>, ReadError> {
    let mut data: Vec<Found<ProductView>> = Vec::new();
    loop {
        let filters = vec![Filter::Equals("visible", true.into())];
        let select = Select { shop, filters, order: Order::Descending("product_id"), after, limit: STRIDE };
        let Page { documents, next } = db.select(&Products::TABLE, select).await?;
        for document in &documents {
            let Some(found) = read::row::<Products>(document)?.show(ProductRow::view) else { continue };
            if !wanted.are_in(&words(&found.view.product, &found.view.variants)) {
                continue;
            }
            if data.len() == limit as usize {
                let last = data.last().map(|last| &last.view.product.id);
                let cursor = last.and_then(|id| Some(Cursor::behind(id.parse().ok()?, id.clone())));
                return Ok(Listed { data, next_cursor: cursor.map(|cursor| cursor.to_string()) });
            }
            data.push(found);
        }
        after = next;
        if after.is_none() {
            return Ok(Listed { data, next_cursor: None });
        }
    }
}

/// Rows that are looked through at once.
const STRIDE: u32 = 500;

fn words(product: &ProductHead, variants: &[Variant]) -> Words {
    let parts = [Some(&product.title), product.vendor.as_ref(), product.product_type.as_ref()];
    let skus = variants.iter().filter_map(|variant| variant.sku.as_ref());
    let texts: Vec<&str> = parts.into_iter().flatten().chain(&product.tags).chain(skus).map(String::as_str).collect();
    Words::of(&texts.join(" "))
}

impl ProductRow {
    fn is_visible(&self) -> bool {
        self.product.is_some() && !self.deleted
    }

    fn view(self) -> Option<ProductView> {
        let variants = self.variants;
        self.product.filter(|_| !self.deleted).map(|product| ProductView { product, variants })
    }

    fn apply(&mut self, id: &str, event: &ProductEvent) {
        match event {
            ProductEvent::Created(event) => self.product = Some(ProductHead::new(id, event)),
            ProductEvent::Described(event) => self.head(&event.as_of, |product| product.describe(&event.description)),
            ProductEvent::VariantAdded(VariantAdded { as_of, variant, .. })
            | ProductEvent::VariantChanged(VariantChanged { as_of, variant, .. })
            | ProductEvent::VariantRepriced(VariantRepriced { as_of, variant, .. }) => {
                put(&mut self.variants, variant.clone(), |variant| variant.id);
                self.head(as_of, |_| {});
            }
            ProductEvent::VariantRemoved(event) => {
                self.variants.retain(|variant| variant.id != event.variant.id);
                self.head(&event.as_of, |_| {});
            }
            ProductEvent::Published(event) => self.head(&event.as_of, |product| product.published_at = Some(event.at)),
            ProductEvent::Unpublished(event) => self.head(&event.as_of, |product| product.published_at = None),
            ProductEvent::VariantsNamed(event) => self.head(&event.as_of, |_| {}),
            ProductEvent::Touched(event) => self.head(&event.as_of, |_| {}),
            ProductEvent::Deleted(_) => self.deleted = true,
        }
    }

    fn head(&mut self, as_of: &AsOf, change: impl FnOnce(&mut ProductHead)) {
        if let Some(product) = &mut self.product {
            // A variant that the newest snapshot only names is told by an older one.
            product.updated_at = product.updated_at.max(as_of.updated_at);
            change(product);
        }
    }
}

impl ProductHead {
    fn new(id: &str, event: &ProductCreated) -> Self {
        let description = event.description.clone();
        Self {
            id: id.to_owned(),
            created_at: event.at,
            updated_at: event.as_of.updated_at,
            published_at: None,
            title: description.title,
            handle: description.handle,
            vendor: description.vendor,
            product_type: description.product_type,
            status: description.status,
            tags: description.tags,
        }
    }

    fn describe(&mut self, description: &ProductDescription) {
        let ProductDescription { title, handle, vendor, product_type, status, tags } = description.clone();
        *self = Self { title, handle, vendor, product_type, status, tags, ..self.clone() };
    }
}
