//! What happens to a product and its variants.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::*;

events! {
    /// The events of a product.
    ProductEvent of Product {
        Created(ProductCreated) = "product.created", 1;
        Described(ProductDescribed) = "product.described", 1;
        VariantAdded(VariantAdded) = "product.variant_added", 1;
        VariantChanged(VariantChanged) = "product.variant_changed", 1;
        VariantRepriced(VariantRepriced) = "product.variant_repriced", 1;
        VariantRemoved(VariantRemoved) = "product.variant_removed", 1;
        VariantsNamed(VariantsNamed) = "product.variants_named", 1;
        Published(ProductPublished) = "product.published", 1;
        Unpublished(ProductUnpublished) = "product.unpublished", 1;
        Touched(ProductTouched) = "product.touched", 1;
        Deleted(ProductDeleted) = "product.deleted", 1;
    }
}

/// The first snapshot of a product; its variants follow as events of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductCreated {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub description: ProductDescription,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductDescription {
    pub title: String,
    pub handle: Option<String>,
    pub vendor: Option<String>,
    pub product_type: Option<String>,
    pub status: Option<String>,
    pub tags: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductDescribed {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub description: ProductDescription,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Variant {
    pub id: VariantId,
    /// None when Shopify leaves it out (an untracked variant of an old API version).
    pub inventory_item_id: Option<InventoryItemId>,
    pub sku: Option<String>,
    pub title: String,
    /// In the shop's currency, which product webhooks do not name.
    #[serde(with = "rust_decimal::serde::str")]
    #[schemars(with = "String")]
    pub price: Decimal,
    #[serde(with = "rust_decimal::serde::str_option")]
    #[schemars(with = "Option<String>")]
    pub compare_at_price: Option<Decimal>,
}

/// New, or stocked as another inventory item than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VariantAdded {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub variant: Variant,
}

/// Anything but its price changed; the variant as it now is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VariantChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub variant: Variant,
}

/// Its price changed, and nothing else; the variant as it now is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VariantRepriced {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub variant: Variant,
}

/// The newest snapshot has it no more. Also recorded when an older snapshot is the first to show a
/// variant that is gone: orders of it still need its inventory item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VariantRemoved {
    pub at: Timestamp,
    /// The snapshot that does not show it.
    pub as_of: AsOf,
    /// As it was last shown.
    pub variant: Variant,
    /// The snapshot that last showed it.
    pub last_shown: AsOf,
}

/// Which variants exist without being shown: Shopify shows 100 in full and names the others. What is
/// known of those comes from older snapshots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VariantsNamed {
    pub at: Timestamp,
    pub as_of: AsOf,
    /// All of them.
    pub variants: Vec<NamedVariant>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NamedVariant {
    pub id: VariantId,
    /// The newest snapshot that is known to show it; none when none is.
    pub last_shown: Option<AsOf>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductPublished {
    /// `published_at`.
    pub at: Timestamp,
    pub as_of: AsOf,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductUnpublished {
    pub at: Timestamp,
    pub as_of: AsOf,
}

/// A newer snapshot differs in nothing but its time. Kept, so that an older one can never win over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductTouched {
    pub at: Timestamp,
    pub as_of: AsOf,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductDeleted {
    pub at: Timestamp,
}
