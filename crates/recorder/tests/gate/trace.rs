use events::{AggregateKey, AggregateKind};

use crate::house::{AT, House, LATER, Sent, acme, order, word};

fn key(id: u64) -> AggregateKey {
    AggregateKey::new(AggregateKind::Order, &"acme".parse().unwrap(), id)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_deliveries_of_an_order_are_found_and_no_others() {
    let mut house = House::open().await;
    house.deliver(acme("orders/create", "a", &order(1, AT, "pending"))).await;
    house.deliver(acme("orders/create", "b", &order(2, AT, "pending"))).await;
    house.deliver(acme("orders/updated", "c", "{")).await;
    house.deliver(acme("orders/create", "a", &order(1, AT, "pending"))).await;
    house.deliver(acme("orders/paid", "d", &order(1, LATER, "paid"))).await;
    house.deliver(acme("carts/update", "e", r#"{"id":"x"}"#)).await;
    let elsewhere =
        Sent { shop: Some("other"), topic: "orders/create", webhook_id: "f", body: &order(1, AT, "pending") };
    house.deliver(elsewhere).await;
    house.record().await;
    house.deliver(acme("orders/updated", "g", &order(1, LATER, "paid"))).await;

    let tracer = house.tracer().await;
    let traced = tracer.aggregate(&key(1)).await.unwrap();
    let said: Vec<_> = traced.iter().map(|it| (it.sequence, it.webhook_id.as_deref().unwrap(), word(it))).collect();
    let expected =
        [(1, "a", "recorded"), (4, "a", "dropped: repeated_delivery"), (5, "d", "recorded"), (8, "g", "pending")];
    assert_eq!(said, expected.map(|(sequence, id, word)| (sequence, id, word.to_owned())));
    assert!(traced.iter().all(|it| it.keys == [key(1)]));
    assert!(tracer.aggregate(&key(3)).await.unwrap().is_empty());

    // One by one it is the same.
    for one in &traced {
        assert_eq!(tracer.delivery(one.sequence).await.unwrap().as_ref(), Some(one));
    }
    assert_eq!(word(&tracer.delivery(3).await.unwrap().unwrap()), "quarantined: not_json");
    assert_eq!(word(&tracer.delivery(7).await.unwrap().unwrap()), "quarantined: other_shop");
    assert!(tracer.delivery(6).await.unwrap().unwrap().outcome != "pending");
    assert!(tracer.delivery(9).await.unwrap().is_none());
    let by_webhook = tracer.webhook("a", None).await.unwrap();
    assert_eq!(by_webhook.iter().map(|it| it.sequence).collect::<Vec<_>>(), [1, 4]);
    assert!(tracer.webhook("a", Some(&"other".parse().unwrap())).await.unwrap().is_empty());
}
