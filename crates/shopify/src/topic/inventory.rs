//! Items, levels and places of stock.

use events::Location;

use super::Part::Gid;
use super::{DELTA, HAPPENED_AT, ID, ITEM_ID, TRIGGERED_AT, Topic, UPDATED_AT, deleted, kept, observed, typed};
use crate::inventory;

pub(super) static TOPICS: &[Topic] = &[
    typed("inventory_items/create", "stock", ID, UPDATED_AT, inventory::item_described),
    typed("inventory_items/update", "stock", ID, UPDATED_AT, inventory::item_described),
    typed("inventory_items/delete", "stock", ID, TRIGGERED_AT, inventory::item_deleted),
    typed("inventory_levels/connect", "stock", ITEM_ID, UPDATED_AT, inventory::level_connected),
    typed("inventory_levels/update", "stock", ITEM_ID, UPDATED_AT, inventory::level_updated),
    typed("inventory_levels/disconnect", "stock", ITEM_ID, TRIGGERED_AT, inventory::level_disconnected),
    kept(
        "inventory_shipments/add_items",
        "inventory_shipment",
        &[Gid("id", &["InventoryShipment"])],
        HAPPENED_AT,
        DELTA,
    ),
    kept("inventory_shipments/create", "inventory_shipment", &[Gid("id", &["InventoryShipment"])], HAPPENED_AT, DELTA),
    kept("inventory_shipments/delete", "inventory_shipment", &[Gid("id", &["InventoryShipment"])], HAPPENED_AT, DELTA),
    kept(
        "inventory_shipments/mark_in_transit",
        "inventory_shipment",
        &[Gid("id", &["InventoryShipment"])],
        HAPPENED_AT,
        DELTA,
    ),
    kept(
        "inventory_shipments/receive_items",
        "inventory_shipment",
        &[Gid("id", &["InventoryShipment"])],
        HAPPENED_AT,
        DELTA,
    ),
    kept(
        "inventory_shipments/remove_items",
        "inventory_shipment",
        &[Gid("id", &["InventoryShipment"])],
        HAPPENED_AT,
        DELTA,
    ),
    kept(
        "inventory_shipments/update_item_quantities",
        "inventory_shipment",
        &[Gid("id", &["InventoryShipment"])],
        HAPPENED_AT,
        DELTA,
    ),
    kept(
        "inventory_shipments/update_tracking",
        "inventory_shipment",
        &[Gid("shipment_id", &["InventoryShipment"])],
        HAPPENED_AT,
        DELTA,
    ),
    kept(
        "inventory_transfers/add_items",
        "inventory_transfer",
        &[Gid("id", &["InventoryTransfer"])],
        HAPPENED_AT,
        DELTA,
    ),
    kept("inventory_transfers/cancel", "inventory_transfer", &[Gid("id", &["InventoryTransfer"])], HAPPENED_AT, DELTA),
    kept(
        "inventory_transfers/complete",
        "inventory_transfer",
        &[Gid("id", &["InventoryTransfer"])],
        HAPPENED_AT,
        DELTA,
    ),
    kept(
        "inventory_transfers/ready_to_ship",
        "inventory_transfer",
        &[Gid("id", &["InventoryTransfer"])],
        HAPPENED_AT,
        DELTA,
    ),
    kept(
        "inventory_transfers/remove_items",
        "inventory_transfer",
        &[Gid("id", &["InventoryTransfer"])],
        HAPPENED_AT,
        DELTA,
    ),
    kept(
        "inventory_transfers/update_item_quantities",
        "inventory_transfer",
        &[Gid("id", &["InventoryTransfer"])],
        HAPPENED_AT,
        DELTA,
    ),
    kept("inventory_transfers/updated", "inventory_transfer", &[Gid("id", &["InventoryTransfer"])], HAPPENED_AT, DELTA),
    observed::<Location>("locations/create", ID, UPDATED_AT),
    observed::<Location>("locations/update", ID, UPDATED_AT),
    observed::<Location>("locations/activate", ID, UPDATED_AT),
    observed::<Location>("locations/deactivate", ID, UPDATED_AT),
    deleted::<Location>("locations/delete", ID, TRIGGERED_AT),
];
