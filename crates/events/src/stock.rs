//! What happens to the stock of one inventory item over its locations.
//!
//! Every event carries the levels of the locations it touched, as they are after it, and those of
//! an order line carry the line's whole claim: a reader overwrites and never adds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::*;

events! {
    /// The events of an inventory item's stock.
    StockEvent of Stock {
        Described(StockDescribed) = "stock.described", 1;
        Retired(StockRetired) = "stock.retired", 1;
        Connected(StockConnected) = "stock.connected", 1;
        Disconnected(StockDisconnected) = "stock.disconnected", 1;
        Observed(StockObserved) = "stock.observed", 1;
        DriftDetected(StockDriftDetected) = "stock.drift_detected", 1;
        Allocated(StockAllocated) = "stock.allocated", 1;
        AllocationReleased(StockAllocationReleased) = "stock.allocation_released", 1;
        AllocationMoved(StockAllocationMoved) = "stock.allocation_moved", 1;
        Shipped(StockShipped) = "stock.shipped", 1;
        Received(StockReceived) = "stock.received", 1;
        ClaimCorrected(StockClaimCorrected) = "stock.claim_corrected", 1;
        Oversold(StockOversold) = "stock.oversold", 1;
        RanOut(StockRanOut) = "stock.ran_out", 1;
        CameBack(StockCameBack) = "stock.came_back", 1;
        RanLow(StockRanLow) = "stock.ran_low", 1;
        Adjusted(StockAdjusted) = "stock.adjusted", 1;
        BackorderFilled(StockBackorderFilled) = "stock.backorder_filled", 1;
        Governed(StockGoverned) = "stock.governed", 1;
    }
}

/// The inventory item's own record (`inventory_items/*`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockDescribed {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub sku: Option<String>,
    pub tracked: bool,
}

/// The inventory item was deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockRetired {
    pub at: Timestamp,
}

/// What stands at one location. `on_hand = available + allocated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    pub location_id: LocationId,
    /// False once the item is no longer stocked there.
    pub connected: bool,
    /// Signed: Shopify may oversell by policy.
    pub available: i64,
    /// Promised to orders and not yet shipped.
    pub allocated: i64,
    pub on_hand: i64,
    pub observation: Option<Observation>,
    /// The last observation less what the one before it and the movements between them predict.
    pub drift: i64,
}

/// What Shopify said is available, and when it was so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    pub at: Timestamp,
    /// Breaks ties of `at`.
    pub triggered_at: Option<Timestamp>,
    pub available: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockConnected {
    pub at: Timestamp,
    pub location_id: LocationId,
    pub levels: Vec<Level>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockDisconnected {
    pub at: Timestamp,
    pub location_id: LocationId,
    pub levels: Vec<Level>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockObserved {
    pub at: Timestamp,
    pub location_id: LocationId,
    pub observation: Observation,
    pub levels: Vec<Level>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockDriftDetected {
    pub at: Timestamp,
    pub location_id: LocationId,
    pub expected: i64,
    pub observed: i64,
}

/// All that one order line has done, and still wants, of this item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    pub order_id: OrderId,
    pub line_id: LineId,
    pub parts: Vec<ClaimPart>,
    pub returns: Vec<Return>,
}

/// Units of a line that share one fate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ClaimPart {
    /// None while no location of the item is known.
    pub location_id: Option<LocationId>,
    /// The location is our choice; Shopify has not told it.
    pub guessed: bool,
    /// When the units left `available`.
    pub taken_at: Timestamp,
    pub fate: Fate,
    pub quantity: u32,
}

/// What became of promised units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Fate {
    /// Still to be shipped.
    Wanted,
    Shipped,
    /// Back in `available` since.
    Released {
        at: Timestamp,
    },
    /// Gone with the promise: not restocked.
    WrittenOff,
}

/// Shipped units that came back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Return {
    pub refund_id: RefundId,
    pub location_id: Option<LocationId>,
    pub at: Timestamp,
    pub quantity: u32,
}

