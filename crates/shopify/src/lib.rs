//! All that is known of Shopify's wire: headers, signature, topics, bodies, and what they mean.
//!
//! A delivery is translated to commands for the aggregates; nothing here touches the network.

pub mod headers;
mod json;
mod reading;
pub mod signature;
mod topic;
mod translate;
mod unreadable;
mod wire;

mod address;
mod customer;
mod edit;
mod fulfillment;
mod inventory;
mod line;
mod order;
mod product;
mod refund;
mod shop;
mod transaction;

pub use headers::{WebhookHeaders, encode_block, parse_block};
pub use json::check as check_json;
pub use reading::Reading;
pub use signature::{Secret, SecretError, sign, verify};
pub use topic::{End, Key, Part, Topic, Version};
pub use translate::{Delivery, Translation, translate};
pub use unreadable::Unreadable;
