use events::{
    AsOf, NamedVariant, ProductCreated, ProductDeleted, ProductDescribed, ProductEvent, ProductPublished,
    ProductTouched, ProductUnpublished, Variant, VariantAdded, VariantChanged, VariantId, VariantRemoved,
    VariantRepriced, VariantsNamed,
};

use super::{Product, ProductCommand, ProductSnapshot};
use crate::Decider;
use crate::decide::aggregate;

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
            Some(newest) if newest > snapshot.as_of => self.look_back(&newest, snapshot),
            Some(newest) if newest == snapshot.as_of => self.overwrite(self.product.before.clone(), snapshot),
            last => self.overwrite(last, snapshot),
        }
    }

    /// Makes everything what the newest snapshot says; `last` is the one it follows.
    fn overwrite(&mut self, last: Option<AsOf>, snapshot: ProductSnapshot) {
        let ProductSnapshot { as_of, created_at, description, published_at, variants, further_variants } = snapshot;
        let at = as_of.updated_at;
        if self.product.as_of.is_none() {
            self.emit(ProductCreated { at: created_at, as_of: as_of.clone(), description: description.clone() });
        }
        self.remove_variants(&as_of, last.as_ref(), &variants, &further_variants);
        self.name_variants(&as_of, last.as_ref(), &variants, further_variants);
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

    fn remove_variants(&mut self, as_of: &AsOf, last: Option<&AsOf>, shown: &[Variant], further: &[VariantId]) {
        let exists = |id: &VariantId| further.contains(id) || shown.iter().any(|variant| variant.id == *id);
        let gone: Vec<Variant> = self.product.variants.values().filter(|held| !exists(&held.id)).cloned().collect();
        for variant in gone {
            let last_shown = self.last_shown(variant.id, last).unwrap_or_else(|| as_of.clone());
            self.emit(VariantRemoved { at: as_of.updated_at, as_of: as_of.clone(), variant, last_shown });
        }
    }

    /// A variant that was removed and is named again is what it was when it was last shown.
    fn name_variants(&mut self, as_of: &AsOf, last: Option<&AsOf>, shown: &[Variant], mut further: Vec<VariantId>) {
        further.retain(|id| !shown.iter().any(|variant| variant.id == *id));
        further.sort();
        further.dedup();
        for id in &further {
            if let Some(gone) = self.product.gone.get(id).cloned() {
                self.show_named(gone.last_shown, gone.variant);
            }
        }
        let named = |&id: &VariantId| NamedVariant { id, last_shown: self.last_shown(id, last) };
        let variants: Vec<NamedVariant> = further.iter().map(named).collect();
        let held = self.product.named.iter().map(|(&id, shown)| NamedVariant { id, last_shown: shown.clone() });
        if !held.eq(variants.iter().cloned()) {
            self.emit(VariantsNamed { at: as_of.updated_at, as_of: as_of.clone(), variants });
        }
    }

    /// The newest snapshot that is known to show a variant that stands.
    fn last_shown(&self, id: VariantId, last: Option<&AsOf>) -> Option<AsOf> {
        match self.product.named.get(&id) {
            Some(last_shown) => last_shown.clone(),
            None => last.filter(|_| self.product.variants.contains_key(&id)).cloned(),
        }
    }

    /// An old snapshot may be the first, or the newest, to show a variant that the newest one only names,
    /// or that is no more.
    fn look_back(&mut self, newest: &AsOf, old: ProductSnapshot) {
        for variant in old.variants {
            if let Some(last_shown) = self.product.named.get(&variant.id) {
                if last_shown.as_ref() < Some(&old.as_of) {
                    self.show_named(old.as_of.clone(), variant);
                }
            } else if !self.product.variants.contains_key(&variant.id) {
                let held = self.product.gone.get(&variant.id).map(|gone| &gone.last_shown);
                if held < Some(&old.as_of) {
                    let (as_of, last_shown) = (newest.clone(), old.as_of.clone());
                    self.emit(VariantRemoved { at: newest.updated_at, as_of, variant, last_shown });
                }
            }
        }
    }

    /// Also recorded when nothing changed: an even older snapshot must not win later.
    fn show_named(&mut self, as_of: AsOf, variant: Variant) {
        let at = as_of.updated_at;
        match self.product.variants.get(&variant.id) {
            Some(held) if held.inventory_item_id == variant.inventory_item_id => {
                self.emit(VariantChanged { at, as_of, variant });
            }
            _ => self.emit(VariantAdded { at, as_of, variant }),
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
