//! Redemption as a storefront does it, on a real nats-server.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::sync::Arc;

use access::Access;
use aggregates::{LineWorth, LoyaltyAccount, LoyaltyCommand, OrderWorth, Program};
use axum::Router;
use axum::body::{Body, to_bytes};
use commands::{CommandState, router};
use events::{AggregateKey, AggregateKind, CustomerId, LineId, OrderId, Shop, Timestamp};
use http::{Request, StatusCode};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use streams::{Cause, EventStore};
use testkit::Fixture;
use testkit::schema::allows;
use tower::ServiceExt;

const REDEMPTIONS: &str = "/v1/acme/customers/7/loyalty/redemptions";

struct World {
    router: Router,
    store: EventStore,
    _fixture: Fixture,
}

impl World {
    /// Customer 7 has 100 points, placed now.
    async fn start() -> Self {
        let fixture = Fixture::single(&[]).await;
        let router = router(CommandState::new([shop()].into(), &fixture.broker, Arc::new(Access::open())));
        let world = Self { router, store: EventStore::new(&fixture.broker), _fixture: fixture };
        let (at, line_id) = (Timestamp::now(), LineId::new(1).unwrap());
        let line =
            LineWorth { line_id, gift_card: false, tip: false, bought: Decimal::from(100), refunded: Decimal::ZERO };
        let worth = OrderWorth {
            placed_at: at,
            customer_id: CustomerId::new(7),
            counts: true,
            lines: vec![line],
            shipping: Decimal::ZERO,
            tax: Decimal::ZERO,
        };
        let order_id = OrderId::new(1).unwrap();
        world.tell(LoyaltyCommand::Settle { order_id, worth: Some(worth), program: Program::default(), at }).await;
        world
    }

    async fn tell(&self, command: LoyaltyCommand) {
        let cause = Cause { id: "test".to_owned(), correlation_id: "test".to_owned(), trace_parent: None };
        self.store.execute::<LoyaltyAccount>(&account(), command, &cause).await.unwrap();
    }

