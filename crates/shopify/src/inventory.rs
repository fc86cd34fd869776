//! Inventory items, and their levels at locations.

use aggregates::{Command, StockCommand};
use events::{InventoryItemId, LocationId, Observation, Timestamp};
use serde::Deserialize;

use crate::wire::{Field, Id, Text, nonempty};
use crate::{Reading, Unreadable};

/// `inventory_levels/update`: an absolute state, never a difference. Null is a level that is not counted.
pub(crate) fn level_updated(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: LevelBody = delivery.decode()?;
    let at = body.updated_at.ok_or_else(|| Unreadable::missing("updated_at"))?;
    let command = match body.available {
        Field::Value(available) => body.observe(available, at, delivery),
        Field::Null => body.connect(at),
        Field::Missing => return Err(Unreadable::missing("available")),
    };
    Ok(vec![command])
}

/// `inventory_levels/connect`: what it says of stock is an observation like any other.
pub(crate) fn level_connected(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: LevelBody = delivery.decode()?;
    let at = body.updated_at.ok_or_else(|| Unreadable::missing("updated_at"))?;
    let mut commands = vec![body.connect(at)];
    if let Field::Value(available) = body.available {
        commands.push(body.observe(available, at, delivery));
    }
    Ok(commands)
}

/// `inventory_levels/disconnect` says no time. A level's body under this topic would be believed, so it is refused.
pub(crate) fn level_disconnected(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: LevelBody = delivery.decode()?;
    if body.updated_at.is_some() {
        return Err(Unreadable::Shape("a level, not its end".to_owned()));
    }
    let (Id(item), Id(location_id)) = (body.inventory_item_id, body.location_id);
    Ok(vec![Command::Stock(item, StockCommand::Disconnect { location_id, at: delivery.triggered_at() })])
}

/// `inventory_items/create` and `inventory_items/update`.
pub(crate) fn item_described(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let ItemBody { id: Id(id), updated_at, sku, tracked } = delivery.decode()?;
    let describe = StockCommand::Describe { as_of: delivery.as_of(updated_at), sku: nonempty(sku), tracked };
    Ok(vec![Command::Stock(id, describe)])
}

pub(crate) fn item_deleted(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let id: InventoryItemId = delivery.deleted_id("InventoryItem")?;
    Ok(vec![Command::Stock(id, StockCommand::Retire { at: delivery.triggered_at() })])
}

#[derive(Deserialize)]
struct LevelBody {
    inventory_item_id: Id<InventoryItemId>,
    location_id: Id<LocationId>,
    #[serde(default)]
    available: Field<i64>,
    updated_at: Option<Timestamp>,
}

impl LevelBody {
    fn connect(&self, at: Timestamp) -> Command {
        let (Id(item), Id(location_id)) = (self.inventory_item_id, self.location_id);
        Command::Stock(item, StockCommand::Connect { location_id, at })
    }

    fn observe(&self, available: i64, at: Timestamp, delivery: &Reading<'_>) -> Command {
        let (Id(item), Id(location_id)) = (self.inventory_item_id, self.location_id);
        let observation = Observation { at, triggered_at: delivery.triggered(), available };
        Command::Stock(item, StockCommand::Observe { location_id, observation })
    }
}

#[derive(Deserialize)]
struct ItemBody<'a> {
    id: Id<InventoryItemId>,
    updated_at: Timestamp,
    #[serde(borrow)]
    sku: Option<Text<'a>>,
    tracked: bool,
}
