//! The product and its variants: the newest snapshot wins.

use std::collections::BTreeMap;

use events::{
    AsOf, ProductCreated, ProductDeleted, ProductDescribed, ProductDescription, ProductEvent, ProductPublished,
    ProductTouched, ProductUnpublished, Timestamp, Variant, VariantAdded, VariantChanged, VariantId, VariantRemoved,
    VariantRepriced,
};
use serde::{Deserialize, Serialize};

use crate::Decider;
use crate::decide::aggregate;

/// A product as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// None before its first snapshot.
    as_of: Option<AsOf>,
    description: ProductDescription,
    published_at: Option<Timestamp>,
    variants: BTreeMap<VariantId, Variant>,
    /// Variants that are no more, and the snapshot that last showed each.
    gone: BTreeMap<VariantId, AsOf>,
    deleted: bool,
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

aggregate!(Product, ProductCommand, ProductEvent);

impl Decider for Product {
    fn decide(&mut self, command: ProductCommand) -> Result<Vec<ProductEvent>, Self::Error> {
        let mut decision = Decision { product: self, events: Vec::new() };
        match command {
            ProductCommand::Snapshot(snapshot) => decision.snapshot(*snapshot),
            ProductCommand::Delete { at } if !decision.product.deleted => decision.emit(ProductDeleted { at }),
            ProductCommand::Delete { .. } => {}
        }
        Ok(decision.events)
    }

    fn knows_newer(&self, command: &ProductCommand) -> bool {
        matches!(command, ProductCommand::Snapshot(snapshot) if self.as_of.as_ref() > Some(&snapshot.as_of))
    }
}

struct Decision<'a> {
    product: &'a mut Product,
    events: Vec<ProductEvent>,
}

impl Decision<'_> {
    fn emit(&mut self, event: impl Into<ProductEvent>) {
        let event = event.into();
        self.product.evolve(event.clone());
        self.events.push(event);
    }

    fn snapshot(&mut self, snapshot: ProductSnapshot) {
        match self.product.as_of.clone() {
            Some(newest) if newest > snapshot.as_of => self.remember_gone(&newest, &snapshot),
            last => self.overwrite(last, snapshot),
        }
    }

    /// Makes everything what the newest snapshot says; `last` is the one it follows.
    fn overwrite(&mut self, last: Option<AsOf>, snapshot: ProductSnapshot) {
        let ProductSnapshot { as_of, created_at, description, published_at, variants, further_variants } = snapshot;
        let at = as_of.updated_at;
        match last {
            Some(last) => self.remove_variants(&as_of, &last, &variants, &further_variants),
            None => {
                self.emit(ProductCreated { at: created_at, as_of: as_of.clone(), description: description.clone() });
            }
        }
        if self.product.description != description {
            self.emit(ProductDescribed { at, as_of: as_of.clone(), description });
        }
        for variant in variants {
            self.set_variant(&as_of, variant);
        }
        if self.product.published_at != published_at {
            match published_at {
                Some(at) => self.emit(ProductPublished { at, as_of: as_of.clone() }),
                None => self.emit(ProductUnpublished { at, as_of: as_of.clone() }),
            }
        }
        if self.product.as_of.as_ref() != Some(&as_of) {
            self.emit(ProductTouched { at, as_of });
        }
    }

    fn remove_variants(&mut self, as_of: &AsOf, last: &AsOf, shown: &[Variant], further: &[VariantId]) {
        let exists = |id: &VariantId| further.contains(id) || shown.iter().any(|variant| variant.id == *id);
        let gone: Vec<Variant> = self.product.variants.values().filter(|held| !exists(&held.id)).cloned().collect();
        for variant in gone {
            let last_shown = last.clone();
            self.emit(VariantRemoved { at: as_of.updated_at, as_of: as_of.clone(), variant, last_shown });
        }
    }

    /// An old snapshot may be the first, or the newest, to show a variant that is no more.
    fn remember_gone(&mut self, newest: &AsOf, old: &ProductSnapshot) {
        for variant in &old.variants {
            let news = self.product.gone.get(&variant.id) < Some(&old.as_of);
            if news && !self.product.variants.contains_key(&variant.id) {
                let (variant, last_shown) = (variant.clone(), old.as_of.clone());
                self.emit(VariantRemoved { at: newest.updated_at, as_of: newest.clone(), variant, last_shown });
            }
        }
    }

    fn set_variant(&mut self, as_of: &AsOf, variant: Variant) {
        let (at, as_of) = (as_of.updated_at, as_of.clone());
        let Some(held) = self.product.variants.get(&variant.id) else {
            return self.emit(VariantAdded { at, as_of, variant });
        };
        if *held == variant {
            return;
        }
        if held.inventory_item_id != variant.inventory_item_id {
            let (variant_before, last_shown) = (held.clone(), as_of.clone());
            self.emit(VariantRemoved { at, as_of: as_of.clone(), variant: variant_before, last_shown });
            return self.emit(VariantAdded { at, as_of, variant });
        }
        let repriced =
            Variant { price: variant.price, compare_at_price: variant.compare_at_price, ..held.clone() } == variant;
        if repriced {
            self.emit(VariantRepriced { at, as_of, variant });
        } else {
            self.emit(VariantChanged { at, as_of, variant });
        }
    }
}

impl Product {
    fn evolve(&mut self, event: ProductEvent) {
        match event {
            ProductEvent::Created(ProductCreated { as_of, description, .. })
            | ProductEvent::Described(ProductDescribed { as_of, description, .. }) => {
                self.as_of = Some(as_of);
                self.description = description;
            }
            ProductEvent::VariantAdded(VariantAdded { as_of, variant, .. })
            | ProductEvent::VariantChanged(VariantChanged { as_of, variant, .. })
            | ProductEvent::VariantRepriced(VariantRepriced { as_of, variant, .. }) => {
                self.as_of = Some(as_of);
                self.gone.remove(&variant.id);
                self.variants.insert(variant.id, variant);
            }
            ProductEvent::VariantRemoved(VariantRemoved { as_of, variant, last_shown, .. }) => {
                self.as_of = Some(as_of);
                self.variants.remove(&variant.id);
                self.gone.insert(variant.id, last_shown);
            }
            ProductEvent::Published(ProductPublished { at, as_of }) => {
                self.as_of = Some(as_of);
                self.published_at = Some(at);
            }
            ProductEvent::Unpublished(ProductUnpublished { as_of, .. }) => {
                self.as_of = Some(as_of);
                self.published_at = None;
            }
            ProductEvent::Touched(ProductTouched { as_of, .. }) => self.as_of = Some(as_of),
            ProductEvent::Deleted(ProductDeleted { .. }) => self.deleted = true,
        }
    }
}