    async fn post(&self, path: &str, key: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::post(path).header("content-type", "application/json").header("idempotency-key", key);
        let response = self.router.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
        let status = response.status();
        assert_eq!(status.is_success(), response.headers().contains_key("x-position"));
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn recorded(&self) -> usize {
        self.store.events(&account()).await.unwrap().len()
    }
}

fn shop() -> Shop {
    "acme".parse().unwrap()
}

fn account() -> AggregateKey {
    AggregateKey::new(AggregateKind::Loyalty, &shop(), 7)
}

#[tokio::test]
async fn points_are_held_and_then_spent_or_given_back() {
    let world = World::start().await;
    let (status, held) = world.post(REDEMPTIONS, "a", json!({"points": 60, "order_id": "9", "reason": "mug"})).await;
    assert_eq!((status, &held["state"], &held["order_id"]), (StatusCode::OK, &json!("held"), &json!("9")), "{held}");
    assert_eq!((&held["balance"]["points"], &held["draws"][0]["order_id"]), (&json!(40), &json!("1")));
    let path = format!("{REDEMPTIONS}/{}/complete", held["id"].as_str().unwrap());
    assert_eq!(world.post(&path, "b", json!({})).await.1["state"], "completed");

    let (_, held) = world.post(REDEMPTIONS, "c", json!({"points": 40})).await;
    let path = format!("{REDEMPTIONS}/{}/cancel", held["id"].as_str().unwrap());
    let (status, cancelled) = world.post(&path, "d", json!({})).await;
    assert_eq!((status, &cancelled["state"]), (StatusCode::OK, &json!("cancelled")));
    assert_eq!(cancelled["balance"], json!({"points": 40, "pending": 0}));
}

#[tokio::test]
async fn the_document_allows_what_is_held_and_nothing_else() {
    let world = World::start().await;
    let document = commands::openapi();
    let operation = &document["paths"]["/v1/{shop}/customers/{id}/loyalty/redemptions"]["post"];
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let points = "1 1.0 1e0 0 -1 1.5 9007199254740991 9007199254740992 9007199254740993.0 1e300 null true";
    let points = points.split(' ').map(|text| json!({"points": serde_json::from_str::<Value>(text).unwrap()}));
    let orders = ["9", "0", "01", "9223372036854775807", "9223372036854775808", "9999999999999999999", ""];
    let orders = orders.map(|order| json!(order)).into_iter().chain([json!(null), json!(9)]);
    let orders = orders.map(|order| json!({"points": 1, "order_id": order}));
    let reasons =
        [json!(""), json!(" "), json!("mug"), json!("a\u{85}"), json!("é".repeat(200)), json!("é".repeat(201))];
    let reasons =
        reasons.into_iter().chain([json!(null), json!(1)]).map(|reason| json!({"points": 1, "reason": reason}));
    let others = [json!({}), json!([]), json!([1, null, null]), json!({"points": 1, "more": 1})];
    for (number, body) in points.chain(orders).chain(reasons).chain(others).enumerate() {
        let (status, answer) = world.post(REDEMPTIONS, &number.to_string(), body.clone()).await;
        assert_eq!(
            allows(&document, schema, &body),
            ![400, 422].contains(&status.as_u16()),
            "{body}: {status} {answer}"
        );
        assert!(operation["responses"][status.as_str()].is_object(), "{status}");
    }
}

#[tokio::test]
async fn a_repeated_request_is_answered_and_changes_nothing() {
    let world = World::start().await;
    let first = world.post(REDEMPTIONS, "a", json!({"points": 60})).await;
    let recorded = world.recorded().await;
    assert_eq!(world.post(REDEMPTIONS, "a", json!({"points": 60})).await, first);
    let other = world.post(REDEMPTIONS, "a", json!({"points": 61})).await;
    assert_eq!((other.0, &other.1["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("key_reused")));
    assert_eq!(world.recorded().await, recorded);
}

#[tokio::test]
async fn many_at_once_never_spend_more_than_there_is() {
    let world = World::start().await;
    let keys = ["a", "b", "c", "d", "e", "f"];
    let requests = keys.map(|key| {
        let world = &world;
        async move { world.post(REDEMPTIONS, key, json!({"points": 30})).await.0 }
    });
    let [a, b, c, d, e, f] = requests;
    let (a, b, c, d, e, f) = tokio::join!(a, b, c, d, e, f);
    let granted = [a, b, c, d, e, f].into_iter().filter(|status| *status == StatusCode::OK).count();
    assert_eq!(granted, 3);
    let left = world.store.load::<LoyaltyAccount>(&account(), 0).await.unwrap().state.balance();
    assert_eq!(left.points, 10);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_what_to_do() {
    let world = World::start().await;
    let (_, held) = world.post(REDEMPTIONS, "held", json!({"points": 10})).await;
    let id = held["id"].as_str().unwrap();
    let (complete, cancel) = (format!("{REDEMPTIONS}/{id}/complete"), format!("{REDEMPTIONS}/{id}/cancel"));
    world.post(&complete, "done", json!({})).await;
    let unknown = format!("{REDEMPTIONS}/nothing/complete");
    let stranger = "/v1/acme/customers/8/loyalty/redemptions".to_owned();
    let redemptions = REDEMPTIONS.to_owned();
    for (path, body, status, code) in [
        (&redemptions, json!({"points": 91}), 409, "insufficient_points"),
        (&stranger, json!({"points": 1}), 409, "insufficient_points"),
        (&redemptions, json!({"points": 0}), 422, "points"),
        (&redemptions, json!({"points": -5}), 422, "points"),
        (&redemptions, json!({"points": 1, "reason": "a\nb"}), 422, "reason"),
        (&redemptions, json!({"points": 1.5}), 400, "body"),
        (&redemptions, json!({"points": 1, "more": 1}), 400, "body"),
        (&complete, json!({"points": 1}), 400, "body"),
        (&complete, json!([]), 400, "body"),
        (&cancel, json!({}), 409, "redemption_completed"),
        (&unknown, json!({}), 404, "not_found"),
    ] {
        let (found, problem) = world.post(path, "another", body.clone()).await;
        assert_eq!((found.as_u16(), problem["code"].as_str().unwrap()), (status, code), "{path} {body}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{problem}");
    }
}

#[tokio::test]
async fn the_account_of_a_merged_customer_names_its_heir() {
    let world = World::start().await;
    world.tell(LoyaltyCommand::Close { into: CustomerId::new(8).unwrap(), at: Timestamp::now() }).await;
    let (status, problem) = world.post(REDEMPTIONS, "a", json!({"points": 1})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("customer_merged")));
    assert!(problem["detail"].as_str().unwrap().contains("customer 8"), "{problem}");
}
