//! The services that react: one folder each, with their subscribers and their local copies.
//!
//! They know each other by events only; that is the choreography.

pub mod checkouts;
pub mod inventory;
pub mod loyalty;
pub mod notifications;
pub mod port;
pub mod replay;

use streams::Durable;

/// The table of contents: every service with its durable consumers.
pub const SERVICES: &[Service] = &[
    Service { name: inventory::NAME, durables: inventory::durables },
    Service { name: loyalty::NAME, durables: loyalty::durables },
    Service { name: checkouts::NAME, durables: checkouts::durables },
    Service { name: notifications::NAME, durables: notifications::durables },
];

/// A service as the command line and the provisioning know it.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    pub name: &'static str,
    pub durables: fn() -> Vec<Durable>,
}

/// The durable consumers of every service, for `streams ensure`.
pub fn durables() -> Vec<Durable> {
    SERVICES.iter().flat_map(|service| (service.durables)()).collect()
}
