//! The services that react: one folder each, with their subscribers and their local copies.
//!
//! They know each other by events only; that is the choreography.

pub mod checkouts;
pub mod inventory;
pub mod loyalty;
pub mod notifications;
pub mod port;
pub mod replay;

use events::AggregateKind;
use projections::ReadModel;
use streams::Durable;

/// The table of contents: every service with its durable consumers.
pub const SERVICES: &[Service] = &[
    Service {
        name: inventory::NAME,
        durables: inventory::durables,
        appends: &[AggregateKind::Stock],
        copies: inventory::COPIES,
        has_starts: false,
    },
    Service {
        name: loyalty::NAME,
        durables: loyalty::durables,
        appends: &[AggregateKind::Loyalty],
        copies: &[],
        has_starts: false,
    },
    Service {
        name: checkouts::NAME,
        durables: checkouts::durables,
        appends: &[AggregateKind::Checkout],
        copies: &[],
        has_starts: false,
    },
    Service {
        name: notifications::NAME,
        durables: notifications::durables,
        appends: &[AggregateKind::Notification],
        copies: notifications::COPIES,
        has_starts: true,
    },
];

/// A service as the command line and the provisioning know it.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    pub name: &'static str,
    pub durables: fn() -> Vec<Durable>,
    /// The aggregates that it decides; the broker lets it append to no others.
    pub appends: &'static [AggregateKind],
    /// The read models that it keeps for itself.
    pub copies: &'static [ReadModel],
    /// It notes since when it acts for a shop.
    pub has_starts: bool,
}

/// The durable consumers of every service, for `streams ensure`.
pub fn durables() -> Vec<Durable> {
    SERVICES.iter().flat_map(|service| (service.durables)()).collect()
}
