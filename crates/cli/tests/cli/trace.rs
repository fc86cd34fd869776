use serde_json::Value;

use crate::process::{Up, run};
use crate::shop::{send, settled};

pub(crate) fn said(dir: &std::path::Path, args: &[&str]) -> String {
    let output = run(dir, args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn json(dir: &std::path::Path, args: &[&str]) -> Value {
    serde_json::from_str(&said(dir, &[args, &["--output", "json"]].concat())).unwrap()
}

const PRODUCT: &str = r#"{"id":7,"title":"Tea","updated_at":"2026-03-29T18:00:20Z","variants":[{"id":3,"title":"Green","price":"10.00","inventory_item_id":5}]}"#;
const LEVEL: &str = r#"{"inventory_item_id":5,"location_id":6,"available":7,"updated_at":"2026-03-29T18:00:20Z"}"#;
const ORDER: &str = r##"{"id":1042,"name":"#1","created_at":"2026-03-29T20:00:26+02:00","updated_at":"2026-03-29T20:00:26+02:00",
    "currency":"EUR","financial_status":"paid","total_price":"10.00","current_total_price":"10.00","subtotal_price":"10.00",
    "total_tax":"0.00","total_discounts":"0.00","shipping_lines":[],"line_items":[{"id":1,"title":"Tea","quantity":1,
    "current_quantity":1,"fulfillable_quantity":1,"price":"10.00","product_id":7,"variant_id":3,
    "variant_inventory_management":"shopify"}]}"##;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_traced_from_its_webhooks_to_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let up = Up::start(dir.path(), &[]);
    send(&up, "products/create", "a", PRODUCT).await;
    send(&up, "inventory_levels/update", "b", LEVEL).await;
    settled(&up).await;
    let created = send(&up, "orders/create", "c-1", ORDER).await;
    let paid = send(&up, "orders/paid", "d-1", ORDER).await;
    settled(&up).await;

    let trace = json(dir.path(), &["events", "trace", "1042", "--shop", "acme"]);
    let deliveries = trace["deliveries"].as_array().unwrap();
    assert_eq!(deliveries.len(), 2, "{trace:#}");
    let (first, second) = (&deliveries[0], &deliveries[1]);
    assert_eq!((first["sequence"].as_u64(), first["outcome"].as_str()), (Some(created), Some("recorded")));
    assert_eq!((second["sequence"].as_u64(), second["reason"].as_str()), (Some(paid), Some("already_recorded")));
    let placed = &first["events"][0];
    assert_eq!(placed["type"], "order.placed");
    let reactions: Vec<_> = placed["events"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert!(reactions.iter().any(|kind| *kind == "stock.allocated"), "{trace:#}");
    let row = |model: &str| trace["rows"].as_array().unwrap().iter().find(|row| row["model"] == model).cloned();
    assert!(row("orders").is_some_and(|row| row["id"] == "1042" && row["behind"] == false), "{trace:#}");
    assert!(row("stock").is_some_and(|row| row["id"] == "5"), "{trace:#}");

    // From wherever one comes it is the same delivery.
    let position = placed["events"][0]["position"].to_string();
    for what in [format!("inbox:{created}"), "c-1".to_owned(), format!("position:{position}")] {
        let trace = json(dir.path(), &["events", "trace", &what, "--shop", "acme"]);
        assert_eq!(trace["deliveries"][0], *first, "{what}");
    }
    let drawn = said(dir.path(), &["events", "trace", "order/1042", "--shop", "acme"]);
    for line in
        ["inbox:", "orders/create", "├─ ", "stock.allocated  stock/acme/5", "already_recorded", "orders  acme/1042"]
    {
        assert!(drawn.contains(line), "{line}: {drawn}");
    }
    let placed = placed["position"].to_string();
    let changes = json(dir.path(), &["events", "diff", "1042", "--shop", "acme", "--from", &placed]);
    let paths: Vec<_> = changes.as_array().unwrap().iter().filter_map(|change| change["path"].as_str()).collect();
    assert_eq!(paths, ["/financial_status"], "placed, then paid: {changes:#}");
    assert_eq!(run(dir.path(), &["events", "diff", "9", "--shop", "acme"]).status.code(), Some(3));
    assert_eq!(
        run(dir.path(), &["events", "diff", "1042", "--shop", "acme", "--from", "9", "--to", "2"]).status.code(),
        Some(2)
    );
    for (what, code) in [("9", 3), ("inbox:99", 3), ("position:99999", 3), ("nobody", 3), ("0", 2), ("parcel/1", 2)] {
        let output = run(dir.path(), &["events", "trace", what, "--shop", "acme"]);
        assert_eq!(output.status.code(), Some(code), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// An order of two units, at one second of its life.
fn order(second: u32, changes: &Value) -> Value {
    let mut order: Value = serde_json::from_str(ORDER).unwrap();
    order["updated_at"] = format!("2026-03-29T20:00:{second:02}+02:00").into();
    order["financial_status"] = "pending".into();
    order["line_items"][0]["quantity"] = 2.into();
    order["line_items"][0]["current_quantity"] = 2.into();
    order["customer"] = serde_json::json!({ "id": 8 });
    for (name, value) in changes.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

fn fulfillment(id: u32, second: u32, tracking: Option<&str>) -> String {
    let at = format!("2026-03-29T20:00:{second:02}+02:00");
    serde_json::json!({
        "id": id, "order_id": 1042, "status": "success", "created_at": "2026-03-29T20:00:40+02:00", "updated_at": at,
        "location_id": 6, "tracking_number": tracking, "line_items": [{ "id": 1, "quantity": 1 }],
    })
    .to_string()
}

const EDIT: &str = r#"{"order_edit":{"id":51,"order_id":1042,"committed_at":"2026-03-29T20:00:32+02:00",
    "line_items":{"additions":[{"id":1,"delta":1}],"removals":[]}}}"#;
const WAYPOINT: &str = r#"{"id":241,"fulfillment_id":91,"order_id":1042,"status":"delivered",
    "happened_at":"2026-03-29T20:00:45+02:00","updated_at":"2026-03-29T20:00:45+02:00"}"#;
const REFUND: &str = r#"{"id":71,"order_id":1042,"created_at":"2026-03-29T20:00:50+02:00",
    "refund_line_items":[{"line_item_id":1,"quantity":1,"restock_type":"return","location_id":6,"subtotal":10.00}],
    "transactions":[{"id":61,"order_id":1042,"kind":"refund","status":"success","amount":"10.00","currency":"EUR",
    "gateway":"bogus","processed_at":"2026-03-29T20:00:50+02:00"}]}"#;

/// What an order goes through, and what Shopify sends twice or late of it.
fn life() -> Vec<(&'static str, &'static str, String, &'static str)> {
    let status = |second, status: &str| order(second, &serde_json::json!({ "financial_status": status })).to_string();
    let edited = serde_json::json!([{ "id": 1, "title": "Tea", "quantity": 3, "current_quantity": 3, "price": "10.00",
        "fulfillable_quantity": 3, "product_id": 7, "variant_id": 3, "variant_inventory_management": "shopify" }]);
    let closed = order(
        55,
        &serde_json::json!({ "financial_status": "partially_refunded", "line_items": edited,
            "closed_at": "2026-03-29T20:00:55+02:00" }),
    );
    vec![
        ("orders/create", "created", status(26, "pending"), "recorded"),
        ("orders/updated", "created-2", status(26, "pending"), "already_recorded"),
        ("orders/updated", "authorized", status(30, "authorized"), "recorded"),
        ("orders/edited", "edited", EDIT.to_owned(), "recorded"),
        // The same in other words.
        ("orders/edited", "edited-2", EDIT.replace('{', "{ "), "unchanged"),
        ("orders/paid", "paid", status(34, "paid"), "recorded"),
        ("orders/updated", "late", status(28, "pending"), "stale"),
        ("fulfillments/create", "sent", fulfillment(91, 40, None), "recorded"),
        ("fulfillments/create", "sent-rest", fulfillment(92, 41, None), "recorded"),
        ("fulfillments/update", "tracked", fulfillment(91, 42, Some("8J0001")), "recorded"),
        ("fulfillment_events/create", "delivered", WAYPOINT.to_owned(), "recorded"),
        ("refunds/create", "refunded", REFUND.to_owned(), "recorded"),
        ("orders/updated", "closed", closed.to_string(), "recorded"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life_is_told_with_its_reactions_its_rows_and_the_reason_of_each_dropped_delivery() {
    let dir = tempfile::tempdir().unwrap();
    let up = Up::start(dir.path(), &[]);
    send(&up, "products/create", "a", PRODUCT).await;
    send(&up, "inventory_levels/update", "b", LEVEL).await;
    settled(&up).await;
    let mut expected = Vec::new();
    for (topic, webhook_id, body, outcome) in life() {
        let sequence = send(&up, topic, webhook_id, &body).await;
        assert_eq!(send(&up, topic, webhook_id, &body).await, sequence, "the broker knows it again");
        expected.push((sequence, topic.to_owned(), outcome.to_owned()));
        settled(&up).await;
    }

    let trace = json(dir.path(), &["events", "trace", "1042", "--shop", "acme"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let deliveries = trace["deliveries"].as_array().unwrap();
    let came_to = |it: &Value| if it["reason"].is_null() { text(&it["outcome"]) } else { text(&it["reason"]) };
    let told: Vec<_> =
        deliveries.iter().map(|it| (it["sequence"].as_u64().unwrap(), text(&it["topic"]), came_to(it))).collect();
    assert_eq!(told, expected, "{trace:#}");

    let mut events = Vec::new();
    let mut reactions = Vec::new();
    for event in deliveries.iter().flat_map(|it| it["events"].as_array().unwrap()) {
        events.push(text(&event["type"]));
        reactions.extend(event["events"].as_array().unwrap().iter().map(|it| text(&it["type"])));
    }
    for event in ["placed", "payment_authorized", "edited", "paid", "fulfilled", "fulfillment_updated"] {
        assert!(events.contains(&format!("order.{event}")), "{event}: {events:?}");
    }
    for event in ["shipment_tracked", "refunded", "closed"] {
        assert!(events.contains(&format!("order.{event}")), "{event}: {events:?}");
    }
    for reaction in ["stock.allocated", "stock.shipped", "stock.received", "loyalty.points_earned"] {
        assert!(reactions.iter().any(|it| it == reaction), "{reaction}: {reactions:?}");
    }
    assert_eq!(trace["events"], serde_json::json!([]), "nothing of it is without its delivery");
    let rows = trace["rows"].as_array().unwrap();
    for model in ["orders", "order_lines", "stock", "loyalty"] {
        assert!(rows.iter().any(|row| row["model"] == model && row["behind"] == false), "{model}: {rows:?}");
    }
    // Whoever watches sees the same reasons counted.
    let metrics = reqwest::get(format!("{}/metrics", up.url)).await.unwrap().text().await.unwrap();
    for (reason, count) in [("window", expected.len()), ("already_recorded", 1), ("stale", 1), ("unchanged", 1)] {
        let line = format!("tillstream_webhook_duplicates_total{{reason=\"{reason}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line}");
    }

    // What is kept only says where to look: without it the streams say the same.
    let (elsewhere, nats) = (tempfile::tempdir().unwrap(), format!("nats://{}", up.nats));
    std::fs::create_dir(elsewhere.path().join("data")).unwrap();
    for keys in ["kek", "privacy.db"] {
        std::os::unix::fs::symlink(dir.path().join("data").join(keys), elsewhere.path().join("data").join(keys))
            .unwrap();
    }
    let args = ["events", "trace", "1042", "--shop", "acme", "--nats-url", &nats];
    let from_the_streams = json(elsewhere.path(), &args);
    assert_eq!(from_the_streams["deliveries"], trace["deliveries"]);
}
