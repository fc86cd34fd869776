use events::*;
use serde_json::{Value, json, to_value};

use super::fixtures::*;
use super::world::World;
use crate::stock;

#[tokio::test]
async fn stock_is_shown_by_location_with_what_is_promised_of_it() {
    let mut world = World::new().await;
    let variant = Variant {
        id: VariantId::new(71).unwrap(),
        inventory_item_id: InventoryItemId::new(971),
        sku: Some("CUP".to_owned()),
        title: "Cup".to_owned(),
        price: "1".parse().unwrap(),
        compare_at_price: None,
    };
    world.tell(7, [ProductEvent::from(VariantAdded { at: minute(0), as_of: as_of(0), variant })]).await;
    let parts = vec![wanted(Some(3), 2), wanted(None, 1), wanted(Some(3), 1), shipped(3, 4)];
    world.tell(971, [described("OTHER"), allocated(2, parts, vec![level(3, 7, 3), level(4, 0, 0)])]).await;
    let expected = json!({
        "inventory_item_id": "971", "variant_id": "71", "sku": "CUP",
        "locations": [
            {"location_id": "3", "on_hand": 10, "allocated": 3, "available": 7, "observed_available": 7,
                "observed_at": "2026-01-01T00:00:00Z", "drift": -1},
            {"location_id": "4", "on_hand": 0, "allocated": 0, "available": 0, "observed_available": 0,
                "observed_at": "2026-01-01T00:00:00Z", "drift": -1},
        ],
        "allocations": [
            {"order_id": "1", "line_id": "2", "location_id": null, "quantity": 1},
            {"order_id": "1", "line_id": "2", "location_id": "3", "quantity": 3},
        ],
        "position": 3,
    });
    assert_eq!(shown(&world).await, expected);
}

#[tokio::test]
async fn a_claim_replaces_what_its_line_was_promised_and_no_other_line() {
    let mut world = World::new().await;
    let first = allocated(2, vec![wanted(Some(3), 2)], Vec::new());
    let second = allocated(9, vec![wanted(Some(3), 5)], Vec::new());
    world.tell(971, [first, second, allocated(2, vec![shipped(3, 2)], Vec::new())]).await;
    let left = json!([{"order_id": "1", "line_id": "9", "location_id": "3", "quantity": 5}]);
    assert_eq!(shown(&world).await["allocations"], left);
}

#[tokio::test]
async fn a_disconnected_location_shows_while_something_is_allocated_there() {
    let mut world = World::new().await;
    let gone = |allocated| Level { connected: false, ..level(3, 0, allocated) };
    let disconnected = |level: Level| {
        let (at, location_id) = (minute(1), level.location_id);
        StockEvent::from(StockDisconnected { at, location_id, levels: vec![level] })
    };
    world.tell(971, [disconnected(gone(1))]).await;
    assert_eq!(shown(&world).await["locations"][0]["allocated"], 1);
    world.tell(971, [disconnected(gone(0))]).await;
    assert_eq!(shown(&world).await["locations"], json!([]));
}

#[tokio::test]
async fn a_deleted_item_shows_while_something_is_promised_of_it() {
    let mut world = World::new().await;
    let retired = StockEvent::from(StockRetired { at: minute(1) });
    world.tell(971, [allocated(2, vec![wanted(None, 1)], Vec::new()), retired]).await;
    assert_eq!(shown(&world).await["allocations"][0]["quantity"], 1);
    world.tell(971, [allocated(2, vec![shipped(3, 1)], Vec::new())]).await;
    assert_eq!(shown(&world).await, Value::Null);
}

fn described(sku: &str) -> StockEvent {
    StockDescribed { at: minute(0), as_of: as_of(0), sku: Some(sku.to_owned()), tracked: true }.into()
}

fn allocated(line: u64, parts: Vec<ClaimPart>, levels: Vec<Level>) -> StockEvent {
    let (order_id, line_id) = (OrderId::new(1).unwrap(), LineId::new(line).unwrap());
    let claim = Claim { order_id, line_id, parts, returns: Vec::new() };
    StockAllocated { at: minute(0), location_id: None, quantity: 1, decision: None, claim, levels }.into()
}

fn wanted(location: Option<u64>, quantity: u32) -> ClaimPart {
    let location_id = location.and_then(LocationId::new);
    ClaimPart { location_id, guessed: true, taken_at: minute(0), fate: Fate::Wanted, quantity }
}

fn shipped(location: u64, quantity: u32) -> ClaimPart {
    ClaimPart { fate: Fate::Shipped, ..wanted(Some(location), quantity) }
}

fn level(location: u64, available: i64, allocated: i64) -> Level {
    Level {
        location_id: LocationId::new(location).unwrap(),
        connected: true,
        available,
        allocated,
        on_hand: available + allocated,
        observation: Some(Observation { at: minute(0), triggered_at: None, available }),
        drift: -1,
    }
}

async fn shown(world: &World) -> Value {
    to_value(stock::get(&world.db, &acme(), InventoryItemId::new(971).unwrap()).await.unwrap()).unwrap()
}
