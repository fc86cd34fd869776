//! The ledger of one inventory item: what Shopify observed, and what order lines claim.
//!
//! Shopify is the authority (`stock_authority = "shopify"`): `available` at a location is its last
//! observation and the movements there that are later. A movement at or before an observation (the
//! same second included) is already inside it. Where the location is our guess, a movement counts
//! only while it is later than every observation of the item at any location: the first echo
//! anywhere says that Shopify has deducted.

mod allocate;
mod claim;
mod decide;
mod guess;
mod ledger;

use std::collections::{BTreeMap, BTreeSet};

use events::{AsOf, Claim, LineId, LocationId, Observation, OrderId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::LineDemand;

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
    /// What lines want of this item; `priority` ranks locations, best first.
    Claim {
        lines: Vec<LineDemand>,
        priority: Vec<LocationId>,
    },
}

/// An item's stock as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stock {
    item: Option<Item>,
    retired: bool,
    places: BTreeMap<LocationId, Place>,
    claims: BTreeMap<OrderId, BTreeMap<LineId, Claim>>,
    /// `<order>/<line>` that were told to be oversold, so that each is told once.
    oversold: BTreeSet<String>,
    /// Nothing is available anywhere; set by `ran_out`, so that the edge is crossed once.
    out: bool,
}

/// The inventory item's own record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    as_of: AsOf,
    sku: Option<String>,
    tracked: bool,
}

/// One location, as far as it concerns this item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Place {
    connected_at: Option<Timestamp>,
    disconnected_at: Option<Timestamp>,
    latest: Option<Observation>,
    /// The newest one of an earlier second.
    previous: Option<Observation>,
    /// The observation whose drift has been told.
    drift_told: Option<Observation>,
}
