//! `stock`: one row per inventory item over its locations, as `GET /v1/{shop}/stock/{id}` shows it.

use db::{Column, Database, Value};
use events::{
    AggregateKind, Claim, Event, Fate, InventoryItemId, Level, LineId, LocationId, OrderId, Recorded, Shop,
    StockAdjusted, StockAllocated, StockAllocationMoved, StockAllocationReleased, StockClaimCorrected, StockConnected,
    StockDisconnected, StockEvent, StockGoverned, StockObserved, StockReceived, StockShipped, Timestamp, Variant,
    VariantId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::put;
use super::variants::told;
use crate::past::folded;
use crate::read::one;
use crate::{Found, Projection, ReadError, Seen, read};

/// What its readers wait for.
pub const READS: &[&str] = &[Stock::NAME];

pub struct Stock;

/// An inventory item as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StockRow {
    /// The variant that stocks it, or did.
    variant: Option<VariantName>,
    /// By the item's own record.
    sku: Option<String>,
    /// Sorted by location.
    levels: Vec<Level>,
    /// Sorted.
    allocations: Vec<Allocation>,
    retired: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct VariantName {
    id: VariantId,
    sku: Option<String>,
    removed: bool,
}

/// Units promised to an order line and not yet shipped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Allocation {
    pub order_id: OrderId,
    pub line_id: LineId,
    /// None while no location of the item is known.
    pub location_id: Option<LocationId>,
    pub quantity: u32,
}

/// An inventory item's stock as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StockView {
    pub inventory_item_id: InventoryItemId,
    /// None while no product has shown it.
    pub variant_id: Option<VariantId>,
    pub sku: Option<String>,
    pub locations: Vec<LocationView>,
    pub allocations: Vec<Allocation>,
}

/// `on_hand = available + allocated`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LocationView {
    pub location_id: LocationId,
    pub on_hand: i64,
    pub allocated: i64,
    pub available: i64,
    /// As Shopify last said; none when it never did.
    pub observed_available: Option<i64>,
    pub observed_at: Option<Timestamp>,
    /// The last observation less what the one before it and the movements between them predict.
    pub drift: i64,
}

impl Projection for Stock {
    const NAME: &'static str = "stock";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[];
    const INDEXES: &'static [&'static [&'static str]] = &[];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Product, AggregateKind::Stock];

    type Row = StockRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Stock(
                StockEvent::DriftDetected(_)
                | StockEvent::Oversold(_)
                | StockEvent::RanOut(_)
                | StockEvent::CameBack(_)
                | StockEvent::RanLow(_)
                | StockEvent::BackorderFilled(_),
            ) => Vec::new(),
            Event::Stock(_) => vec![event.envelope.key.id.clone()],
            _ => told(event)
                .and_then(|(variant, _)| variant.inventory_item_id)
                .map(|id| id.to_string())
                .into_iter()
                .collect(),
        }
    }

    fn project(_: &str, row: Option<StockRow>, event: &Recorded<Event>) -> Option<StockRow> {
        let mut row = row.unwrap_or_default();
        if let Event::Stock(event) = &event.event {
            row.apply(event);
        }
        if let Some((variant, removed)) = told(event) {
            row.set_variant(variant, removed);
        }
        Some(row)
    }

    fn columns(_: &StockRow) -> Vec<Value> {
        Vec::new()
    }
}

/// None for an item that nothing was said of, and for a deleted one once nothing is promised of it.
pub async fn get(db: &Database, shop: &Shop, id: InventoryItemId) -> Result<Option<Found<StockView>>, ReadError> {
    Ok(see(db, shop, id).await?.found)
}

/// The same, and how far the read model has come.
pub async fn see(db: &Database, shop: &Shop, id: InventoryItemId) -> Result<Seen<StockView>, ReadError> {
    Ok(read::see::<Stock>(db, shop, id).await?.show(|row| row.view(id)))
}

