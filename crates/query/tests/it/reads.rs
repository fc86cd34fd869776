//! What the reads show, and that they never show less than they say.

use std::time::{Duration, Instant};

use crate::world::{self, World, customer, level, order, product};
use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn an_order_is_shown_as_its_webhooks_said_it() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001, 0)).await;
    let position = world.fold().await;
    let answer = world.get("/v1/acme/orders/1001").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.position(), position);
    let shown = answer.json();
    let money = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    for (field, value) in [
        ("id", json!("1001")),
        ("name", json!("#1001")),
        ("placed_at", json!("2026-03-01T11:00:00Z")),
        ("financial_status", json!("paid")),
        ("fulfillment_status", Value::Null),
        ("customer_id", json!("7")),
        ("total", money("24.00")),
        ("total_tax", money("4.00")),
        ("refunded", money("0.00")),
        ("tags", json!(["vip", "web"])),
        ("refunds", json!([])),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert_eq!(shown["lines"][0]["variant_id"], "51");
    assert_eq!(shown["lines"][0]["price"], money("10.00"));
}

#[tokio::test]
async fn products_customers_and_stock_are_shown() {
    let mut world = World::start().await;
    world.say("products/create", product()).await;
    world.say("customers/create", customer()).await;
    world.say("inventory_levels/update", level()).await;
    world.say("orders/create", order(1001, 0)).await;
    world.fold().await;

    let product = world.get("/v1/acme/products/50").await.json();
    assert_eq!(product["variants"][0]["price"], json!({"amount": "10.50", "currency": "EUR"}));
    assert_eq!(product["variants"][0]["inventory_item_id"], "52");
    let customer = world.get("/v1/acme/customers/7").await.json();
    assert_eq!((&customer["first_name"], &customer["orders_count"]), (&json!("Ann"), &json!(1)));
    assert_eq!(customer["total_spent"], json!({"amount": "24.00", "currency": "EUR"}));
    let stock = world.get("/v1/acme/stock/52").await.json();
    assert_eq!((&stock["inventory_item_id"], &stock["variant_id"]), (&json!("52"), &json!("51")));
    assert_eq!(stock["locations"][0]["available"], 5);
}

#[tokio::test]
async fn a_loyalty_account_is_shown_with_its_lots_movements_and_history() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001, 0)).await;
    world.fold().await;
    let empty = world.get("/v1/acme/customers/7/loyalty").await;
    assert_eq!((empty.status, &empty.json()["points"]), (StatusCode::OK, &json!(0)));
    assert_eq!(world.get("/v1/acme/customers/8/loyalty").await.code(), "not_found");
    assert_eq!(world.get("/v1/acme/customers/7/loyalty/events").await.code(), "not_found");

    world.award(1001).await;
    world.fold().await;
    let account = world.get("/v1/acme/customers/7/loyalty").await.json();
    assert_eq!((&account["points"], &account["pending"], &account["tier"]), (&json!(20), &json!(0), &Value::Null));
    assert_eq!((&account["lots"][0]["order_id"], &account["lots"][0]["points"]), (&json!("1001"), &json!(20)));
    assert_eq!(account["lots"][0]["expires_at"], "2027-03-01T11:00:00Z");
    let entry = &account["entries"][0];
    assert_eq!((&entry["order_id"], &entry["kind"]), (&json!("1001"), &json!("points_earned")));
    assert_eq!((&entry["points"], &entry["at"]), (&json!(20), &json!("2026-03-01T11:00:00Z")));
    let history = world.get("/v1/acme/customers/7/loyalty/events").await.json();
    let types: Vec<_> = history["data"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(types, ["loyalty.enrolled", "loyalty.points_earned"]);
    assert_eq!(history["data"][1]["data"]["lines"], json!([{"line_id": "10010", "points": 20}]));
}

#[tokio::test]
async fn a_shop_without_a_configured_currency_has_prices_without_one() {
    let mut world = World::with_currency(None).await;
    world.say("products/create", product()).await;
    world.fold().await;
    let product = world.get("/v1/acme/products/50").await.json();
    assert_eq!(product["variants"][0]["price"], json!({"amount": "10.5", "currency": null}));
}

#[tokio::test]
async fn a_search_takes_the_text_for_words_and_nothing_in_it_for_syntax() {
    let mut world = World::start().await;
    world.say("products/create", product()).await;
    world.fold().await;
    for (text, found) in [
        ("blue", 1),
        ("100%25", 1),
        ("potter_", 1),
        ("MUG", 1),
        ("mug%20blue%20pot", 1),
        ("mug%20red", 0),
        ("bl%C3%BBe", 1),
        ("lue", 0),
        ("%25", 0),
        ("m_g", 0),
        ("mug*%20OR%20red", 0),
        ("%22mug", 1),
        ("%F0%9F%98%80", 0),
        ("b%25e", 0),
        ("'%20OR%201=1--", 0),
    ] {
        let answer = world.get(&format!("/v1/acme/products?q={text}")).await;
        assert_eq!(answer.json()["data"].as_array().unwrap().len(), found, "{text}");
    }
}

