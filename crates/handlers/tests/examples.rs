//! The examples of a service of one's own: each against a real broker, killed and started again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use aggregates::{Command as Told, Order};
use events::Shop;
use serde_json::json;
use shopify::{Delivery, Translation, translate};
use streams::{Cause, EventStore};
use tempfile::TempDir;
use testkit::Fixture;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running example; killed when dropped.
struct Example {
    child: Child,
    lines: Receiver<String>,
}

impl Example {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let example = Self { child, lines };
        assert_eq!(example.line(), "ready");
        example
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it says nothing more"))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

async fn order(fixture: &Fixture, id: u64, total: &str) {
    let shop: Shop = "acme".parse().unwrap();
    let body = json!({
        "id": id, "name": format!("#{id}"), "currency": "EUR", "test": false, "customer": {"id": 7},
        "created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z",
        "processed_at": "2026-03-01T12:00:00Z", "financial_status": "paid", "fulfillment_status": null, "tags": "",
        "total_price": total, "current_total_price": total, "subtotal_price": total, "total_tax": "0.00",
        "total_discounts": "0.00", "line_items": [], "refunds": [], "fulfillments": [], "shipping_lines": [],
    })
    .to_string();
    let delivery = Delivery {
        topic: Some("orders/create"),
        shop: &shop,
        api_version: None,
        triggered_at: None,
        received_at: events::Timestamp::UNIX_EPOCH,
        body: body.as_bytes(),
    };
    let Translation::Commands(commands) = translate(&delivery).unwrap() else { panic!("an order says something") };
    let cause = Cause { id: Cause::inbox_id(id), correlation_id: Cause::inbox_id(id), trace_parent: None };
    for command in commands {
        let key = command.key(&shop);
        let Told::Order(_, command) = command else { panic!("only the order") };
        EventStore::new(&fixture.broker).execute::<Order>(&key, command, &cause).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_in_rust_greets_a_vip_and_goes_on_after_a_kill() {
    let (fixture, folder) = (Fixture::single(&[]).await, TempDir::new().unwrap());
    let start = || {
        let mut command = Command::new(binary("vip_orders"));
        command.arg(fixture.url()).arg(format!("sqlite://{}", folder.path().join("vip.db").display()));
        Example::start(command)
    };
    let example = start();
    for (id, total) in [(1, "250.00"), (2, "99.99"), (3, "100.00"), (4, "120.00")] {
        order(&fixture, id, total).await;
    }
    assert_eq!(example.line(), "customer 7 of acme is a VIP: 3 large orders");
    drop(example);
    order(&fixture, 5, "500.00").await;
    assert_eq!(start().line(), "customer 7 of acme is a VIP: 4 large orders");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_in_python_counts_each_large_order_once() {
    let (fixture, folder) = (Fixture::single(&[]).await, TempDir::new().unwrap());
    let start = || {
        let mut command = Command::new(root().join("examples/python/run"));
        command.args(["vip_orders.py", &fixture.url()]).arg(folder.path().join("vip.sqlite"));
        Example::start(command)
    };
    let example = start();
    for (id, total) in [(1, "250.00"), (2, "99.99"), (3, "100.00")] {
        order(&fixture, id, total).await;
    }
    assert_eq!(example.line(), "customer 7 of acme: 1 large orders");
    assert_eq!(example.line(), "customer 7 of acme: 2 large orders");
    drop(example);
    order(&fixture, 4, "500.00").await;
    assert_eq!(start().line(), "customer 7 of acme: 3 large orders");
}

/// Built by `cargo test`, beside this test.
fn binary(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let binary = here.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(binary.is_file(), "{} is missing: `cargo build -p handlers --examples`", binary.display());
    binary
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
