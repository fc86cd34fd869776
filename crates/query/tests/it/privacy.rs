//! What is said of people is sealed in the rows and opened in the answers, as long as their key is there.

use events::{AggregateKey, AggregateKind, Shop};
use http::StatusCode;
use serde_json::Value;

use crate::world::{World, customer, order};

fn key(kind: AggregateKind, id: u64) -> AggregateKey {
    let shop: Shop = "acme".parse().unwrap();
    AggregateKey::new(kind, &shop, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_opened_until_the_customer_is_forgotten() {
    let mut world = World::start().await;
    world.say("customers/create", customer()).await;
    world.say("orders/create", order(1001, 1)).await;
    world.fold().await;
    let rows = std::fs::read(world.rows()).unwrap();
    let log = world.rows().with_extension("db-wal");
    let stored = [rows, std::fs::read(log).unwrap_or_default()].concat();
    let stored = String::from_utf8_lossy(&stored).into_owned();
    assert!(!stored.contains("ann@example.com") && stored.contains("sealed:1:customer/7:email:"));

    let shown = world.get("/v1/acme/customers/7").await.json();
    assert_eq!((&shown["first_name"], &shown["email"]), (&"Ann".into(), &"ann@example.com".into()));
    let told = world.get("/v1/acme/orders/1001/events").await.json();
    assert_eq!(told["data"][0]["data"]["contact"]["email"], "ann@example.com");

    let at = "2026-06-01T00:00:00Z".parse().unwrap();
    world.vault.destroy(&[key(AggregateKind::Customer, 7)], at).await.unwrap();
    let shown = world.get("/v1/acme/customers/7").await;
    assert_eq!(shown.status, StatusCode::OK);
    let shown = shown.json();
    assert_eq!((&shown["first_name"], &shown["email"]), (&Value::Null, &Value::Null));
    assert_eq!(shown["orders_count"], 1);
    let told = world.get("/v1/acme/orders/1001/events").await.json();
    assert_eq!(told["data"][0]["data"]["contact"]["email"], Value::Null);
}
