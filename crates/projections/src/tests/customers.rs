use events::*;
use serde_json::{Value, json, to_value};

use super::fixtures::*;
use super::world::World;
use crate::customers;

#[tokio::test]
async fn a_customer_is_shown_with_counts_over_their_orders() {
    let mut world = World::new().await;
    world.tell(5, [registered()]).await;
    order(&mut world, 1, placed(10, Some(5)), FinancialStatus::Paid).await;
    order(&mut world, 2, placed(20, Some(5)), FinancialStatus::PartiallyRefunded).await;
    let back = transaction(41, TransactionKind::Refund, TransactionStatus::Success, "12.50");
    world.tell(2, [OrderEvent::from(refunded(21, 21, back))]).await;
    // Counted, not spent.
    order(&mut world, 3, placed(30, Some(5)), FinancialStatus::Pending).await;
    // Neither.
    order(&mut world, 4, OrderPlaced { test: true, ..placed(40, Some(5)) }, FinancialStatus::Paid).await;
    order(&mut world, 5, placed(50, Some(5)), FinancialStatus::Paid).await;
    world.tell(5, [OrderEvent::from(OrderDeleted { at: minute(51) })]).await;
    order(&mut world, 6, placed(60, Some(6)), FinancialStatus::Paid).await;

    let customer = shown(&world, 5).await;
    assert_eq!((&customer["first_name"], &customer["created_at"]), (&json!("Jane"), &json!("2026-01-01T00:00:00Z")));
    assert_eq!(customer["orders_count"], 3);
    assert_eq!(customer["total_spent"], json!({"amount": "45.50", "currency": "EUR"}));
    assert_eq!(customer["first_order_at"], "2026-01-01T00:10:00Z");
    assert_eq!(customer["last_order_at"], "2026-01-01T00:30:00Z");
}

#[tokio::test]
async fn a_customer_known_by_orders_alone_is_found() {
    let mut world = World::new().await;
    order(&mut world, 1, placed(10, Some(5)), FinancialStatus::Paid).await;
    let customer = shown(&world, 5).await;
    assert_eq!(
        (&customer["id"], &customer["first_name"], &customer["orders_count"]),
        (&json!("5"), &Value::Null, &json!(1))
    );
    assert_eq!(customer["position"], 2);
    assert_eq!(shown(&world, 6).await, Value::Null);
}

#[tokio::test]
async fn a_customer_without_orders_has_spent_nothing_in_no_currency() {
    let mut world = World::new().await;
    world.tell(5, [registered()]).await;
    let customer = shown(&world, 5).await;
    assert_eq!((&customer["orders_count"], &customer["total_spent"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn a_deleted_customer_is_gone_from_sight() {
    let mut world = World::new().await;
    world.tell(5, [registered(), CustomerDeleted { at: minute(1) }.into()]).await;
    assert_eq!(shown(&world, 5).await, Value::Null);
}

fn registered() -> CustomerEvent {
    let profile = CustomerProfile { first_name: Some(Sealed::Clear("Jane".to_owned())), ..CustomerProfile::default() };
    CustomerRegistered { at: minute(0), as_of: as_of(0), profile }.into()
}

async fn order(world: &mut World, id: u64, placed: OrderPlaced, status: FinancialStatus) {
    world.tell(id, [OrderEvent::from(placed), paid(90, status).into()]).await;
}

async fn shown(world: &World, id: u64) -> Value {
    to_value(customers::get(&world.db, &acme(), CustomerId::new(id).unwrap()).await.unwrap()).unwrap()
}
