use std::time::Duration;

use events::*;
use serde_json::{Value, json, to_value};

use super::fixtures::*;
use super::world::World;
use crate::orders::OrderFilter;
use crate::{WaitError, order_lines, orders, wait_for};

use TransactionKind::Refund as Back;
use TransactionStatus::{Pending, Success};

#[tokio::test]
async fn an_order_is_shown_as_the_interface_says() {
    let mut world = World::new().await;
    let history: Vec<OrderEvent> = vec![
        placed(0, Some(5)).into(),
        paid(1, FinancialStatus::Paid).into(),
        OrderFulfilled { at: minute(2), fulfillment: fulfillment(31, FulfillmentState::Success, 11, 2) }.into(),
        OrderFulfillmentStatusChanged { at: minute(2), as_of: as_of(2), status: FulfillmentStatus::Partial }.into(),
        refunded(3, 21, transaction(41, Back, Success, "12.50")).into(),
    ];
    world.tell(1, history).await;
    let euro = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    let line = |id: &str, variant: &str, quantity: u32, current: u32, fulfilled: u32, price: &str, discount: &str| {
        json!({"id": id, "product_id": "7", "variant_id": variant, "sku": format!("CUP-{variant}"), "title": "Cup",
            "quantity": quantity, "current_quantity": current, "fulfilled_quantity": fulfilled,
            "price": euro(price), "discount": euro(discount)})
    };
    let expected = json!({
        "id": "1", "name": "#1001", "placed_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:02:00Z",
        "cancelled_at": null, "cancel_reason": null, "closed_at": null, "test": false, "currency": "EUR",
        "financial_status": "paid", "fulfillment_status": "partial", "customer_id": "5",
        "total": euro("29.00"), "current_total": euro("29.00"), "subtotal": euro("29.00"), "total_tax": euro("4.63"),
        "total_discounts": euro("1.00"), "total_shipping": euro("0.00"), "refunded": euro("12.50"), "tags": ["vip"],
        "lines": [line("11", "71", 2, 1, 2, "12.50", "0.00"), line("12", "72", 1, 1, 0, "5.00", "1.00")],
        "refunds": [{"id": "21", "created_at": "2026-01-01T00:03:00Z", "amount": euro("12.50"),
            "lines": [{"line_id": "11", "quantity": 1, "restock_type": "return", "location_id": "3"}]}],
        "fulfillments": [{"id": "31", "status": "success", "tracking_number": "JD01", "tracking_company": "DHL",
            "location_id": "3", "lines": [{"line_id": "11", "quantity": 2}]}],
        "position": 5,
    });
    assert_eq!(shown(&world, 1).await, expected);
}

#[tokio::test]
async fn what_comes_before_the_order_shows_once_it_is_placed() {
    let mut world = World::new().await;
    let early: [OrderEvent; 2] = [
        refunded(3, 21, transaction(41, Back, Success, "12.50")).into(),
        OrderFulfilled { at: minute(2), fulfillment: fulfillment(31, FulfillmentState::Success, 11, 2) }.into(),
    ];
    world.tell(1, early).await;
    assert_eq!(shown(&world, 1).await, Value::Null);
    assert_eq!(listed(&world, OrderFilter::default()).await, [""; 0]);
    world.tell(1, [placed(0, None)].map(OrderEvent::from)).await;
    let order = shown(&world, 1).await;
    assert_eq!(order["refunded"]["amount"], "12.50");
    assert_eq!(order["lines"][0]["fulfilled_quantity"], 2);
    assert_eq!(order["fulfillment_status"], Value::Null);
}

#[tokio::test]
async fn money_is_given_back_once_whoever_tells_it_and_only_when_it_succeeded() {
    let mut world = World::new().await;
    let history: Vec<OrderEvent> = vec![
        placed(0, None).into(),
        refunded(1, 21, transaction(41, Back, Pending, "10")).into(),
        refunded(2, 22, transaction(42, Back, Success, "2")).into(),
        OrderTransactionRecorded { at: minute(2), transaction: transaction(42, Back, Success, "2") }.into(),
        OrderTransactionRecorded { at: minute(2), transaction: transaction(43, TransactionKind::Sale, Success, "29") }
            .into(),
    ];
    world.tell(1, history).await;
    let order = shown(&world, 1).await;
    assert_eq!(
        (&order["refunded"]["amount"], &order["refunds"][0]["amount"]["amount"]),
        (&json!("2.00"), &json!("0.00"))
    );

    let settled = OrderTransactionRecorded { at: minute(3), transaction: transaction(41, Back, Success, "10") };
    world.tell(1, [OrderEvent::from(settled)]).await;
    let order = shown(&world, 1).await;
    assert_eq!(
        (&order["refunded"]["amount"], &order["refunds"][0]["amount"]["amount"]),
        (&json!("12.00"), &json!("10.00"))
    );
}

