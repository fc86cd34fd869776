use events::AggregateKind::{Order, Product, Shop, Stock};

use crate::house::{AT, House, LATER, LONG, Sent, acme, order};

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_adds_nothing_says_why() {
    let mut house = House::open().await;
    let first = house.deliver(acme("orders/updated", "a", &order(1, LATER, "paid"))).await;
    house.record().await;
    let head = house.status().await.events.last;
    let again = house.deliver(acme("orders/updated", "a", &order(1, LATER, "paid"))).await;
    let subscribed_twice = house.deliver(acme("orders/updated", "b", &order(1, LATER, "paid"))).await;
    let other_topic = house.deliver(acme("orders/paid", "c", &order(1, LATER, "paid"))).await;
    let older = house.deliver(acme("orders/create", "d", &order(1, AT, "pending"))).await;
    let known = house.deliver(acme("orders/delete", "e", r#"{"id":1}"#)).await;
    house.record().await;
    // The same in other words: what it says is known.
    let known_again = house.deliver(acme("orders/delete", "f", r#"{ "id": 1 }"#)).await;
    assert_eq!(house.record().await.events.last, head + 1, "only the deletion was news");

    for (sequence, outcome) in [
        (first, "recorded"),
        (again, "dropped: repeated_delivery"),
        (subscribed_twice, "dropped: already_recorded"),
        (other_topic, "dropped: already_recorded"),
        (older, "dropped: stale"),
        (known, "recorded"),
        (known_again, "dropped: unchanged"),
    ] {
        assert_eq!(house.outcome(sequence).await, outcome, "delivery {sequence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_body_is_believed_neither_for_another_shop_nor_for_another_resource() {
    let mut house = House::open().await;
    let body = order(1, AT, "paid");
    house.deliver(acme("orders/create", "a", &body)).await;
    let elsewhere =
        house.deliver(Sent { shop: Some("other"), topic: "orders/create", webhook_id: "b", body: &body }).await;
    house.deliver(acme("products/delete", "c", r#"{"id":7}"#)).await;
    let reread = house.deliver(acme("orders/delete", "d", r#"{"id":7}"#)).await;
    // One resource's topics share bodies, and a shop's body that was none of ours took nobody's place.
    house.deliver(acme("inventory_levels/connect", "e", LEVEL)).await;
    house.deliver(acme("inventory_levels/update", "f", LEVEL)).await;
    house.deliver(Sent { shop: None, topic: "orders/create", webhook_id: "g", body: &order(2, AT, "paid") }).await;
    house.deliver(acme("orders/create", "h", &order(2, AT, "paid"))).await;
    let status = house.record().await;

    assert_eq!(house.outcome(elsewhere).await, "quarantined: other_shop");
    assert_eq!(house.outcome(reread).await, "quarantined: other_topic");
    let counts = house.quarantine.counts().await.unwrap();
    let expected = [("other_shop", 1), ("other_topic", 1), ("unknown_shop", 1)];
    assert_eq!(counts, expected.map(|(reason, count)| (reason.to_owned(), count)).into());
    assert_eq!(status.quarantine.messages, 3);
    assert!(house.events(Order, 7).await.is_empty());
    assert_eq!(house.events(Product, 7).await.len(), 1);
    assert_eq!(house.events(Order, 2).await.len(), 2, "placed and paid");
    let stock: Vec<_> = house.events(Stock, 5).await.into_iter().map(|event| event.wire_type).collect();
    assert!(stock.contains(&"stock.connected".to_owned()) && stock.contains(&"stock.observed".to_owned()), "{stock:?}");
    assert!(house.events(Shop, 1).await.is_empty());
}

const LEVEL: &str = r#"{"inventory_item_id":5,"location_id":6,"available":7,"updated_at":"2026-03-29T18:00:26Z"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_journal_is_made_again_before_anything_is_decided() {
    let mut house = House::open().await;
    let body = order(1, AT, "paid");
    house.deliver(acme("orders/create", "a", &body)).await;
    house.record().await;
    house.lose_journal("second.db").await;
    let elsewhere =
        house.deliver(Sent { shop: Some("other"), topic: "orders/create", webhook_id: "b", body: &body }).await;
    let again = house.deliver(acme("orders/create", "a", &body)).await;
    house.record().await;
    assert_eq!(house.outcome(elsewhere).await, "quarantined: other_shop");
    assert_eq!(house.outcome(again).await, "dropped: repeated_delivery");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_journal_the_recorder_waits_and_loses_nothing() {
    let mut house = House::open().await;
    house.stop_journal().await;
    house.deliver(acme("orders/create", "a", &order(1, AT, "paid"))).await;
    let status = house.try_to_record().await;
    assert_eq!((status.events.messages, status.dead_letters.messages), (0, 0));
    house.lose_journal("second.db").await;
    let deadline = tokio::time::Instant::now() + LONG;
    while house.try_to_record().await.events.messages == 0 {
        assert!(tokio::time::Instant::now() < deadline, "not recorded");
    }
    assert_eq!(house.events(Order, 1).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_id_shared_by_two_topics_collapses_nothing() {
    let mut house = House::open().await;
    house.deliver(acme("orders/create", "a", &order(1, AT, "pending"))).await;
    house.deliver(acme("orders/paid", "b", &order(1, LATER, "paid"))).await;
    house.record().await;
    let types: Vec<_> = house.events(Order, 1).await.into_iter().map(|event| event.wire_type).collect();
    assert_eq!(types, ["order.placed", "order.paid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_survives_a_broker_that_goes_and_comes_back() {
    let mut house = House::open().await;
    let body = order(1, AT, "paid");
    house.deliver(acme("orders/create", "a", &body)).await;
    house.record().await;
    house.fixture.servers[0].restart().await;
    let deadline = tokio::time::Instant::now() + LONG;
    while !house.fixture.broker.is_connected() {
        assert!(tokio::time::Instant::now() < deadline, "not connected");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    house.deliver(Sent { shop: Some("other"), topic: "orders/create", webhook_id: "b", body: &body }).await;
    while !house.quarantine.counts().await.is_ok_and(|counts| counts.contains_key("other_shop")) {
        assert!(tokio::time::Instant::now() < deadline, "not recognised");
        house.try_to_record().await;
    }
    assert_eq!(house.status().await.quarantine.messages, 1);
}
