//! A canary: what is planted in the words of fifty customers is found nowhere, and cannot be read when they are forgotten,
//! however the process dies.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::marks::{IP, NAME, PHONE, found_in, marked};
use crate::process::{PATIENCE, Up, tillstream};
use crate::shop::{json_of, order, run, said, say, settled};

const CUSTOMERS: u64 = 50;
/// Longer than any other number: a body names somebody by theirs.
const FIRST: u64 = 7_207_119_551;
/// Who is not forgotten, and has nothing planted.
const STAYS: u64 = 9_900_000_001;

/// Every third one has ordered as a guest only.
fn is_guest(n: u64) -> bool {
    n.is_multiple_of(3)
}

fn order_of(n: u64) -> u64 {
    FIRST + 1_000_000 + n
}

/// Nothing is planted in the telephone of who stays.
fn phone(name: &str) -> &'static str {
    if name == NAME { PHONE } else { "+4420794600" }
}

fn address(name: &str) -> Value {
    json!({"first_name": name, "last_name": name, "company": name, "address1": format!("1 {name} Road"), "address2": name,
        "city": format!("{name}ville"), "zip": format!("75{name}"), "country_code": "FR", "phone": phone(name)})
}

fn customer(id: u64, name: &str) -> Value {
    json!({
        "id": id, "first_name": name, "last_name": name, "state": "enabled", "email": format!("{name}{id}@example.com"),
        "phone": format!("{}{}", phone(name), id % 100), "note": format!("{name} likes tea"), "tags": "",
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "default_address": address(name),
    })
}

fn ordered(n: u64) -> Value {
    let mut body = order(0);
    let checkout = format!("checkout-of-{n}");
    let planted = [
        ("id", order_of(n).into()),
        ("name", format!("#{n}").into()),
        ("customer", if is_guest(n) { Value::Null } else { customer(FIRST + n, NAME) }),
        ("email", format!("{NAME}{n}@example.com").into()),
        ("contact_email", format!("{NAME}{n}@example.com").into()),
        ("phone", PHONE.into()),
        ("note", format!("{NAME} rings twice").into()),
        ("browser_ip", IP.into()),
        ("client_details", json!({"browser_ip": IP, "user_agent": NAME})),
        ("checkout_token", checkout.into()),
        ("shipping_address", address(NAME)),
        ("billing_address", address(NAME)),
    ];
    planted.into_iter().for_each(|(field, value)| body[field] = value);
    body
}

fn checkout(n: u64) -> Value {
    json!({
        "id": order_of(n) + 1_000_000, "token": format!("checkout-of-{n}"), "created_at": "2026-01-02T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z", "email": format!("{NAME}{n}@example.com"), "phone": PHONE, "currency": "EUR",
        "total_price": "0", "line_items": [], "abandoned_checkout_url": format!("https://acme.example/{NAME}"),
        "shipping_address": address(NAME), "billing_address": address(NAME), "customer_locale": "fr",
    })
}

/// As Shopify asks for it, with all that it knows of them.
fn redact(n: u64) -> Value {
    let customer = json!({"id": FIRST + n, "email": format!("{NAME}{n}@example.com"), "phone": PHONE});
    json!({"shop_domain": "acme.myshopify.com", "customer": customer, "orders_to_redact": [order_of(n)]})
}