/// Units are promised to an order line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockAllocated {
    pub at: Timestamp,
    pub location_id: Option<LocationId>,
    pub quantity: u32,
    /// Why this location; none when Shopify told it.
    pub decision: Option<Decision>,
    pub claim: Claim,
    pub levels: Vec<Level>,
}

/// Which rule chose a location, among which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// The rule that did not tie.
    pub rule: String,
    pub candidates: Vec<Candidate>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    pub location_id: LocationId,
    /// By the deciding rule; lower wins, none abstains.
    pub rank: Option<u32>,
    pub available: i64,
}

/// A promise ends without shipping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockAllocationReleased {
    pub at: Timestamp,
    pub location_id: Option<LocationId>,
    pub quantity: u32,
    /// False: the units are gone with the promise.
    pub restocked: bool,
    pub claim: Claim,
    pub levels: Vec<Level>,
}

/// Shopify told the real location, or the first one became known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockAllocationMoved {
    pub at: Timestamp,
    pub from: Option<LocationId>,
    pub to: Option<LocationId>,
    pub quantity: u32,
    pub claim: Claim,
    pub levels: Vec<Level>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockShipped {
    pub at: Timestamp,
    pub location_id: Option<LocationId>,
    pub quantity: u32,
    pub claim: Claim,
    pub levels: Vec<Level>,
}

/// Goods came in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockReceived {
    pub at: Timestamp,
    pub location_id: Option<LocationId>,
    pub quantity: u32,
    pub claim: Claim,
    pub levels: Vec<Level>,
}

/// Late news changed what is known of a line, not what it holds: a time, or an earlier fate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockClaimCorrected {
    pub at: Timestamp,
    pub claim: Claim,
    pub levels: Vec<Level>,
}

/// A promise that no location can cover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockOversold {
    pub at: Timestamp,
    pub order_id: OrderId,
    pub line_id: LineId,
    pub location_id: Option<LocationId>,
    pub short: u32,
}

/// The item's available stock over all locations fell to zero or below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockRanOut {
    pub at: Timestamp,
}

/// The item's available stock over all locations rose above zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockCameBack {
    pub at: Timestamp,
}

/// The item's available stock over all locations fell to the threshold or below, and not to zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockRanLow {
    pub at: Timestamp,
    pub available: i64,
    pub threshold: i64,
}

/// Somebody counted, found or lost goods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockAdjusted {
    pub at: Timestamp,
    pub location_id: LocationId,
    /// What was asked for.
    pub change: StockChange,
    /// By how much `available` and `on_hand` rose with it.
    pub quantity: i64,
    pub reason: String,
    /// Who asks again under this key asks for the same.
    pub idempotency_key: String,
    pub levels: Vec<Level>,
}

/// A change of stock that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", content = "units", rename_all = "snake_case")]
pub enum StockChange {
    /// So many more, or fewer.
    By(i64),
    /// So many are to be available.
    AvailableTo(i64),
    /// So many were counted, the promised ones included.
    OnHandTo(i64),
}

/// New stock covers what a promise was short of; the oldest promise comes first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockBackorderFilled {
    pub at: Timestamp,
    pub order_id: OrderId,
    pub line_id: LineId,
    pub location_id: LocationId,
    pub quantity: u32,
    /// What the promise is still short of.
    pub short: u32,
}

/// The shop's settings for the item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StockGoverned {
    pub at: Timestamp,
    pub policy: StockPolicy,
    pub levels: Vec<Level>,
}

/// Who is right about an item's stock, and when little is left of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StockPolicy {
    pub authority: StockAuthority,
    /// At so many available units, or fewer, the item runs low; none: it never does.
    pub low_at: Option<i64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StockAuthority {
    /// What Shopify observes; later movements are added to it.
    #[default]
    Shopify,
    /// Our own ledger, which the first observation opens.
    Ledger,
}