/// The stock as it was after `events`, its own from the first on. The variant is the one that stocks it
/// today: that is told by products.
pub async fn after(
    db: &Database,
    shop: &Shop,
    id: InventoryItemId,
    events: &[Recorded<Event>],
) -> Result<Option<Found<StockView>>, ReadError> {
    let variant = one::<Stock>(db, shop, id).await?.and_then(|today| today.view.variant);
    let start = Some(StockRow { variant, ..StockRow::default() });
    Ok(folded::<Stock>(&id.to_string(), start, events).and_then(|found| found.show(|row| row.view(id))))
}

impl StockRow {
    fn apply(&mut self, event: &StockEvent) {
        match event {
            StockEvent::Described(event) => self.sku.clone_from(&event.sku),
            StockEvent::Retired(_) => self.retired = true,
            StockEvent::Connected(StockConnected { levels, .. })
            | StockEvent::Disconnected(StockDisconnected { levels, .. })
            | StockEvent::Observed(StockObserved { levels, .. })
            | StockEvent::Adjusted(StockAdjusted { levels, .. })
            | StockEvent::Governed(StockGoverned { levels, .. }) => self.set_levels(levels),
            StockEvent::Allocated(StockAllocated { claim, levels, .. })
            | StockEvent::AllocationReleased(StockAllocationReleased { claim, levels, .. })
            | StockEvent::AllocationMoved(StockAllocationMoved { claim, levels, .. })
            | StockEvent::Shipped(StockShipped { claim, levels, .. })
            | StockEvent::Received(StockReceived { claim, levels, .. })
            | StockEvent::ClaimCorrected(StockClaimCorrected { claim, levels, .. }) => {
                self.set_claim(claim);
                self.set_levels(levels);
            }
            // They only say what the levels already show.
            StockEvent::DriftDetected(_)
            | StockEvent::Oversold(_)
            | StockEvent::RanOut(_)
            | StockEvent::CameBack(_)
            | StockEvent::RanLow(_)
            | StockEvent::BackorderFilled(_) => {}
        }
    }

    /// A variant that its product still has goes before one that is removed.
    fn set_variant(&mut self, variant: &Variant, removed: bool) {
        let other = |held: &VariantName| held.id != variant.id && !held.removed;
        if !(removed && self.variant.as_ref().is_some_and(other)) {
            self.variant = Some(VariantName { id: variant.id, sku: variant.sku.clone(), removed });
        }
    }

    fn set_levels(&mut self, levels: &[Level]) {
        for level in levels {
            put(&mut self.levels, level.clone(), |level| level.location_id);
        }
    }

    /// Replaces what the claim's line is promised.
    fn set_claim(&mut self, claim: &Claim) {
        let Claim { order_id, line_id, .. } = *claim;
        self.allocations.retain(|held| (held.order_id, held.line_id) != (order_id, line_id));
        for part in claim.parts.iter().filter(|part| part.fate == Fate::Wanted && part.quantity > 0) {
            let place = |held: &Allocation| (held.order_id, held.line_id, held.location_id);
            let mut allocation =
                Allocation { order_id, line_id, location_id: part.location_id, quantity: part.quantity };
            let before = self.allocations.iter().find(|held| place(held) == place(&allocation));
            allocation.quantity = allocation.quantity.saturating_add(before.map_or(0, |held| held.quantity));
            put(&mut self.allocations, allocation, place);
        }
    }

    fn view(self, id: InventoryItemId) -> Option<StockView> {
        if self.retired && self.allocations.is_empty() {
            return None;
        }
        let shown = |level: &Level| level.connected || level.allocated != 0;
        let variant_sku = self.variant.as_ref().and_then(|variant| variant.sku.clone());
        Some(StockView {
            inventory_item_id: id,
            variant_id: self.variant.map(|variant| variant.id),
            // The two are one field in Shopify; the variant's wins, whichever came last.
            sku: variant_sku.or(self.sku),
            locations: self.levels.into_iter().filter(shown).map(LocationView::from).collect(),
            allocations: self.allocations,
        })
    }
}

impl From<Level> for LocationView {
    fn from(level: Level) -> Self {
        let observation = level.observation;
        Self {
            location_id: level.location_id,
            on_hand: level.on_hand,
            allocated: level.allocated,
            available: level.available,
            observed_available: observation.as_ref().map(|observation| observation.available),
            observed_at: observation.map(|observation| observation.at),
            drift: level.drift,
        }
    }
}
