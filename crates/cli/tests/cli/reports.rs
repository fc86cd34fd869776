//! A customer wants to know what is held of them: the merchant fetches the report once, with a key that is for it.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::process::Up;
use crate::shop::{json_of, order, run, said, say, settled};

const CONFIG: &str = "[[shops]]\ndomain = \"acme.myshopify.com\"\nsecrets = [\"secret\"]\n";
const MAIL: &str = "ann-canary@example.com";

async fn told(up: &Up) {
    let customer = json!({
        "id": 7, "first_name": "Ann", "state": "enabled", "email": MAIL, "tags": "",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    });
    say(up, "customers/create", &customer).await;
    say(up, "orders/create", &order(0)).await;
    for id in [55, 56] {
        let request = json!({
            "shop_domain": "acme.myshopify.com", "customer": {"id": 7, "email": MAIL}, "orders_requested": [],
            "data_request": {"id": id},
        });
        say(up, "customers/data_request", &request).await;
    }
    settled(up).await;
}

fn key(dir: &Path, scope: &str) -> String {
    let make = ["keys", "create", "--shop", "acme", "--name", "merchant", "--reason", "a test", "--scope", scope];
    json_of(dir, &make)["key"].as_str().unwrap().to_owned()
}

/// Each request's number, state and deadline.
fn requests(dir: &Path, open: bool) -> Vec<(String, String)> {
    let all = json_of(dir, if open { &["privacy", "requests", "--open"] } else { &["privacy", "requests"] });
    let row = |row: &Value| (row["id"].as_str().unwrap().to_owned(), row["state"].as_str().unwrap().to_owned());
    let mut rows: Vec<_> = all.as_array().unwrap().iter().map(row).collect();
    rows.sort_unstable();
    rows
}

fn states(of_55: &str, of_56: &str) -> Vec<(String, String)> {
    [("55", of_55), ("56", of_56)].map(|(id, state)| (id.to_owned(), state.to_owned())).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_fetched_once_and_the_request_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    std::fs::write(dir.join("tillstream.toml"), CONFIG).unwrap();
    let up = Up::guarded(dir, &[]);
    told(&up).await;
    let (reader, merchant) = (key(dir, "read"), key(dir, "privacy"));
    let ask = async |key: &str| {
        let request = reqwest::Client::new().get(format!("{}/v1/acme/privacy/reports/55", up.url)).bearer_auth(key);
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    };
    assert_eq!(requests(dir, false), states("open", "open"));
    assert_eq!(ask(&reader).await.0, StatusCode::FORBIDDEN);
    let (status, report) = ask(&merchant).await;
    assert_eq!(status, StatusCode::OK);
    assert!(report.contains(MAIL), "{report}");
    let (status, refusal) = ask(&merchant).await;
    assert_eq!((status, refusal.contains("handed_over"), refusal.contains(MAIL)), (StatusCode::GONE, true, false));
    assert_eq!(requests(dir, false), states("done", "open"));
    assert_eq!(requests(dir, true), states("done", "open")[1..]);

    // By hand it is the same, and can be had again.
    let export = ["privacy", "export", "--shop", "acme", "--reason", "a test", "--file"];
    for (request, file) in [("55", "again.json"), ("56", "other.json")] {
        said(run(dir, &[&export[..], &[file, "--request", request]].concat()), 0);
        let written: Value = serde_json::from_slice(&std::fs::read(dir.join(file)).unwrap()).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(&report).unwrap(), "of one customer, and of one moment");
    }
    said(run(dir, &[&export[..], &["none.json", "--request", "57"]].concat()), 3);
    assert!(!dir.join("none.json").exists());
    assert_eq!(requests(dir, true), []);
    let status = json_of(dir, &["status"]);
    assert_eq!(status["reports"], json!({"open": 0, "due_at": null}));
}
