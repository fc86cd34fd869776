//! Reads of the past, days, timelines.

use events::{AggregateKey, AggregateKind};
use http::StatusCode;
use serde_json::{Value, json};

use crate::world::{World, customer, level, order, product};

#[tokio::test]
async fn an_aggregate_is_shown_as_it_was_at_a_position() {
    let mut world = World::start().await;
    world.say("products/create", product()).await;
    world.say("inventory_levels/update", level()).await;
    world.say("orders/create", order(1001, 0)).await;
    world.award(1001).await;
    let then = world.fold().await;
    let paths = ["/v1/acme/orders/1001", "/v1/acme/products/50", "/v1/acme/stock/52", "/v1/acme/customers/7/loyalty"];
    let mut before = Vec::new();
    for path in paths {
        before.push(world.get(path).await.json());
    }
    let mut changed = order(1001, 5);
    (changed["tags"], changed["financial_status"]) = (json!("other"), json!("refunded"));
    world.say("orders/updated", changed).await;
    let mut renamed = product();
    (renamed["title"], renamed["updated_at"]) = (json!("Red Mug"), json!("2026-02-01T00:00:00Z"));
    world.say("products/update", renamed).await;
    let mut counted = level();
    (counted["available"], counted["updated_at"]) = (json!(9), json!("2026-03-01T00:00:00Z"));
    world.say("inventory_levels/update", counted).await;
    world.say("orders/delete", json!({"id": 1001})).await;
    world.award(1001).await;
    let head = world.fold().await;

    for (path, before) in paths.iter().zip(before) {
        let now = world.get(path).await;
        assert!(now.status == StatusCode::NOT_FOUND || now.json() != before, "{path} changed");
        let past = world.get(&format!("{path}?as_of={then}")).await;
        assert_eq!((past.status, past.position()), (StatusCode::OK, then), "{path}");
        assert_eq!(past.json(), before, "{path}");
        let unborn = world.get(&format!("{path}?as_of=0")).await;
        assert_eq!(unborn.code(), "not_found", "{path}");
        let later = world.get(&format!("{path}?as_of={}", head + 1)).await;
        assert_eq!(later.code(), "position_not_reached", "{path}");
        assert_eq!(world.get(&format!("{path}?as_of=x")).await.code(), "parameter", "{path}");
    }
    assert_eq!(world.get("/v1/other/orders/1001?as_of=1").await.code(), "not_found", "another shop's");
}

#[tokio::test]
async fn a_customer_is_shown_as_they_were_opened_and_without_counts() {
    let mut world = World::start().await;
    world.say("customers/create", customer()).await;
    world.say("orders/create", order(1001, 0)).await;
    let then = world.fold().await;
    let mut renamed = customer();
    (renamed["first_name"], renamed["updated_at"]) = (json!("Joan"), json!("2026-05-01T00:00:00Z"));
    world.say("customers/update", renamed).await;
    world.fold().await;
    let now = world.get("/v1/acme/customers/7").await.json();
    assert_eq!((&now["first_name"], &now["orders_count"]), (&json!("Joan"), &json!(1)));
    let past = world.get(&format!("/v1/acme/customers/7?as_of={then}")).await;
    assert_eq!((past.status, past.position()), (StatusCode::OK, then));
    let past = past.json();
    assert_eq!(past["first_name"], "Ann", "what is sealed is opened");
    assert!(past.get("orders_count").is_none(), "today's orders say nothing of the past");
    assert_eq!(world.get("/v1/acme/customers/7?as_of=0").await.code(), "not_found");
}

fn refund(order: &mut Value, id: u64, at: &str, amount: &str) {
    let transaction = json!({
        "id": id * 10, "kind": "refund", "status": "success", "amount": amount, "currency": "EUR", "processed_at": at,
    });
    order["refunds"] = json!([{
        "id": id, "created_at": at, "processed_at": at, "refund_line_items": [], "transactions": [transaction],
    }]);
    (order["financial_status"], order["updated_at"]) = (json!("partially_refunded"), json!(at));
}

#[tokio::test]
async fn sales_are_counted_by_the_days_of_the_shops_clock() {
    let mut world = World::start().await;
    let day = |mut order: Value, at: &str| {
        for field in ["created_at", "updated_at", "processed_at"] {
            order[field] = json!(at);
        }
        order
    };
    // 23:30 of the 1st in Paris, 00:30 of the 2nd there, and noon.
    world.say("orders/create", day(order(1, 0), "2026-03-01T22:30:00Z")).await;
    world.say("orders/create", day(order(2, 0), "2026-03-01T23:30:00Z")).await;
    let mut dear = day(order(3, 0), "2026-03-02T11:00:00Z");
    dear["line_items"][0]["total_discount"] = json!("1.50");
    dear["line_items"][0]["discount_allocations"] = json!([{"amount": "1.50"}]);
    world.say("orders/create", dear.clone()).await;
    let mut test = day(order(4, 0), "2026-03-02T11:00:00Z");
    test["test"] = json!(true);
    world.say("orders/create", test).await;
    world.say("orders/create", day(order(5, 0), "2026-03-02T11:00:00Z")).await;
    world.say("orders/delete", json!({"id": 5})).await;
    refund(&mut dear, 31, "2026-03-05T08:00:00Z", "4.25");
    world.say("orders/updated", dear).await;
    world.fold().await;

    let eur = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    let row = |date: &str, orders: u64, amounts: [&str; 4]| {
        let [gross, discounts, refunds, net] = amounts.map(eur);
        json!({
            "date": date, "currency": "EUR", "orders": orders, "units": orders * 2,
            "gross": gross, "discounts": discounts, "refunds": refunds, "net": net,
        })
    };
    let whole = world.get("/v1/acme/sales/daily?from=2026-03-01&to=2026-03-31").await;
    let first = row("2026-03-01", 1, ["20.00", "0.00", "0.00", "20.00"]);
    let second = row("2026-03-02", 2, ["40.00", "1.50", "0.00", "38.50"]);
    let fifth = row("2026-03-05", 0, ["0.00", "0.00", "4.25", "-4.25"]);
    assert_eq!(whole.json(), json!({"data": [first, second, fifth], "next_cursor": null}));
    let one = world.get("/v1/acme/sales/daily?from=2026-03-05&to=2026-03-05").await.json();
    assert_eq!(one["data"], json!([fifth]), "the refund counts on its own day");
    let recent = world.get("/v1/acme/sales/daily?to=2026-03-31").await.json();
    assert_eq!(recent["data"], json!([second, fifth]), "thirty days when nothing is said");
    assert_eq!(world.get("/v1/other/sales/daily?to=2026-03-31").await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_timeline_tells_what_happened_because_of_an_order() {
    let mut world = World::start().await;
    world.say("orders/create", order(1001, 0)).await;
    world.award(1001).await;
    world.fold().await;
    let timeline = world.get("/v1/acme/orders/1001/timeline").await.json();
    let types: Vec<_> = timeline["data"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["loyalty.points_earned", "order.placed", "order.paid"]);
    assert_eq!(timeline["data"][0]["points"], 20);
    assert_eq!(timeline["data"][1]["aggregate_version"], 1);
    assert_eq!(world.get("/v1/acme/orders/1002/timeline").await.code(), "not_found");
    let key = AggregateKey::new(AggregateKind::Order, &"acme".parse().unwrap(), 1001_u64);
    assert_eq!(world.store.events(&key).await.unwrap().len(), 2);
}
