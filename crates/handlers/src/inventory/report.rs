//! What an operator asks of an item's stock, read from the log itself.

use aggregates::{Simulation, Stock};
use events::{
    Address, AggregateKey, AggregateKind, Event, InventoryItemId, Level, LocationId, OrderId, Shop, StockEvent,
    Timestamp,
};
use serde::Serialize;
use streams::{EventStore, StoreError};

use super::InventorySettings;

/// One change of an item's stock.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Movement {
    pub position: u64,
    pub at: Timestamp,
    /// The event's type without its aggregate: `allocated`.
    pub kind: &'static str,
    pub location_id: Option<LocationId>,
    /// Units that were promised, shipped, released, moved, received or adjusted.
    pub quantity: Option<i64>,
    pub order_id: Option<OrderId>,
    /// The rule that chose the location, the reason of an adjustment.
    pub why: Option<String>,
    /// The levels that changed with it.
    pub levels: Vec<Level>,
}

/// An order that has not been placed.
#[derive(Debug, Clone, Default)]
pub struct Supposed {
    pub quantity: u32,
    pub source: Option<String>,
    pub destination: Option<Address>,
}

/// The item's level at every location; none when nothing was ever said of it.
pub async fn levels(store: &EventStore, shop: &Shop, item: InventoryItemId) -> Result<Option<Vec<Level>>, StoreError> {
    let loaded = store.load::<Stock>(&key(shop, item), 0).await?;
    Ok((loaded.version > 0).then(|| loaded.state.levels()))
}

/// Everything that moved, the oldest first.
pub async fn movements(store: &EventStore, shop: &Shop, item: InventoryItemId) -> Result<Vec<Movement>, StoreError> {
    let events = store.events(&key(shop, item)).await?;
    let movement = |recorded: events::Recorded<Event>| match recorded.event {
        Event::Stock(event) => Movement::of(recorded.position, event),
        _ => None,
    };
    Ok(events.into_iter().filter_map(movement).collect())
}

/// Which location an order would get, and why; none while the item is stocked nowhere.
pub async fn simulate(
    store: &EventStore,
    settings: &InventorySettings,
    shop: &Shop,
    item: InventoryItemId,
    order: &Supposed,
) -> Result<Option<Simulation>, StoreError> {
    let loaded = store.load::<Stock>(&key(shop, item), 0).await?;
    let routing = settings.routing_for(order.source.as_deref(), order.destination.as_ref());
    Ok(loaded.state.simulate(order.quantity, &routing))
}

fn key(shop: &Shop, item: InventoryItemId) -> AggregateKey {
    AggregateKey::new(AggregateKind::Stock, shop, item)
}

impl Movement {
    fn of(position: u64, event: StockEvent) -> Option<Self> {
        let blank = |kind, at, levels| Self {
            position,
            at,
            kind,
            location_id: None,
            quantity: None,
            order_id: None,
            why: None,
            levels,
        };
        let of_line = |kind, at, location_id, quantity: u32, claim: events::Claim, levels| Self {
            location_id,
            quantity: Some(quantity.into()),
            order_id: Some(claim.order_id),
            ..blank(kind, at, levels)
        };
        Some(match event {
            StockEvent::Observed(told) => Self {
                location_id: Some(told.location_id),
                quantity: Some(told.observation.available),
                ..blank("observed", told.at, told.levels)
            },
            StockEvent::Allocated(told) => Self {
                why: told.decision.map(|decision| decision.rule),
                ..of_line("allocated", told.at, told.location_id, told.quantity, told.claim, told.levels)
            },
            StockEvent::AllocationReleased(told) => {
                of_line("allocation_released", told.at, told.location_id, told.quantity, told.claim, told.levels)
            }
            StockEvent::AllocationMoved(told) => {
                of_line("allocation_moved", told.at, told.to, told.quantity, told.claim, told.levels)
            }
            StockEvent::Shipped(told) => {
                of_line("shipped", told.at, told.location_id, told.quantity, told.claim, told.levels)
            }
            StockEvent::Received(told) => {
                of_line("received", told.at, told.location_id, told.quantity, told.claim, told.levels)
            }
            StockEvent::ClaimCorrected(told) => {
                Self { order_id: Some(told.claim.order_id), ..blank("claim_corrected", told.at, told.levels) }
            }
            StockEvent::Adjusted(told) => Self {
                location_id: Some(told.location_id),
                quantity: Some(told.quantity),
                why: Some(told.reason),
                ..blank("adjusted", told.at, told.levels)
            },
            StockEvent::Oversold(told) => Self {
                location_id: told.location_id,
                quantity: Some(told.short.into()),
                order_id: Some(told.order_id),
                ..blank("oversold", told.at, Vec::new())
            },
            StockEvent::BackorderFilled(told) => Self {
                location_id: Some(told.location_id),
                quantity: Some(told.quantity.into()),
                order_id: Some(told.order_id),
                ..blank("backorder_filled", told.at, Vec::new())
            },
            StockEvent::DriftDetected(told) => Self {
                location_id: Some(told.location_id),
                quantity: Some(told.observed.saturating_sub(told.expected)),
                ..blank("drift_detected", told.at, Vec::new())
            },
            StockEvent::Governed(told) => blank("governed", told.at, told.levels),
            StockEvent::Connected(told) => {
                Self { location_id: Some(told.location_id), ..blank("connected", told.at, told.levels) }
            }
            StockEvent::Disconnected(told) => {
                Self { location_id: Some(told.location_id), ..blank("disconnected", told.at, told.levels) }
            }
            StockEvent::RanOut(_)
            | StockEvent::CameBack(_)
            | StockEvent::RanLow(_)
            | StockEvent::Described(_)
            | StockEvent::Retired(_) => return None,
        })
    }
}
