//! What happens to the shop itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::*;

events! {
    /// The events of a shop.
    ShopEvent of Shop {
        Installed(ShopInstalled) = "shop.installed", 1;
        Changed(ShopChanged) = "shop.changed", 1;
        ScopesChanged(ShopScopesChanged) = "shop.scopes_changed", 1;
        Touched(ShopTouched) = "shop.touched", 1;
        Uninstalled(ShopUninstalled) = "shop.uninstalled", 1;
        RedactionRequested(ShopRedactionRequested) = "shop.redaction_requested", 1;
        Redacted(ShopRedacted) = "shop.redacted", 1;
    }
}

/// The app is there (again): only a shop that has it sends webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShopInstalled {
    /// Of the news that showed it.
    pub at: Timestamp,
}

/// The shop's settings, as they now are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShopChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub profile: ShopProfile,
}

/// Nothing of its owner: names, addresses and mails of people are left in the inbox.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShopProfile {
    pub name: String,
    /// Where its customers find it.
    pub domain: Option<String>,
    pub currency: Option<Currency>,
    /// Of the tz database: `Europe/Paris`.
    pub time_zone: Option<String>,
    pub locale: Option<String>,
    pub country_code: Option<String>,
    /// Shopify's word: `basic`, `shopify_plus`, `frozen`, `cancelled`, …
    pub plan: Option<String>,
    pub primary_location_id: Option<LocationId>,
}

/// What the shop lets the app see and do, from now on. Topics outside of it stop coming.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShopScopesChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    /// Shopify's words: `read_orders`, `write_products`, …
    pub scopes: Vec<String>,
}

/// A newer snapshot differs in nothing but its time. Kept, so that an older one can never win over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShopTouched {
    pub at: Timestamp,
    pub as_of: AsOf,
}

/// The app was removed: no more webhooks come, and the access token is dead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShopUninstalled {
    pub at: Timestamp,
}

/// All that is kept of the shop has to be erased.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShopRedactionRequested {
    pub at: Timestamp,
    /// By when Shopify wants it done: 30 days after it was asked.
    pub due_at: Timestamp,
}

/// The keys to all that was kept of the shop's customers are destroyed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShopRedacted {
    /// When it was asked.
    pub at: Timestamp,
}
