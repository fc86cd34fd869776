//! Adjustments of stock over HTTP, on a real log.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use access::Access;
use aggregates::{Stock, StockCommand};
use axum::Router;
use axum::body::{Body, to_bytes};
use commands::{CommandState, router};
use events::{AggregateKey, AggregateKind, Event, LocationId, Observation, Shop, StockEvent};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use streams::{Cause, EventStore};
use testkit::Fixture;
use testkit::schema::allows;
use tower::ServiceExt;

struct World {
    store: EventStore,
    router: Router,
    _nats: Fixture,
}

impl World {
    /// Item 1 has 5 units at location 10.
    async fn start() -> Self {
        let nats = Fixture::single(&[]).await;
        let store = EventStore::new(&nats.broker);
        let cause = Cause { id: "inbox:1".to_owned(), correlation_id: "inbox:1".to_owned(), trace_parent: None };
        store.execute::<Stock>(&item(), connected(), &cause).await.unwrap();
        let shop: Shop = "acme".parse().unwrap();
        Self {
            store,
            router: router(CommandState::new([shop].into(), &nats.broker, Arc::new(Access::open()))),
            _nats: nats,
        }
    }

    async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> (StatusCode, Value, Option<u64>) {
        let mut request = Request::post(path).header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = self.router.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
        let position = answer.headers().get("x-position").map(|value| value.to_str().unwrap().parse().unwrap());
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default(), position)
    }

    /// What each adjustment left available.
    async fn adjustments(&self) -> Vec<i64> {
        let events = self.store.events(&item()).await.unwrap();
        let left = events.into_iter().filter_map(|event| match event.event {
            Event::Stock(StockEvent::Adjusted(adjusted)) => Some(adjusted.levels[0].available),
            _ => None,
        });
        left.collect()
    }
}

fn item() -> AggregateKey {
    AggregateKey::new(AggregateKind::Stock, &"acme".parse().unwrap(), "1")
}

fn connected() -> StockCommand {
    let at = "2026-05-01T00:00:00Z".parse().unwrap();
    let observation = Observation { at, triggered_at: None, available: 5 };
    StockCommand::Observe { location_id: LocationId::new(10).unwrap(), observation }
}

const PATH: &str = "/v1/acme/stock/1/adjustments";

#[tokio::test]
async fn a_repeated_request_is_answered_alike_and_carried_out_once() {
    let world = World::start().await;
    let lost = json!({"location_id": "10", "by": -2, "reason": "broken in transit"});
    let first = world.post(PATH, Some("a"), &lost).await;
    assert_eq!(first.0, StatusCode::OK, "{first:?}");
    assert_eq!(world.post(PATH, Some("a"), &lost).await, first);
    assert_eq!(world.adjustments().await, [3]);
    assert_eq!(first.1["position"], first.2.unwrap().to_string());

    let counted = json!({"location_id": "10", "on_hand": 8, "reason": "counted"});
    assert_eq!(world.post(PATH, Some("b"), &counted).await.0, StatusCode::OK);
    assert_eq!(world.adjustments().await, [3, 8]);
}

/// Every body that the fields' values make, and what the document and the resource say of it.
#[tokio::test]
async fn the_document_allows_what_is_carried_out_and_nothing_else() {
    let world = World::start().await;
    let document = commands::openapi();
    let operation = &document["paths"]["/v1/{shop}/stock/{inventory_item_id}/adjustments"]["post"];
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let figures =
        r#"null 0 0.0 1 -1.0 1.5 1000000000 1000000001 -1000000001 1e9 1e300 9223372036854775808 "1" true []"#;
    let figures: Vec<Option<Value>> =
        figures.split(' ').map(|text| serde_json::from_str(text).unwrap()).map(Some).chain([None]).collect();
    let long = |one: &str, length| json!(one.repeat(length));
    let reasons =
        [json!("found"), json!(""), json!("  "), json!("\u{3000}"), json!(" a "), json!("a\tb"), json!(null), json!(1)];
    let reasons = reasons.into_iter().chain([long("x", 500), long("é", 500), long("é", 501), long(" ", 501)]);
    let places = ["10", "11", "0", "01", "9223372036854775807", "9223372036854775808", "9999999999999999999", "", "x"];
    let places = places.map(|place| json!(place)).into_iter().chain([json!(10), json!(null)]);

    let good = json!({"location_id": "10", "by": 1, "reason": "found"});
    let with = |pairs: &[(&str, Option<Value>)]| {
        let mut body = good.clone();
        for (name, value) in pairs {
            match value {
                Some(value) => body[*name] = value.clone(),
                None => drop(body.as_object_mut().unwrap().remove(*name)),
            }
        }
        body
    };
    let mut bodies =
        vec![json!([]), json!(["10", 1, null, null, "found"]), json!(null), with(&[("extra", Some(json!(1)))])];
    bodies.extend(reasons.map(Some).chain([None]).map(|reason| with(&[("reason", reason)])));
    bodies.extend(places.map(Some).chain([None]).map(|place| with(&[("location_id", place)])));
    for figure in &figures {
        for other in &figures {
            let two = |one, another| with(&[("by", None), (one, figure.clone()), (another, other.clone())]);
            bodies.extend([two("by", "available"), two("available", "on_hand"), two("on_hand", "by")]);
        }
    }
    let mut allowed = 0;
    for (number, body) in bodies.iter().enumerate() {
        let (status, problem, _) = world.post(PATH, Some(&format!("key {number}")), body).await;
        let is_refused = status == 400 || (status == 422 && problem["code"] != "not_stocked");
        assert_eq!(allows(&document, schema, body), !is_refused, "{body}: {status} {problem}");
        assert!(operation["responses"][status.as_str()].is_object(), "{status}");
        allowed += usize::from(!is_refused);
    }
    assert!(allowed > 20 && bodies.len() > 700, "{allowed} of {}", bodies.len());
}

