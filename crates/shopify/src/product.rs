use aggregates::{Command, ProductCommand, ProductSnapshot};
use events::{InventoryItemId, ProductDescription, ProductId, Timestamp, Variant, VariantId};
use serde::Deserialize;

use crate::wire::{Amount, Id, List, Object, Reference, Tags, Text, id_of_gid, nonempty, optional};
use crate::{Reading, Unreadable};

/// `products/create` and `products/update`.
pub(crate) fn snapshot(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: ProductBody<'_> = delivery.decode()?;
    let Id(id) = body.id;
    let variants: Vec<Variant> = body.variants.into_iter().map(|Object(variant)| variant.into()).collect();
    let shown = |id: &VariantId| variants.iter().any(|variant| variant.id == *id);
    let gids =
        body.variant_gids.0.iter().map(|Object(gid)| id_of_gid(gid.admin_graphql_api_id.as_str(), "ProductVariant"));
    let further_variants =
        gids.filter(|id| !id.as_ref().is_ok_and(shown)).collect::<Result<Vec<VariantId>, Unreadable>>()?;
    let snapshot = ProductSnapshot {
        as_of: delivery.as_of(body.updated_at),
        created_at: body.created_at.unwrap_or(body.updated_at),
        description: ProductDescription {
            title: body.title.as_str().to_owned(),
            handle: nonempty(body.handle),
            vendor: nonempty(body.vendor),
            product_type: nonempty(body.product_type),
            status: nonempty(body.status),
            tags: body.tags.map_or_else(Vec::new, |Tags(tags)| tags),
        },
        published_at: body.published_at,
        variants,
        further_variants,
    };
    Ok(vec![Command::Product(id, ProductCommand::Snapshot(Box::new(snapshot)))])
}

pub(crate) fn deleted(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let id: ProductId = delivery.deleted_id("Product")?;
    Ok(vec![Command::Product(id, ProductCommand::Delete { at: delivery.triggered_at() })])
}

#[derive(Deserialize)]
struct ProductBody<'a> {
    id: Id<ProductId>,
    #[serde(borrow)]
    title: Text<'a>,
    created_at: Option<Timestamp>,
    updated_at: Timestamp,
    published_at: Option<Timestamp>,
    handle: Option<Text<'a>>,
    vendor: Option<Text<'a>>,
    product_type: Option<Text<'a>>,
    status: Option<Text<'a>>,
    tags: Option<Tags>,
    variants: Vec<Object<VariantBody<'a>>>,
    /// All variants; only the first 100 are in `variants`.
    #[serde(default)]
    variant_gids: List<VariantGid<'a>>,
}

#[derive(Deserialize)]
struct VariantBody<'a> {
    id: Id<VariantId>,
    inventory_item_id: Option<Reference<InventoryItemId>>,
    #[serde(borrow)]
    sku: Option<Text<'a>>,
    title: Option<Text<'a>>,
    price: Amount,
    compare_at_price: Option<Amount>,
}

#[derive(Deserialize)]
struct VariantGid<'a> {
    #[serde(borrow)]
    admin_graphql_api_id: Text<'a>,
}

impl From<VariantBody<'_>> for Variant {
    fn from(body: VariantBody<'_>) -> Self {
        let (Id(id), Amount(price)) = (body.id, body.price);
        Self {
            id,
            inventory_item_id: optional(body.inventory_item_id),
            sku: nonempty(body.sku),
            title: nonempty(body.title).unwrap_or_default(),
            price,
            compare_at_price: body.compare_at_price.map(|Amount(price)| price),
        }
    }
}
