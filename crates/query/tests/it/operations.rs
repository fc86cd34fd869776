//! What an operator sees.

use http::StatusCode;
use serde_json::{Value, json};

use crate::world::{World, order};

fn check(readiness: &Value, name: &str) -> Value {
    let mut checks = readiness["checks"].as_array().unwrap().iter();
    checks.find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {readiness}")).clone()
}

#[tokio::test]
async fn readiness_names_what_is_red() {
    let mut world = World::start().await;
    let before = world.get("/readyz").await;
    assert_eq!(before.status, StatusCode::SERVICE_UNAVAILABLE, "no engine has run");
    assert_eq!(check(&before.json(), "projection orders")["ready"], false);
    assert_eq!(check(&before.json(), "broker"), json!({"name": "broker", "ready": true, "detail": null}));

    world.say("orders/create", order(1, 0)).await;
    world.fold().await;
    let after = world.get("/readyz").await;
    assert_eq!((after.status, &after.json()["ready"]), (StatusCode::OK, &json!(true)), "{}", after.json());
    assert!(after.json()["durability"].is_string());

    let names: Vec<_> = projections::ALL.iter().map(|model| (model.name, 1)).collect();
    world.database.beat(&names, Some("a row does not fit")).await.unwrap();
    let stalled = world.get("/readyz").await;
    assert_eq!(stalled.status, StatusCode::SERVICE_UNAVAILABLE);
    let detail = check(&stalled.json(), "projection orders")["detail"].to_string();
    assert!(detail.contains("stands still at position") && detail.contains("a row does not fit"), "{detail}");

    world.nats.kill();
    world.until_disconnected().await;
    let without = world.get("/readyz").await;
    assert_eq!(without.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(check(&without.json(), "broker")["ready"], false);
    assert_eq!(world.get("/healthz").await.status, StatusCode::OK, "alive all the same");
    assert_eq!(world.get("/v1/acme/orders/1").await.status, StatusCode::OK, "rows need no broker");
    let status = world.get("/v1/status").await;
    assert_eq!((status.status, status.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));

    world.database.close().await;
    let nothing = world.get("/readyz").await;
    assert_eq!(check(&nothing.json(), "database")["ready"], false);
    assert_eq!(world.get("/v1/acme/orders/1").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn status_tells_what_is_pending_and_settles_only_when_nothing_is() {
    let mut world = World::start().await;
    world.fold().await;
    let empty = world.get("/v1/status").await.json();
    assert_eq!(
        (&empty["settled"], &empty["events"]["head"], &empty["inbox"]["last"]),
        (&json!(true), &json!(0), &json!(0))
    );

    world.say("orders/create", order(1, 0)).await;
    let behind = world.get("/v1/status").await.json();
    let head = behind["events"]["head"].as_u64().unwrap();
    assert!(head > 0);
    assert_eq!(behind["settled"], false);
    let reader = json!({
        "name": "reader", "pending": head, "ack_pending": 0, "dead": 0, "paused": false, "paused_shops": [],
    });
    assert_eq!(behind["subscribers"], json!([reader]));
    let orders = |status: &Value| {
        let mut projections = status["projections"].as_array().unwrap().iter();
        projections.find(|projection| projection["name"] == "orders").unwrap().clone()
    };
    assert_eq!((&orders(&behind)["position"], &orders(&behind)["lag"]), (&json!(0), &json!(head)));

    world.fold().await;
    let folded = world.get("/v1/status").await.json();
    assert_eq!((&orders(&folded)["position"], &orders(&folded)["lag"]), (&json!(head), &json!(0)));
    assert!(orders(&folded)["heartbeat_at"].is_string());
    assert_eq!(folded["settled"], false, "the subscriber has not read it");
    assert_eq!(folded["recorder"], json!({"pending": 0, "ack_pending": 0, "dead": 0, "paused": false}));
}

#[tokio::test]
async fn metrics_and_the_document_are_served() {
    let world = World::start().await;
    let metrics = world.get("/metrics").await;
    assert_eq!((metrics.status, metrics.body.as_slice()), (StatusCode::OK, &b"tillstream_up 1\n"[..]));
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain"));
    assert_eq!(world.get("/openapi.json").await.json()["openapi"], query::openapi()["openapi"]);
}
