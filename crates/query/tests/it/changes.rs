//! The stream of changes, over a real connection's body.

use std::time::Duration;

use axum::body::Body;
use futures::StreamExt;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{World, order, product};

const PATH: &str = "/v1/acme/changes";

/// A client that reads the stream as it comes.
struct Client {
    body: axum::body::BodyDataStream,
    text: String,
}

impl Client {
    async fn join(world: &World, path: &str, last: Option<u64>) -> Self {
        let mut request = Request::get(path).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event with data: its id and the data.
    async fn next(&mut self) -> (u64, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                if let Some(data) = field("data: ") {
                    assert_eq!(field("event: ").as_deref(), Some("change"));
                    return (field("id: ").unwrap().parse().unwrap(), serde_json::from_str(&data).unwrap());
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(120), self.body.next()).await.expect("an event comes");
            self.text += std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_change_is_told_when_it_can_be_read() {
    let mut world = World::start().await;
    world.fold_on().await;
    let mut client = Client::join(&world, PATH, None).await;
    world.say("orders/create", order(1001, 0)).await;
    let (id, change) = client.next().await;
    assert_eq!((id, &change["position"], &change["type"]), (1, &json!(1), &json!("order.placed")));
    assert_eq!(change["rows"], json!([{"resource": "orders", "id": "1001"}]));
    assert_eq!(client.next().await.1["type"], "order.paid");
    let shown = world.get("/v1/acme/orders/1001").await;
    assert_eq!((shown.status, shown.json()["financial_status"].as_str()), (StatusCode::OK, Some("paid")));

    world.say("products/create", product()).await;
    let rows = client.next().await.1["rows"].clone();
    assert_eq!(rows[0], json!({"resource": "products", "id": "50"}), "{rows}");
}

#[tokio::test]
async fn a_client_that_comes_again_misses_nothing_and_hears_nothing_twice() {
    let mut world = World::start().await;
    world.fold_on().await;
    for id in 1..=30 {
        world.say("orders/create", order(id, id % 60)).await;
    }
    let mut whole = Client::join(&world, &format!("{PATH}?after=0"), None).await;
    let mut ids = Vec::new();
    for _ in 0..60 {
        ids.push(whole.next().await.0);
    }
    assert_eq!(ids, (1..=60).collect::<Vec<u64>>());
    let mut again = Client::join(&world, &format!("{PATH}?after=0"), Some(41)).await;
    for expected in 42..=60 {
        assert_eq!(again.next().await.0, expected, "the header goes before the parameter");
    }
    world.say("orders/create", order(31, 1)).await;
    for client in [&mut whole, &mut again] {
        assert_eq!((client.next().await.0, client.next().await.0), (61, 62));
    }
    let mut others = Client::join(&world, "/v1/other/changes?after=0", None).await;
    let silent = tokio::time::timeout(Duration::from_millis(500), others.next()).await;
    assert!(silent.is_err(), "another shop's changes are not told: {silent:?}");
}

#[tokio::test]
async fn what_is_no_place_in_the_stream_is_refused() {
    let world = World::start().await;
    for (path, header, status, code) in [
        (PATH, ("last-event-id", "x"), 400, "last_event_id"),
        (PATH, ("last-event-id", "-1"), 400, "last_event_id"),
        (PATH, ("last-event-id", "7"), 504, "position_not_reached"),
        (PATH, ("accept", "application/json"), 406, "not_acceptable"),
        ("/v1/acme/changes?after=x", ("accept", "*/*"), 400, "parameter"),
        ("/v1/acme/changes?from=1", ("accept", "*/*"), 400, "parameter"),
        ("/v1/nobody/changes", ("accept", "*/*"), 404, "not_found"),
    ] {
        let answer = world.get_with(path, header.0, header.1).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{path} {header:?}");
    }
}