#[tokio::test]
async fn orders_are_listed_newest_first_page_by_page() {
    let mut world = World::start().await;
    // Two were placed in the same minute: the id decides.
    for (id, minute) in [(1, 10), (2, 30), (3, 20), (4, 20), (5, 40)] {
        world.say("orders/create", order(id, minute)).await;
    }
    world.fold().await;
    let ids = |list: &Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned()).collect()
    };
    let whole = world.get("/v1/acme/orders").await.json();
    assert_eq!(ids(&whole), ["5", "2", "4", "3", "1"]);
    assert_eq!(whole["next_cursor"], Value::Null);

    let mut paged = Vec::new();
    let mut path = "/v1/acme/orders?limit=2".to_owned();
    loop {
        let page = world.get(&path).await.json();
        assert!(ids(&page).len() <= 2);
        paged.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/acme/orders?limit=2&cursor={cursor}");
    }
    assert_eq!(paged, ids(&whole));

    let filtered =
        "placed_from=2026-03-01T11:20:00Z&placed_to=2026-03-01T12:30:00%2B01:00&financial_status=paid&customer_id=7";
    assert_eq!(ids(&world.get(&format!("/v1/acme/orders?{filtered}")).await.json()), ["4", "3"]);
    for none in ["financial_status=refunded", "fulfillment_status=fulfilled", "customer_id=8"] {
        assert_eq!(ids(&world.get(&format!("/v1/acme/orders?{none}")).await.json()), [""; 0], "{none}");
    }
}

#[tokio::test]
async fn the_events_of_an_aggregate_are_paged_from_the_log_itself() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001, 0)).await;
    world.say("orders/delete", json!({"id": 1001})).await;
    let path = "/v1/acme/orders/1001/events";
    let all = world.get(path).await.json();
    let all = all["data"].as_array().unwrap();
    let kinds: Vec<&str> = all.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["order.placed", "order.paid", "order.deleted"]);
    assert_eq!(all[0]["causation_id"], "inbox:1");
    assert_eq!(all[0]["data"]["name"], "#1001");
    assert_eq!((&all[2]["aggregate_version"], &all[2]["version"]), (&json!(3), &json!(1)));

    let first = world.get(&format!("{path}?limit=2")).await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(cursor, all[1]["position"].to_string());
    let second = world.get(&format!("{path}?limit=2&cursor={cursor}")).await.json();
    assert_eq!(second["data"].as_array().unwrap()[..], all[2..]);
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(world.get("/v1/acme/orders/1002/events").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_read_waits_for_the_position_it_asks_for() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001, 0)).await;
    let position = world.fold().await;
    world.say("orders/delete", json!({"id": 1001})).await;

    let started = Instant::now();
    let late = world.get(&format!("/v1/acme/orders/1001?min_position={}", position + 1)).await;
    assert_eq!((late.status, late.code().as_str()), (StatusCode::GATEWAY_TIMEOUT, "position_not_reached"));
    assert!(started.elapsed() >= world::PATIENCE);
    assert_eq!(world.get(&format!("/v1/acme/orders/1001?min_position={position}")).await.status, StatusCode::OK);

    let path = format!("/v1/acme/orders/1001?min_position={}", position + 1);
    let router = world.router.clone();
    let request = Request::get(path).header("prefer", "wait=20").body(Body::empty()).unwrap();
    let waiting = tokio::spawn(world::ask(router, request));
    world.fold().await;
    let answer = tokio::time::timeout(Duration::from_secs(120), waiting).await.unwrap().unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "not_found"), "its own write is read");
    assert_eq!(
        world.get("/v1/acme/orders?min_position=18446744073709551615").await.status,
        StatusCode::GATEWAY_TIMEOUT
    );
}

#[tokio::test]
async fn an_answer_that_the_client_has_is_not_sent_again() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001, 0)).await;
    world.fold().await;
    let path = "/v1/acme/orders/1001";
    let first = world.get(path).await;
    let tag = first.header("etag").unwrap().to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let again = world.get_with(path, "if-none-match", &known).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
        assert_eq!((again.header("etag"), again.position()), (Some(tag.as_str()), first.position()));
    }
    for other in ["\"x\"", "garbage", "", ",,", "\"", &tag[1..]] {
        assert_eq!(world.get_with(path, "if-none-match", other).await.status, StatusCode::OK, "{other}");
    }
    let mut changed = order(1001, 1);
    changed["tags"] = json!("other");
    world.say("orders/updated", changed).await;
    world.fold().await;
    assert_eq!(world.get_with(path, "if-none-match", &tag).await.status, StatusCode::OK);
}
