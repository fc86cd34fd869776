//! What happens to the shop itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::*;

events! {
    /// The events of a shop.
    ShopEvent of Shop {
        Uninstalled(ShopUninstalled) = "shop.uninstalled", 1;
    }
}

/// The app was removed: no more webhooks come, and the access token is dead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShopUninstalled {
    pub at: Timestamp,
}
