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
        let moved = Self::of_line(event.clone()).or_else(|| Self::of_place(event))?;
        Some(Self { position, ..moved })
    }

    fn blank(kind: &'static str, at: Timestamp, levels: Vec<Level>) -> Self {
        Self { position: 0, at, kind, location_id: None, quantity: None, order_id: None, why: None, levels }
    }

    /// What happened to an order's line.
    fn of_line(event: StockEvent) -> Option<Self> {
        let line = |kind, at, location_id, quantity: u32, order_id, levels| Self {
            location_id,
            quantity: Some(quantity.into()),
            order_id: Some(order_id),
            ..Self::blank(kind, at, levels)
        };
        Some(match event {
            StockEvent::Allocated(told) => Self {
                why: told.decision.map(|decision| decision.rule),
                ..line("allocated", told.at, told.location_id, told.quantity, told.claim.order_id, told.levels)
            },
            StockEvent::AllocationReleased(told) => {
                let kind = if told.restocked { "allocation_released" } else { "written_off" };
                line(kind, told.at, told.location_id, told.quantity, told.claim.order_id, told.levels)
            }
            StockEvent::AllocationMoved(told) => {
                line("allocation_moved", told.at, told.to, told.quantity, told.claim.order_id, told.levels)
            }
            StockEvent::Shipped(told) => {
                line("shipped", told.at, told.location_id, told.quantity, told.claim.order_id, told.levels)
            }
            StockEvent::Received(told) => {
                line("received", told.at, told.location_id, told.quantity, told.claim.order_id, told.levels)
            }
            StockEvent::Oversold(told) => {
                line("oversold", told.at, told.location_id, told.short, told.order_id, Vec::new())
            }
            StockEvent::BackorderFilled(told) => {
                line("backorder_filled", told.at, Some(told.location_id), told.quantity, told.order_id, Vec::new())
            }
            StockEvent::ClaimCorrected(told) => {
                Self { order_id: Some(told.claim.order_id), ..Self::blank("claim_corrected", told.at, told.levels) }
            }
            _ => return None,
        })
    }

    /// What happened to the goods of a location.
    fn of_place(event: StockEvent) -> Option<Self> {
        let place = |kind, at, location_id, quantity, levels| Self {
            location_id: Some(location_id),
            quantity,
            ..Self::blank(kind, at, levels)
        };
        Some(match event {
            StockEvent::Observed(told) => {
                place("observed", told.at, told.location_id, Some(told.observation.available), told.levels)
            }
            StockEvent::Adjusted(told) => Self {
                why: Some(told.reason),
                ..place("adjusted", told.at, told.location_id, Some(told.quantity), told.levels)
            },
            StockEvent::DriftDetected(told) => {
                let drift = told.observed.saturating_sub(told.expected);
                place("drift_detected", told.at, told.location_id, Some(drift), Vec::new())
            }
            StockEvent::Connected(told) => place("connected", told.at, told.location_id, None, told.levels),
            StockEvent::Disconnected(told) => place("disconnected", told.at, told.location_id, None, told.levels),
            StockEvent::Governed(told) => Self::blank("governed", told.at, told.levels),
            _ => return None,
        })
    }
}
