//! A canary: what is planted in a customer's words is found nowhere that is not the inbox, and is gone when they are
//! forgotten, however the process dies.

use std::path::{Path, PathBuf};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::process::{PATIENCE, Up};
use crate::shop::{json_of, order, run, said, say, settled};

/// Nobody is called so.
const MARK: &str = "Zyxcanary";

fn customer(id: u64) -> Value {
    json!({
        "id": id, "first_name": format!("{MARK}first"), "last_name": format!("{MARK}last"), "state": "enabled",
        "email": format!("{MARK}{id}@example.com"), "phone": "+33612345678", "note": format!("{MARK} likes tea"),
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "default_address": {"first_name": format!("{MARK}first"), "address1": format!("1 {MARK} Road"),
            "city": format!("{MARK}ville"), "country_code": "FR"},
    })
}

fn ordered() -> Value {
    let mut body = order(0);
    body["email"] = format!("{MARK}@example.com").into();
    body["note"] = format!("{MARK} rings twice").into();
    body["shipping_address"] = json!({"first_name": MARK, "city": format!("{MARK}ville"), "country_code": "FR"});
    body
}

/// The mark as it would stand in a file: in clear, in hexadecimal, in base64 at each alignment, in UTF-16.
fn spellings() -> Vec<Vec<u8>> {
    let hex: String = MARK.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![MARK.into(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    all.push(MARK.encode_utf16().flat_map(u16::to_le_bytes).collect());
    all.push(MARK.encode_utf16().flat_map(u16::to_be_bytes).collect());
    for before in 0..3 {
        let text = STANDARD_NO_PAD.encode([" ".repeat(before).as_bytes(), MARK.as_bytes()].concat());
        // The first and the last characters depend on what stands beside it.
        all.push(text.as_bytes()[4..text.len() - 3].to_vec());
    }
    all
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The files that hold the mark.
fn marked(folder: &Path) -> Vec<PathBuf> {
    let spellings = spellings();
    let holds = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        spellings.iter().any(|mark| bytes.windows(mark.len()).any(|part| part.eq_ignore_ascii_case(mark)))
    };
    files(folder).into_iter().filter(holds).collect()
}

fn in_the_inbox(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "INBOX")
}

async fn shown(up: &Up, path: &str) -> String {
    reqwest::get(format!("{}{path}", up.url)).await.unwrap().text().await.unwrap()
}

fn open_requests(dir: &Path) -> Vec<Value> {
    json_of(dir, &["privacy", "requests", "--open"]).as_array().unwrap().clone()
}

async fn until_forgotten(up: &Up, dir: &Path) {
    let since = Instant::now();
    loop {
        settled(up).await;
        let requests = json_of(dir, &["privacy", "requests"]);
        if !requests.as_array().unwrap().is_empty() && open_requests(dir).is_empty() {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "not forgotten: {requests}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_mark_is_found_in_the_inbox_only_and_cannot_be_read_once_its_customer_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let up = Up::start(dir.path(), &[]);
    say(&up, "customers/create", &customer(7)).await;
    say(&up, "customers/create", &customer(8)).await;
    say(&up, "orders/create", &ordered()).await;
    settled(&up).await;
    // The control: it is there, and would be found.
    assert!(shown(&up, "/v1/acme/customers/7").await.contains(MARK));
    assert!(shown(&up, "/v1/acme/orders/1001/events").await.contains(MARK));
    let export = dir.path().join("export.ndjson");
    said(run(dir.path(), &["events", "export", "--file", &export.display().to_string()]), 0);
    let found = marked(dir.path());
    assert!(found.iter().any(|path| in_the_inbox(path)), "the inbox holds bodies as they came: {found:?}");
    assert_eq!(found.into_iter().filter(|path| !in_the_inbox(path)).collect::<Vec<_>>(), Vec::<PathBuf>::new());

    let report = dir.path().join("report.json");
    let who = ["privacy", "export", "--shop", "acme", "--customer", "7", "--reason", "a test", "--file"];
    said(run(dir.path(), &[&who[..], &[&report.display().to_string()]].concat()), 0);
    let held: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let of: Vec<&str> =
        held["aggregates"].as_array().unwrap().iter().map(|held| held["of"].as_str().unwrap()).collect();
    assert_eq!(of, ["customer/7", "loyalty/7", "order/1001"]);
    assert_eq!(held["aggregates"][0]["events"][0]["data"]["profile"]["email"], format!("{MARK}7@example.com"));
    std::fs::remove_file(report).unwrap();

    let redact = json!({"shop_domain": "acme.myshopify.com", "customer": {"id": 7}, "orders_to_redact": [1001]});
    say(&up, "customers/redact", &redact).await;
    up.signal(Signal::KILL);
    drop(up);
    let up = Up::start(dir.path(), &[]);
    until_forgotten(&up, dir.path()).await;
    for path in ["/v1/acme/customers/7", "/v1/acme/customers/7/events", "/v1/acme/orders/1001/events"] {
        let text = shown(&up, path).await;
        assert!(text.contains("\"position\"") && !text.contains(MARK), "{path}: {text}");
    }
    assert!(shown(&up, "/v1/acme/customers/8").await.contains(MARK), "somebody else is not forgotten");
    let trace = said(run(dir.path(), &["events", "show", "1", "--open"]), 0);
    assert!(!trace.contains(MARK), "{trace}");

    said(run(dir.path(), &["privacy", "redact", "--shop", "acme", "--customer", "8", "--reason", "a test"]), 0);
    until_forgotten(&up, dir.path()).await;
    assert!(!shown(&up, "/v1/acme/customers/8").await.contains(MARK));
    let mut late = customer(8);
    late["updated_at"] = "2026-02-01T00:00:00Z".into();
    say(&up, "customers/update", &late).await;
    settled(&up).await;
    assert!(!shown(&up, "/v1/acme/customers/8/events").await.contains(MARK), "what comes late is not kept");
    let verified = run(dir.path(), &["projections", "verify", "--all"]);
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stderr));
    let outside: Vec<PathBuf> = marked(dir.path()).into_iter().filter(|path| !in_the_inbox(path)).collect();
    assert_eq!(outside, Vec::<PathBuf>::new());
}
