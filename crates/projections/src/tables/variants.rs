//! `variants`: one row per variant, found by its inventory item.
//!
//! A local copy for services, not shown by the API. A variant stays when it or its product is
//! removed: orders of it have still to be settled.

use std::collections::BTreeMap;

use db::{Column, Database, RowKey, Select, Value};
use events::{
    AggregateKind, Event, InventoryItemId, ProductEvent, ProductId, Recorded, Shop, Variant, VariantAdded,
    VariantChanged, VariantId, VariantRemoved, VariantRepriced,
};
use serde::{Deserialize, Serialize};

use super::id_column;
use crate::read::{each, every, one};
use crate::{Found, Projection, ReadError};

/// What its readers wait for.
pub const READS: &[&str] = &[Variants::NAME];

pub struct Variants;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VariantRow {
    /// None when the product's id is not one of Shopify's.
    pub product_id: Option<ProductId>,
    pub variant: Variant,
    /// Its product has it no more.
    pub removed: bool,
}

impl VariantRow {
    /// None when Shopify never said it.
    pub fn inventory_item_id(&self) -> Option<InventoryItemId> {
        self.variant.inventory_item_id
    }
}

impl Projection for Variants {
    const NAME: &'static str = "variants";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[Column::integer("inventory_item_id")];
    const INDEXES: &'static [&'static [&'static str]] = &[&["inventory_item_id"]];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Product];

    type Row = VariantRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        told(event).map(|(variant, _)| variant.id.to_string()).into_iter().collect()
    }

    fn project(_: &str, row: Option<VariantRow>, event: &Recorded<Event>) -> Option<VariantRow> {
        let Some((variant, removed)) = told(event) else { return row };
        let product_id = event.envelope.key.id.parse().ok();
        Some(VariantRow { product_id, variant: variant.clone(), removed })
    }

    fn columns(row: &VariantRow) -> Vec<Value> {
        vec![row.inventory_item_id().map_or(Value::Null, |id| id_column(id.get()))]
    }
}

pub async fn get(db: &Database, shop: &Shop, id: VariantId) -> Result<Option<Found<VariantRow>>, ReadError> {
    one::<Variants>(db, shop, id).await
}

/// Those there are of many.
pub async fn get_all(
    db: &Database,
    ids: &[(Shop, VariantId)],
) -> Result<BTreeMap<(Shop, VariantId), Found<VariantRow>>, ReadError> {
    let keys: Vec<RowKey> = ids.iter().map(|(shop, id)| RowKey { shop: shop.clone(), id: id.to_string() }).collect();
    let found = each::<Variants>(db, &keys).await?;
    Ok(found.into_iter().map(|(key, row)| ((key.shop, row.view.variant.id), row)).collect())
}

/// Every variant, present or removed, that stocks this item.
pub async fn of_inventory_item(
    db: &Database,
    shop: &Shop,
    id: InventoryItemId,
) -> Result<Vec<Found<VariantRow>>, ReadError> {
    every::<Variants>(db, Select::all_with(shop, "inventory_item_id", id_column(id.get()))).await
}

/// The variant that an event tells of, and whether its product has it no more.
pub(super) fn told(event: &Recorded<Event>) -> Option<(&Variant, bool)> {
    match &event.event {
        Event::Product(
            ProductEvent::VariantAdded(VariantAdded { variant, .. })
            | ProductEvent::VariantChanged(VariantChanged { variant, .. })
            | ProductEvent::VariantRepriced(VariantRepriced { variant, .. }),
        ) => Some((variant, false)),
        Event::Product(ProductEvent::VariantRemoved(VariantRemoved { variant, .. })) => Some((variant, true)),
        _ => None,
    }
}