/// `up` with its whole log in a file beside its data.
fn start(dir: &Path) -> Up {
    let log = File::options().create(true).append(true).open(dir.join("up.log")).unwrap();
    let mut command = tillstream(dir);
    command.args(["up", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(log).env("RUST_LOG", "info");
    command.env("TILLSTREAM_SHOPS_0_DOMAIN", "acme.myshopify.com").env("TILLSTREAM_SHOPS_0_SECRETS", "secret");
    command.env("TILLSTREAM_ACCESS_OPEN", "true");
    Up::spawn(dir, command)
}

async fn shown(up: &Up, path: &str) -> String {
    reqwest::get(format!("{}{path}", up.url)).await.unwrap().text().await.unwrap()
}

/// Whatever can be read of somebody.
fn paths(n: u64) -> Vec<String> {
    let order = order_of(n);
    let mut paths = vec![
        format!("/v1/acme/orders/{order}"),
        format!("/v1/acme/orders/{order}/events"),
        format!("/v1/acme/orders/{order}/timeline"),
        format!("/v1/acme/notifications?order_id={order}"),
    ];
    if !is_guest(n) {
        let customer = FIRST + n;
        paths.extend([format!("/v1/acme/customers/{customer}"), format!("/v1/acme/customers/{customer}/events")]);
    }
    paths
}

async fn until_forgotten(up: &Up, dir: &Path, requests: usize) {
    let since = Instant::now();
    loop {
        settled(up).await;
        let all = json_of(dir, &["privacy", "requests"]);
        let done = all.as_array().unwrap().iter().filter(|request| request["state"] == "done").count();
        if done == requests {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "{done} of {requests} are forgotten");
    }
}

/// Of everybody, over HTTP, and of some by the commands that open.
async fn readable(up: &Up, dir: &Path) -> usize {
    let mut found = 0;
    for n in 1..=CUSTOMERS {
        for path in paths(n) {
            let text = shown(up, &path).await;
            assert!(text.starts_with('{') || text.starts_with('['), "{path}: {text}");
            found += usize::from(!found_in(text.as_bytes()).is_empty());
        }
    }
    let history: Value = serde_json::from_str(&shown(up, &paths(1)[5]).await).unwrap();
    let position = history["data"][0]["position"].to_string();
    let commands =
        [&["events", "show", position.trim_matches('"'), "--open"][..], &["quarantine", "show", "1", "--body"]];
    for command in commands {
        let output = run(dir, command);
        found += usize::from(!found_in(&output.stdout).is_empty() || !found_in(&output.stderr).is_empty());
    }
    found
}

fn export(dir: &Path, n: u64, file: &str) -> Value {
    let (customer, order) = ((FIRST + n).to_string(), order_of(n).to_string());
    let who = ["privacy", "export", "--shop", "acme", "--customer", &customer, "--order", &order, "--reason", "a test"];
    said(run(dir, &[&who[..], &["--file", file]].concat()), 0);
    let report = std::fs::read(dir.join(file)).unwrap();
    std::fs::remove_file(dir.join(file)).unwrap();
    serde_json::from_slice(&report).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planted_is_found_nowhere_and_cannot_be_read_once_its_people_are_forgotten() {
    let (dir, beside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    let up = start(dir);
    say(&up, "customers/create", &customer(STAYS, "Bob")).await;
    for n in 1..=CUSTOMERS {
        if !is_guest(n) {
            say(&up, "customers/create", &customer(FIRST + n, NAME)).await;
        }
        say(&up, "checkouts/create", &checkout(n)).await;
        say(&up, "orders/create", &ordered(n)).await;
    }
    // What cannot be read is kept too.
    say(&up, "orders/unheard_of", &ordered(1)).await;
    settled(&up).await;

    // The control: it is there for who may read it.
    assert!(readable(&up, dir).await > usize::try_from(CUSTOMERS).unwrap() * 2);
    let report = export(dir, 1, "report.json");
    let of: Vec<&str> = report["aggregates"].as_array().unwrap().iter().map(|it| it["of"].as_str().unwrap()).collect();
    let theirs =
        [format!("customer/{}", FIRST + 1), "checkout/checkout-of-1".to_owned(), format!("order/{}", order_of(1))];
    assert!(theirs.iter().all(|key| of.contains(&key.as_str())), "{of:?}");
    assert_eq!(found_in(report.to_string().as_bytes()).into_iter().collect::<Vec<_>>(), [PHONE, NAME]);
    // And nowhere else.
    said(run(dir, &["events", "export", "--file", "export.ndjson"]), 0);
    assert_eq!(marked(dir), [], "before");
    // A backup of all databases: keys, read models, local copies, snapshots.
    up.signal(Signal::KILL);
    drop(up);
    copy_databases(&dir.join("data"), beside.path());
    let up = start(dir);

    // In the middle of it the process dies.
    for n in 1..=CUSTOMERS / 2 {
        say(&up, "customers/redact", &redact(n)).await;
    }
    up.signal(Signal::KILL);
    drop(up);
    let up = start(dir);
    for n in CUSTOMERS / 2 + 1..=CUSTOMERS {
        say(&up, "customers/redact", &redact(n)).await;
    }
    until_forgotten(&up, dir, usize::try_from(CUSTOMERS).unwrap()).await;
    assert!(shown(&up, &format!("/v1/acme/customers/{STAYS}")).await.contains("Bob"), "somebody else is not forgotten");
    assert!(shown(&up, &format!("/v1/acme/customers/{STAYS}/events")).await.contains("Bob likes tea"));

    let mut late = customer(FIRST + 1, NAME);
    late["updated_at"] = "2026-02-01T00:00:00Z".into();
    say(&up, "customers/update", &late).await;
    settled(&up).await;
    gone(&up, dir).await;
    let verified = run(dir, &["projections", "verify", "--all"]);
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stderr));
    certified(dir);

    // It comes back.
    up.signal(Signal::KILL);
    drop(up);
    for file in databases(&dir.join("data")) {
        std::fs::remove_file(file).unwrap();
    }
    assert!(copy_databases(beside.path(), &dir.join("data")) > 5);
    let up = start(dir);
    until_forgotten(&up, dir, usize::try_from(CUSTOMERS).unwrap()).await;
    gone(&up, dir).await;
    assert!(shown(&up, &format!("/v1/acme/customers/{STAYS}")).await.contains("Bob"));
}

/// With what the databases have not written to their places yet.
fn databases(dir: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file() && path.to_string_lossy().contains(".db")).collect()
}

/// Gives how many files there are; those that only a running process needs are left out.
fn copy_databases(from: &Path, to: &Path) -> usize {
    let files = databases(from).into_iter().filter(|file| !file.to_string_lossy().ends_with("-shm"));
    let files: Vec<PathBuf> = files.collect();
    for file in &files {
        std::fs::copy(file, to.join(file.file_name().unwrap())).unwrap();
    }
    files.len()
}

/// Nobody can read it, and it stands in no file, export or metric.
async fn gone(up: &Up, dir: &Path) {
    assert_eq!(readable(up, dir).await, 0);
    assert_eq!(found_in(shown(up, "/metrics").await.as_bytes()).len(), 0);
    assert_eq!(found_in(export(dir, 1, "report.json").to_string().as_bytes()).len(), 0);
    std::fs::remove_file(dir.join("export.ndjson")).unwrap();
    said(run(dir, &["events", "export", "--file", "export.ndjson"]), 0);
    assert_eq!(marked(dir), []);
}

/// Who asks gets a proof that others can check.
fn certified(dir: &Path) {
    let id = (FIRST + 1).to_string();
    let certificate = said(run(dir, &["privacy", "certificate", "--shop", "acme", "--customer", &id]), 0);
    assert_eq!(found_in(certificate.as_bytes()).len(), 0);
    std::fs::write(dir.join("certificate.json"), &certificate).unwrap();
    let key = said(run(dir, &["privacy", "certificate", "--public-key"]), 0);
    let check = ["privacy", "certificate", "--verify", "certificate.json"];
    assert!(said(run(dir, &check), 0).starts_with(&format!("genuine: customer/{id} of acme was forgotten at ")));
    said(run(dir, &[&check[..], &["--public-key", key.trim()]].concat()), 0);
    said(run(dir, &[&check[..], &["--public-key", "AAAA"]].concat()), 5);
    std::fs::write(dir.join("certificate.json"), certificate.replace(&id, &STAYS.to_string())).unwrap();
    said(run(dir, &check), 5);
    let stays = STAYS.to_string();
    said(run(dir, &["privacy", "certificate", "--shop", "acme", "--customer", &stays]), 3);
    std::fs::remove_file(dir.join("certificate.json")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_may_ask_too() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let up = start(dir);
    say(&up, "customers/create", &customer(FIRST, NAME)).await;
    settled(&up).await;
    let id = FIRST.to_string();
    let ask = ["privacy", "redact", "--shop", "acme", "--customer", &id, "--reason", "a test"];
    assert!(said(run(dir, &[&ask[..], &["--dry-run"]].concat()), 0).contains("would have"));
    assert_eq!(json_of(dir, &["privacy", "requests"]), json!([]));
    said(run(dir, &ask), 0);
    until_forgotten(&up, dir, 1).await;
    assert_eq!(json_of(dir, &["privacy", "requests"])[0]["reason"], "a test");
    assert!(said(run(dir, &["privacy", "requests"]), 0).contains("to be forgotten (a test)"));
    said(run(dir, &[&ask[..6], &["--reason", &"x".repeat(201)]].concat()), 2);
    assert_eq!(found_in(shown(&up, &format!("/v1/acme/customers/{id}/events")).await.as_bytes()).len(), 0);
    assert!(shown(&up, "/metrics").await.contains("tillstream_privacy_requests_open"));
}
