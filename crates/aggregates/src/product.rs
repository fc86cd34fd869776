//! The product and its variants: the newest snapshot wins. Shopify shows 100 variants in full and only
//! names the others: what is known of those comes from the newest snapshot that shows them.

mod decide;

use std::collections::BTreeMap;

use events::{
    AsOf, NamedVariant, ProductCreated, ProductDeleted, ProductDescribed, ProductDescription, ProductEvent,
    ProductPublished, ProductTouched, ProductUnpublished, Timestamp, Variant, VariantAdded, VariantChanged, VariantId,
    VariantRemoved, VariantRepriced,
};
use serde::{Deserialize, Serialize};

/// A product as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// None before its first snapshot.
    as_of: Option<AsOf>,
    /// The newest snapshot before that one: a decision may be resumed half way.
    before: Option<AsOf>,
    description: ProductDescription,
    published_at: Option<Timestamp>,
    variants: BTreeMap<VariantId, Variant>,
    /// Those that exist without being shown, and the snapshot that last showed each.
    named: BTreeMap<VariantId, Option<AsOf>>,
    /// Variants that are no more.
    gone: BTreeMap<VariantId, Gone>,
    deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Gone {
    variant: Variant,
    last_shown: AsOf,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ProductCommand {
    Snapshot(Box<ProductSnapshot>),
    Delete { at: Timestamp },
}

/// The whole product at one moment (`products/create`, `products/update`).
#[derive(Debug, Clone, PartialEq)]
pub struct ProductSnapshot {
    pub as_of: AsOf,
    pub created_at: Timestamp,
    pub description: ProductDescription,
    pub published_at: Option<Timestamp>,
    pub variants: Vec<Variant>,
    /// Variants that exist but are not shown in full: Shopify stops at 100.
    pub further_variants: Vec<VariantId>,
}

impl Product {
    fn evolve(&mut self, event: ProductEvent) {
        match event {
            ProductEvent::Created(ProductCreated { as_of, description, .. })
            | ProductEvent::Described(ProductDescribed { as_of, description, .. }) => {
                self.seen(as_of);
                self.description = description;
            }
            ProductEvent::VariantAdded(VariantAdded { as_of, variant, .. })
            | ProductEvent::VariantChanged(VariantChanged { as_of, variant, .. })
            | ProductEvent::VariantRepriced(VariantRepriced { as_of, variant, .. }) => self.put(as_of, variant),
            ProductEvent::VariantRemoved(VariantRemoved { as_of, variant, last_shown, .. }) => {
                self.seen(as_of);
                self.variants.remove(&variant.id);
                self.named.remove(&variant.id);
                self.gone.insert(variant.id, Gone { variant, last_shown });
            }
            ProductEvent::VariantsNamed(event) => {
                self.seen(event.as_of);
                let named = |named: NamedVariant| (named.id, named.last_shown);
                self.named = event.variants.into_iter().map(named).collect();
            }
            ProductEvent::Published(ProductPublished { at, as_of }) => {
                self.seen(as_of);
                self.published_at = Some(at);
            }
            ProductEvent::Unpublished(ProductUnpublished { as_of, .. }) => {
                self.seen(as_of);
                self.published_at = None;
            }
            ProductEvent::Touched(ProductTouched { as_of, .. }) => self.seen(as_of),
            ProductEvent::Deleted(ProductDeleted { .. }) => self.deleted = true,
        }
    }

    fn seen(&mut self, as_of: AsOf) {
        if self.as_of.as_ref() < Some(&as_of) {
            self.before = self.as_of.replace(as_of);
        }
    }

    /// The snapshot that shows it is the newest, or an older one and the newest names it.
    fn put(&mut self, shown: AsOf, variant: Variant) {
        self.gone.remove(&variant.id);
        if self.as_of.as_ref() <= Some(&shown) {
            self.seen(shown);
        } else {
            self.named.insert(variant.id, Some(shown));
        }
        self.variants.insert(variant.id, variant);
    }
}
