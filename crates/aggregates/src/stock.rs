//! The ledger of one inventory item: what Shopify observed, and what order lines claim.
//!
//! Under Shopify's authority `available` at a location is its last observation and the movements
//! there that are later. A movement at or before an observation (the same second included) is
//! already inside it. Where the location is our guess, a movement counts only while it is later than
//! every observation of the item at any location: the first echo anywhere says that Shopify has
//! deducted. Under our ledger's authority the first observation opens the ledger, every later
//! movement counts where we booked it, and later observations only measure drift.

mod adjust;
mod allocate;
mod backorder;
mod book;
mod claim;
mod claims;
mod decide;
mod freeze;
mod guess;
mod ledger;
mod place;
mod route;
mod simulate;

use std::collections::BTreeMap;

use events::{AsOf, LocationId, Observation, StockPolicy, Timestamp};
use serde::{Deserialize, Serialize};

pub use adjust::{Adjustment, StockError};
pub use route::{Routing, Rule};
pub use simulate::{Simulated, Simulation};

use crate::LineDemand;
use adjust::Adjustments;
use backorder::Backorders;
use claims::Claims;
use freeze::Frozen;
use place::Place;

/// What is said of an item's stock.
#[derive(Debug, Clone, PartialEq)]
pub enum StockCommand {
    Describe {
        as_of: AsOf,
        sku: Option<String>,
        tracked: bool,
    },
    Retire {
        at: Timestamp,
    },
    Connect {
        location_id: LocationId,
        at: Timestamp,
    },
    Disconnect {
        location_id: LocationId,
        at: Timestamp,
    },
    /// `inventory_levels/update`: an absolute `available`.
    Observe {
        location_id: LocationId,
        observation: Observation,
    },
    /// The shop's settings for the item.
    Govern {
        at: Timestamp,
        policy: StockPolicy,
    },
    /// What lines want of this item, and how a location is chosen for them.
    Claim {
        lines: Vec<LineDemand>,
        routing: Routing,
        policy: StockPolicy,
    },
    /// Somebody counted, found or lost goods.
    Adjust(Adjustment),
}

/// An item's stock as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Frozen", into = "Frozen")]
pub struct Stock {
    item: Option<Item>,
    retired: bool,
    policy: StockPolicy,
    places: BTreeMap<LocationId, Place>,
    claims: Claims,
    backorders: Backorders,
    adjustments: Adjustments,
    /// Nothing is available anywhere; set by `ran_out`, so that the edge is crossed once.
    out: bool,
    /// More is available than what counts as little, or was when that was last told.
    ample: bool,
    /// The newest of the times that were told: the item's own clock, which never decides alone.
    now: Timestamp,
}

/// The inventory item's own record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    as_of: AsOf,
    sku: Option<String>,
    tracked: bool,
}
