//! All that is known of Shopify's wire: headers, signature, topics, bodies, and what they mean.
//!
//! A delivery is translated to commands for the aggregates; nothing here touches the network.

mod api_version;
pub mod headers;
mod json;
mod reading;
pub mod signature;
mod topic;
mod translate;
mod unreadable;
mod upcast;
mod wire;

mod address;
mod checkout;
mod consent;
mod customer;
mod customer_news;
mod edit;
mod fulfillment;
mod fulfillment_order;
mod inventory;
mod line;
mod order;
mod order_return;
mod privacy;
mod product;
mod protection;
mod refund;
mod resource;
mod returns;
mod risk;
mod shipment;
mod shop;
mod transaction;

pub use api_version::{ApiVersion, StatedVersion, VersionError};
pub use headers::{WebhookHeaders, encode_block, parse_block};
pub use json::check as check_json;
pub use reading::Reading;
pub use signature::{Secret, SecretError, sign, verify};
pub use topic::{COMPLIANCE, End, Key, Part, Topic, Version};
pub use translate::{Delivery, Translation, translate};
pub use unreadable::Unreadable;
