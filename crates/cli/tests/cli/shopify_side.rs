//! What is said to Shopify, and what a change of its version would do.

use std::path::Path;

use serde_json::Value;

use crate::process::run;

/// Of 2023: its line does not say what is left of it, and one of two was given back.
const OLD_ORDER: &str = r##"{"id":9007199254740993,"name":"#1","created_at":"2023-10-01T00:00:00Z","updated_at":"2023-10-02T00:00:00Z","currency":"EUR","financial_status":"paid","fulfillment_status":null,"total_price":"20.00","subtotal_price":"20.00","total_tax":"0.00","total_discounts":"0.00","shipping_lines":[],"line_items":[{"id":11,"variant_id":31,"title":"Tea","quantity":2,"price":"10.00"}],"refunds":[{"id":71,"created_at":"2023-10-02T00:00:00Z","refund_line_items":[{"line_item_id":11,"quantity":1,"restock_type":"cancel"}],"transactions":[]}]}"##;

fn payloads(dir: &Path) {
    std::fs::create_dir(dir.join("payloads")).unwrap();
    std::fs::write(dir.join("payloads/orders__updated--old.json"), OLD_ORDER).unwrap();
    std::fs::write(dir.join("payloads/themes__publish.json"), "{}").unwrap();
    std::fs::write(dir.join("payloads/orders__create--broken.json"), "{").unwrap();
    std::fs::write(dir.join("payloads/notes.json"), "{}").unwrap();
}

fn compare(dir: &Path, from: &str, to: &str, more: &[&str]) -> (Option<i32>, String) {
    let args = ["schemas", "check", "--payloads", "payloads", "--from", from, "--to", to];
    let output = run(dir, &[&args[..], more].concat());
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_change_of_version_shows_which_events_and_rows_come_out_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    payloads(dir.path());
    let (code, table) = compare(dir.path(), "2023-10", "2026-07", &[]);
    assert_eq!(code, Some(5), "{table}");
    assert!(table.contains("order.placed (event 1)") && table.contains("current_quantity"), "{table}");
    assert!(table.contains("orders/payloads/9007199254740993"), "{table}");

    let (code, json) = compare(dir.path(), "2023-10", "2026-07", &["--output", "json"]);
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &report["bodies"]), (Some(5), &Value::from(3)));
    assert_eq!(report["passed_over"], serde_json::json!(["notes.json"]));
    let differences = report["differences"].as_array().unwrap();
    assert!(differences.iter().all(|one| one["file"] == "orders__updated--old.json"), "{json}");
}

#[test]
fn versions_that_say_the_same_differ_in_nothing() {
    let dir = tempfile::tempdir().unwrap();
    payloads(dir.path());
    let (code, table) = compare(dir.path(), "2024-04", "2026-07", &[]);
    assert_eq!(code, Some(0), "{table}");
    assert!(table.contains("3 bodies compared, 1 passed over, 0 differences"), "{table}");
}

#[test]
fn a_comparison_that_cannot_be_made_says_why() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(compare(dir.path(), "2024-04", "2026-07", &[]).0, Some(2), "there is no such folder");
    std::fs::create_dir(dir.path().join("payloads")).unwrap();
    assert_eq!(compare(dir.path(), "2024-04", "2026-07", &[]).0, Some(3), "there is nothing in it");
    assert_eq!(compare(dir.path(), "2024-05", "2026-07", &[]).0, Some(2), "there is no such version");
    let alone = run(dir.path(), &["schemas", "check", "--payloads", "payloads"]);
    assert_eq!(alone.status.code(), Some(2));
}

#[test]
fn the_section_for_shopify_is_toml_and_follows_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let print = |args: &[&str]| {
        let output = run(dir.path(), &[&["shopify", "toml"], args].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().parse::<toml::Table>().unwrap()
    };
    let uris = |table: &toml::Table| -> Vec<String> {
        let subscriptions = table["webhooks"]["subscriptions"].as_array().unwrap();
        subscriptions.iter().map(|one| one["uri"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(uris(&print(&[])), ["/webhooks/shopify"; 2]);
    std::fs::write(dir.path().join("shop.toml"), "[webhooks]\nuri = \"pubsub://p:t\"\n").unwrap();
    assert_eq!(uris(&print(&["--config", "shop.toml"])), ["pubsub://p:t"; 2]);
    let cut =
        print(&["--config", "shop.toml", "--uri", "https://a.example/in", "--include-fields", "line_items.id,note"]);
    let subscriptions = cut["webhooks"]["subscriptions"].as_array().unwrap();
    let fields = |one: &toml::Value| one.get("include_fields").map(toml::Value::to_string);
    let cut_down: Vec<String> = subscriptions.iter().filter_map(fields).collect();
    assert_eq!(cut_down.len() + 1, subscriptions.len(), "all but those of compliance");
    assert!(cut_down.iter().all(|fields| fields.contains("updated_at") && fields.contains("note")));
    let bad = run(dir.path(), &["shopify", "toml", "--uri", "http://a.example"]);
    assert_eq!(bad.status.code(), Some(2));
}