#[tokio::test]
async fn a_key_is_what_the_document_says() {
    let world = World::start().await;
    let document = commands::openapi();
    let parameters =
        document["paths"]["/v1/{shop}/stock/{inventory_item_id}/adjustments"]["post"]["parameters"].clone();
    let header =
        parameters.as_array().unwrap().iter().find(|parameter| parameter["name"] == "Idempotency-Key").unwrap();
    let long = ["x".repeat(255), "x".repeat(256)];
    for key in ["a", "a b", "~", "a\tb", "é"].into_iter().chain(long.iter().map(String::as_str)) {
        let body = json!({"location_id": "10", "on_hand": 1, "reason": "counted"});
        let (status, problem, _) = world.post(PATH, Some(key), &body).await;
        assert_eq!(allows(&document, &header["schema"], &json!(key)), status != 400, "{key:?}: {problem}");
    }
}

#[tokio::test]
async fn one_key_is_one_request() {
    let world = World::start().await;
    let body = |units: i64| json!({"location_id": "10", "by": units, "reason": "found"});
    assert_eq!(world.post(PATH, Some("a"), &body(1)).await.0, StatusCode::OK);
    let (status, problem, _) = world.post(PATH, Some("a"), &body(2)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("key_reused")));
    assert_eq!(world.adjustments().await, [6]);
}

#[tokio::test]
async fn requests_side_by_side_under_one_key_are_one() {
    let world = World::start().await;
    let body = json!({"location_id": "10", "by": 1, "reason": "found"});
    let answers = futures::future::join_all((0..16).map(|_| world.post(PATH, Some("a"), &body))).await;
    let statuses: Vec<_> = answers.iter().map(|(status, ..)| *status).collect();
    assert!(statuses.contains(&StatusCode::OK), "{statuses:?}");
    assert!(statuses.iter().all(|status| [StatusCode::OK, StatusCode::CONFLICT].contains(status)), "{statuses:?}");
    assert_eq!(world.adjustments().await, [6]);
}

#[tokio::test]
async fn nonsense_is_refused_with_its_reason_and_changes_nothing() {
    let world = World::start().await;
    let good = json!({"location_id": "10", "by": 1, "reason": "found"});
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let rows = [
        (PATH, None, good.clone(), 400, "idempotency_key"),
        ("/v1/nobody/stock/1/adjustments", Some("k"), good.clone(), 404, "not_found"),
        ("/v1/acme/stock/01/adjustments", Some("k"), good.clone(), 400, "id"),
        (PATH, Some("k"), json!([]), 400, "body"),
        (PATH, Some("k"), with("extra", json!(1)), 400, "body"),
        (PATH, Some("k"), with("by", json!(1.5)), 400, "body"),
        (PATH, Some("k"), with("by", json!(0)), 422, "change"),
        (PATH, Some("k"), with("by", json!(i64::MIN)), 422, "change"),
        (PATH, Some("k"), with("available", json!(1)), 422, "change"),
        (PATH, Some("k"), with("reason", json!(" ")), 422, "reason"),
        (PATH, Some("k"), with("reason", json!("a\nb")), 422, "reason"),
        (PATH, Some("k"), with("location_id", json!("11")), 422, "not_stocked"),
    ];
    for (path, key, body, status, code) in rows {
        let answer = world.post(path, key, &body).await;
        assert_eq!((answer.0.as_u16(), &answer.1["code"]), (status, &json!(code)), "{body}");
    }
    assert_eq!(world.adjustments().await, [] as [i64; 0]);
}
