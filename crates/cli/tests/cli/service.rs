//! A service as a process of its own, beside an ingress and a recorder.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::{Nats, free_address, listens, run, tillstream, until};
use crate::shop::webhook;

const STOCKED: i64 = 10_000;
/// Of these, every fifth is cancelled while the service is away.
const BEFORE: u64 = 20;
const MEANWHILE: u64 = 200;
/// The place of a reader that was killed is free after eighteen seconds.
const TAKEN_OVER: Duration = Duration::from_secs(90);

/// One role; killed when dropped.
struct Role {
    child: Child,
    address: SocketAddr,
}

impl Role {
    fn start(dir: &Path, nats: &Nats, role: &[&str]) -> Self {
        let address = free_address();
        let mut command = tillstream(dir);
        command.args(role).args(["--nats-url", &nats.url(), "--listen", &address.to_string()]);
        command.env("TILLSTREAM_SHOPS_0_DOMAIN", "acme.myshopify.com").env("TILLSTREAM_SHOPS_0_SECRETS", "secret");
        command.env("TILLSTREAM_PRIVACY_KEK", "env:A_KEK").env("A_KEK", "01".repeat(32));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let role = Self { child, address };
        until("a role listens", || listens(address));
        role
    }

    async fn post(&self, topic: &str, body: &Value) {
        let request = webhook(&format!("http://{}", self.address), "secret", topic, &body.to_string());
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn product() -> Value {
    json!({
        "id": 5, "title": "Tea", "status": "active", "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "variants": [{"id": 7, "inventory_item_id": 70, "title": "Green", "price": "3.00"}],
    })
}

fn level() -> Value {
    json!({"inventory_item_id": 70, "location_id": 9, "available": STOCKED, "updated_at": "2026-01-01T00:00:00Z"})
}

fn order(id: u64, cancelled: bool) -> Value {
    json!({
        "id": id, "name": format!("#{id}"), "currency": "EUR", "test": false,
        "created_at": "2026-03-01T12:00:00Z", "processed_at": "2026-03-01T12:00:00Z",
        "updated_at": if cancelled { "2026-03-01T13:00:00Z" } else { "2026-03-01T12:00:00Z" },
        "cancelled_at": cancelled.then_some("2026-03-01T13:00:00Z"),
        "financial_status": "paid", "fulfillment_status": null, "tags": "", "total_price": "6.00",
        "current_total_price": "6.00", "subtotal_price": "6.00", "total_tax": "0.00", "total_discounts": "0.00",
        "line_items": [{
            "id": id * 10, "product_id": 5, "variant_id": 7, "title": "Tea", "quantity": 2,
            "current_quantity": if cancelled { 0 } else { 2 }, "price": "3.00", "gift_card": false,
            "variant_inventory_management": "shopify",
        }],
        "refunds": [], "fulfillments": [], "shipping_lines": [],
    })
}

/// What is promised and what is left, as the log says.
fn stock(dir: &Path, nats: &Nats) -> Option<(i64, i64)> {
    let args = ["inventory", "level", "70", "--shop", "acme", "--output", "json", "--nats-url", &nats.url()];
    let levels: Value = serde_json::from_slice(&run(dir, &args).stdout).ok()?;
    Some((levels[0]["allocated"].as_i64()?, levels[0]["available"].as_i64()?))
}

/// What waits for a subscriber, delivered or not.
fn waiting(dir: &Path, nats: &Nats, name: &str) -> Option<u64> {
    let args = ["subscribers", "ls", "--output", "json", "--nats-url", &nats.url()];
    let durables: Vec<Value> = serde_json::from_slice(&run(dir, &args).stdout).ok()?;
    let durable = durables.iter().find(|durable| durable["name"] == name)?;
    assert_eq!(durable["dead"], 0);
    Some(durable["pending"].as_u64()? + durable["ack_pending"].as_u64()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_was_away_for_long_catches_up() {
    let dir = tempfile::tempdir().unwrap();
    let nats = Nats::start(dir.path(), free_address(), "");
    assert_eq!(run(dir.path(), &["streams", "ensure", "--nats-url", &nats.url()]).status.code(), Some(0));
    let ingress = Role::start(dir.path(), &nats, &["ingress"]);
    let _recorder = Role::start(dir.path(), &nats, &["recorder"]);
    let inventory = Role::start(dir.path(), &nats, &["handlers", "inventory"]);
    ingress.post("products/create", &product()).await;
    ingress.post("inventory_levels/update", &level()).await;
    for id in 1..=BEFORE {
        ingress.post("orders/create", &order(id, false)).await;
    }
    let promised = 2 * i64::try_from(BEFORE).unwrap();
    until("the first orders are promised", || stock(dir.path(), &nats) == Some((promised, STOCKED - promised)));

    drop(inventory);
    for id in BEFORE + 1..=BEFORE + MEANWHILE {
        ingress.post("orders/create", &order(id, false)).await;
    }
    for id in (5..=BEFORE + MEANWHILE).step_by(5) {
        ingress.post("orders/cancelled", &order(id, true)).await;
    }
    until("all is recorded", || waiting(dir.path(), &nats, "recorder") == Some(0));
    assert_eq!(stock(dir.path(), &nats), Some((promised, STOCKED - promised)), "nobody was there to promise");
    assert!(waiting(dir.path(), &nats, "allocate_stock").unwrap() >= MEANWHILE);

    let _again = Role::start(dir.path(), &nats, &["handlers", "inventory"]);
    let since = Instant::now();
    while waiting(dir.path(), &nats, "allocate_stock") != Some(0) {
        assert!(since.elapsed() < TAKEN_OVER, "it does not catch up");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let promised = 2 * i64::try_from((BEFORE + MEANWHILE) * 4 / 5).unwrap();
    assert_eq!(stock(dir.path(), &nats), Some((promised, STOCKED - promised)));
}
