//! The door: a signed webhook is verified, appended to `INBOX`, and answered 200 once it is stored.
//!
//! Nothing else is in the request path: bodies are not parsed here. [`server`] is the HTTP server
//! of every role.

mod identity;
mod outcome;
mod problem;
mod receive;
pub mod server;
mod shops;
mod webhook;

pub use shops::{CurrentShops, NoSecret, ShopKeys, Shops};
pub use webhook::{IngressSettings, IngressState, router};