#[tokio::test]
async fn a_cancelled_fulfilment_is_shown_and_not_counted() {
    let mut world = World::new().await;
    let history: [OrderEvent; 3] = [
        placed(0, None).into(),
        OrderFulfilled { at: minute(1), fulfillment: fulfillment(31, FulfillmentState::Success, 11, 2) }.into(),
        OrderFulfillmentCancelled { at: minute(2), fulfillment: fulfillment(31, FulfillmentState::Cancelled, 11, 2) }
            .into(),
    ];
    world.tell(1, history).await;
    let order = shown(&world, 1).await;
    assert_eq!(order["lines"][0]["fulfilled_quantity"], 0);
    assert_eq!(order["fulfillments"][0]["status"], "cancelled");
}

#[tokio::test]
async fn a_deleted_order_is_gone_from_sight() {
    let mut world = World::new().await;
    world.tell(1, [placed(0, None).into(), OrderEvent::from(OrderDeleted { at: minute(1) })]).await;
    assert_eq!(shown(&world, 1).await, Value::Null);
    assert_eq!(listed(&world, OrderFilter::default()).await, [""; 0]);
}

#[tokio::test]
async fn orders_are_listed_newest_first_by_any_filter() {
    let mut world = World::new().await;
    for order in 1..=7_i64 {
        let customer = Some(u64::from(order % 2 == 0) + 1);
        world.tell(order.cast_unsigned(), [OrderEvent::from(placed(order, customer))]).await;
    }
    world.tell(3, [OrderEvent::from(paid(9, FinancialStatus::Paid))]).await;
    let all = OrderFilter::default;
    assert_eq!(listed(&world, all()).await, ["7", "6", "5", "4", "3", "2", "1"]);
    let of_two = OrderFilter { customer_id: CustomerId::new(2), ..all() };
    assert_eq!(listed(&world, of_two).await, ["6", "4", "2"]);
    let unpaid = OrderFilter { financial_status: Some(FinancialStatus::Paid), ..all() };
    assert_eq!(listed(&world, unpaid).await, ["3"]);
    let waiting = OrderFilter { fulfillment_status: Some(FulfillmentStatus::Unfulfilled), ..all() };
    assert_eq!(listed(&world, waiting).await.len(), 7);
    let between = OrderFilter { placed_from: Some(minute(2)), placed_to: Some(minute(4)), ..all() };
    assert_eq!(listed(&world, between).await, ["3", "2"]);
}

#[tokio::test]
async fn lines_are_found_by_their_variant_while_the_order_has_them() {
    let mut world = World::new().await;
    world.tell(1, [OrderEvent::from(placed(0, None))]).await;
    world.tell(2, [OrderEvent::from(placed(1, None))]).await;
    assert_eq!(orders_of(&world, 71).await, [(1, 2), (2, 2)]);

    let (line_71, lines) = (LineId::new(11).unwrap(), vec![line(13, 72, 4, "5", "0")]);
    let removed = vec![line_71];
    let edited =
        OrderEdited { at: minute(2), as_of: None, edit: None, lines, removed, totals: None, lacking: Vec::new() };
    world.tell(1, [OrderEvent::from(edited)]).await;
    world.tell(2, [OrderEvent::from(refunded(3, 21, transaction(41, Back, Success, "12.50")))]).await;
    assert_eq!(orders_of(&world, 71).await, [(2, 1)]);
    assert_eq!(orders_of(&world, 72).await, [(1, 1), (1, 4), (2, 1)]);
    assert_eq!(orders_of(&world, 99).await, []);
}

#[tokio::test]
async fn waiting_ends_when_the_rows_are_there_or_the_time_is_over() {
    let mut world = World::new().await;
    world.tell(1, [OrderEvent::from(placed(0, None))]).await;
    assert_eq!(wait_for(&world.db, orders::READS, 1, Duration::ZERO).await.unwrap(), 1);
    let early = wait_for(&world.db, orders::READS, 2, Duration::from_millis(20)).await;
    assert!(matches!(early, Err(WaitError::TimedOut { reached: 1, wanted: 2 })), "{early:?}");

    let db = world.db.clone();
    let waiting = tokio::spawn(async move { wait_for(&db, orders::READS, 2, Duration::from_secs(20)).await });
    world.tell(2, [OrderEvent::from(placed(1, None))]).await;
    assert_eq!(waiting.await.unwrap().unwrap(), 2);
}

async fn shown(world: &World, id: u64) -> Value {
    to_value(orders::get(&world.db, &acme(), OrderId::new(id).unwrap()).await.unwrap()).unwrap()
}

/// The ids of all pages.
async fn listed(world: &World, filter: OrderFilter) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let listed = orders::list(&world.db, &acme(), &filter, page(2, after)).await.unwrap();
        ids.extend(listed.data.into_iter().map(|order| order.view.head.id));
        after = listed.next_cursor;
        if after.is_none() {
            return ids;
        }
    }
}

async fn orders_of(world: &World, variant: u64) -> Vec<(u64, u32)> {
    let lines = order_lines::of_variant(&world.db, &acme(), VariantId::new(variant).unwrap()).await.unwrap();
    lines.iter().map(|found| (found.view.order_id.get(), found.view.current_quantity)).collect()
}
