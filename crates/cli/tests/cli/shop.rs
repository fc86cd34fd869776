//! A shop with one product, told to a running `up` by signed webhooks.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use shopify::{Secret, sign};

use crate::process::{PATIENCE, Up, tillstream};

pub(crate) async fn say(up: &Up, topic: &str, body: &Value) {
    deliver(up, topic, &[], &body.to_string()).await;
}

/// With the ids that Shopify gives to deliveries and actions; gives the webhook's sequence in `INBOX`.
pub(crate) async fn send(up: &Up, topic: &str, webhook_id: &str, body: &str) -> u64 {
    let action = format!("action-of-{webhook_id}");
    deliver(up, topic, &[("X-Shopify-Webhook-Id", webhook_id), ("X-Shopify-Event-Id", &action)], body).await
}

async fn deliver(up: &Up, topic: &str, ids: &[(&str, &str)], body: &str) -> u64 {
    let request = webhook(&up.url, "secret", topic, body);
    let request = ids.iter().fold(request, |request, (name, id)| request.header(*name, *id));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.headers()["x-inbox-sequence"].to_str().unwrap().parse().unwrap()
}

/// As Shopify sends it, signed with this secret of the shop.
pub(crate) fn webhook(url: &str, secret: &str, topic: &str, body: &str) -> RequestBuilder {
    reqwest::Client::new()
        .post(format!("{url}/webhooks/shopify"))
        .header("X-Shopify-Topic", topic)
        .header("X-Shopify-Shop-Domain", "acme.myshopify.com")
        .header("X-Shopify-Hmac-Sha256", sign(body.as_bytes(), &Secret::new(secret).unwrap()))
        .body(body.to_owned())
}

/// Waits until nothing is pending anywhere; tells the log's last position.
pub(crate) async fn settled(up: &Up) -> u64 {
    let since = Instant::now();
    loop {
        let status: Value = reqwest::get(format!("{}/v1/status", up.url)).await.unwrap().json().await.unwrap();
        if status["settled"] == true {
            return status["events"]["head"].as_u64().unwrap();
        }
        assert!(since.elapsed() < PATIENCE, "not settled: {status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The command with the shop that `up` was started with.
pub(crate) fn run(dir: &Path, args: &[&str]) -> Output {
    let mut command = tillstream(dir);
    command.env("TILLSTREAM_SHOPS_0_DOMAIN", "acme.myshopify.com").env("TILLSTREAM_SHOPS_0_SECRETS", "secret");
    command.args(args).output().unwrap()
}

/// What it prints when it ends with this code.
pub(crate) fn said(output: Output, code: i32) -> String {
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{stdout}{stderr}");
    if code == 0 { stdout } else { stderr }
}

pub(crate) fn json_of(dir: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&said(run(dir, &[args, &["--output", "json"]].concat()), 0)).unwrap()
}

/// A mug, 6 of them at location 60 and 10 at location 61.
pub(crate) async fn open(up: &Up) {
    let product = json!({
        "id": 50, "title": "Mug", "vendor": "Potter", "product_type": "Mugs", "status": "active", "tags": "",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "variants": [{
            "id": 51, "inventory_item_id": 52, "sku": "MUG", "title": "Large", "price": "10.00",
            "compare_at_price": null, "inventory_management": "shopify",
        }],
    });
    say(up, "products/create", &product).await;
    for (location, available) in [(60, 6), (61, 10)] {
        let at = "2026-01-01T00:00:01Z";
        let level = json!({"inventory_item_id": 52, "location_id": location, "available": available, "updated_at": at});
        say(up, "inventory_levels/update", &level).await;
    }
}

/// Ten mugs for customer 7, paid; so many of them refunded.
pub(crate) fn order(refunded: u32) -> Value {
    let back = json!({
        "id": 90, "created_at": "2026-01-03T00:00:00Z", "note": null, "transactions": [], "refund_line_items": [
            {"id": 91, "line_item_id": 11, "quantity": refunded, "restock_type": "cancel", "location_id": 60},
        ],
    });
    json!({
        "id": 1001, "name": "#1001", "currency": "EUR", "test": false, "email": "ann@example.com", "source_name": "web",
        "created_at": "2026-01-02T00:00:00Z", "processed_at": "2026-01-02T00:00:00Z",
        "updated_at": format!("2026-01-03T00:00:{refunded:02}Z"), "customer": {"id": 7},
        "financial_status": "paid", "fulfillment_status": null, "tags": "", "total_discounts": "0.00",
        "total_price": "100.00", "current_total_price": "100.00", "subtotal_price": "100.00", "total_tax": "0.00",
        "line_items": [{
            "id": 11, "product_id": 50, "variant_id": 51, "sku": "MUG", "title": "Mug", "quantity": 10,
            "current_quantity": 10 - refunded, "price": "10.00", "gift_card": false,
            "variant_inventory_management": "shopify",
        }],
        "refunds": if refunded > 0 { vec![back] } else { Vec::new() }, "fulfillments": [], "shipping_lines": [],
    })
}
