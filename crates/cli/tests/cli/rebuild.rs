//! Read models under the hands of an operator, beside a running `up`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use db::{Change, Content, Database, RowKey, Value as Column};
use serde_json::Value;
use testkit::{PostgresServer, RawPublisher};

use crate::process::{Up, run, tillstream, until};

/// Copies of the fixture's events, so that a rebuild takes long enough to be killed on the way.
const ROUNDS: u32 = 60;

/// Exit code and output, the output read as JSON.
fn json(dir: &Path, args: &[&str]) -> (Option<i32>, Value) {
    let output = run(dir, &[args, &["--output", "json"]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or(Value::String(stderr)))
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_in_files_are_verified_rebuilt_switched_and_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    story(folder.path(), &format!("sqlite://{}", folder.path().join("rows").display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_on_a_server_are_verified_rebuilt_switched_and_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    story(folder.path(), &PostgresServer::database()).await;
}

/// The long form: `tillstream bench proof --events 1000000 --postgres URL`.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_rebuilt_under_reads_and_killed_three_times_is_what_is_live() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = PostgresServer::database();
    let (code, proofs) = json(folder.path(), &["bench", "proof", "--events", "3000", "--postgres", &postgres]);
    assert_eq!(code, Some(0), "{proofs}");
    let proofs = proofs.as_array().unwrap();
    assert_eq!(proofs.len(), 2);
    for proof in proofs {
        assert_eq!((&proof["kills"], &proof["differences"]), (&3.into(), &0.into()), "{proof}");
        assert!(proof["rows"].as_u64() > Some(3_000), "{proof}");
        assert!(proof["p99_during_ms"].as_f64() > Some(0.0), "it was read meanwhile: {proof}");
    }
}

async fn story(dir: &Path, url: &str) {
    let config =
        format!("[database]\nurl = \"{url}\"\n[[shops]]\ndomain = \"acme.myshopify.com\"\nsecrets = [\"x\"]\n");
    std::fs::write(dir.join("tillstream.toml"), config).unwrap();
    let up = Up::start(dir, &[]);
    let last = publish_customers(&format!("nats://{}", up.nats)).await;
    let live = |dir: &Path| {
        let (_, builds) = json(dir, &["projections", "status", "customers"]);
        builds.as_array().unwrap().iter().find(|build| build["state"] == "live").unwrap().clone()
    };
    until("it is folded", || live(dir)["position"].as_u64() >= Some(last));

    let (code, found) = json(dir, &["projections", "verify", "--all"]);
    assert_eq!(code, Some(0), "{found}");
    let row = |found: &Value, name: &str| {
        found.as_array().unwrap().iter().find(|one| one["projection"] == name).unwrap().clone()
    };
    assert!(row(&found, "customers")["rows"].as_u64() > Some(0), "{found}");

    // kill -9, wherever it is by then.
    for pause in [40, 80, 120] {
        let mut command = tillstream(dir);
        command.args(["projections", "rebuild", "--all"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (code, plan) = json(dir, &["projections", "rebuild", "--all", "--dry-run"]);
    assert_eq!((code, &row(&plan, "customers")["projection"]), (Some(0), &"customers".into()), "{plan}");
    let (code, found) = json(dir, &["projections", "rebuild", "--all", "--switch", "--reason", "a test"]);
    assert_eq!(code, Some(0), "{found}");
    assert_eq!(row(&found, "customers")["differences"], 0);
    let rebuilt = live(dir);
    assert!(rebuilt["build"].as_u64() > Some(1), "{rebuilt}");
    assert_eq!(run(dir, &["projections", "rollback", "--all", "--dry-run"]).status.code(), Some(0));
    // It lives: only its heartbeat may have moved.
    assert_eq!(live(dir)["build"], rebuilt["build"], "a dry run changes nothing");
    assert_eq!(run(dir, &["projections", "rollback", "--all"]).status.code(), Some(0));
    assert_eq!(live(dir)["build"], 1);

    change_by_hand(url).await;
    let (code, found) = json(dir, &["projections", "verify", "customers"]);
    assert_eq!(code, Some(5), "{found}");
    let shown = &found[0]["shown"][0];
    assert_eq!(shown["row"], "customers/1", "{found}");
    assert!(shown["what"].as_str().is_some_and(|what| what.starts_with("differs in row, ")), "{found}");
    assert_eq!(found[0]["checksum_holds"], false);
    let (code, behind) = json(dir, &["events", "trace", "--row", "customers/1"]);
    assert_eq!((code, &behind), (Some(0), &shown["events"].as_array().map_or(Value::Null, |events| in_shop(events))));

    for (args, code) in [
        (&["projections", "verify"][..], 2),
        (&["projections", "verify", "nothing"], 2),
        (&["projections", "switch", "customers"], 3),
        (&["projections", "compare", "customers"], 3),
        (&["projections", "status", "--service", "loyalty"], 2),
        (&["events", "trace", "--row", "customers/none"], 3),
    ] {
        assert_eq!(run(dir, args).status.code(), Some(code), "{args:?}");
    }
}

/// As a trace says it, which may look into several shops.
fn in_shop(events: &[Value]) -> Value {
    let with_shop = |event: &Value| {
        let mut event = event.clone();
        event["shop"] = "acme".into();
        event
    };
    events.iter().map(with_shop).collect()
}

const NAMES: [&str; 7] =
    ["ce-id", "ce-type", "ce-dataschema", "ce-time", "ce-aggregateversion", "ce-correlationid", "ce-causationid"];

/// The position of the last one.
async fn publish_customers(nats: &str) -> u64 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../projections/fixtures/log.ndjson");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_customers = |line: &Value| line["subject"].as_str().unwrap().contains(".customer.acme.");
    let lines: Vec<Value> = lines.filter(of_customers).collect();
    let publisher = RawPublisher::connect(nats).await;
    let mut last = 0;
    for _ in 0..ROUNDS {
        for line in &lines {
            let headers = NAMES.map(|name| (name, line["headers"][name].as_str().unwrap().to_owned()));
            let subject = line["subject"].as_str().unwrap().to_owned();
            last = publisher.publish(subject, &headers, line["body"].to_string().into_bytes()).await;
        }
    }
    last
}

async fn change_by_hand(url: &str) {
    let query = if url.starts_with("sqlite") { format!("{url}/query.db") } else { format!("{url}?schema=query") };
    let database = Database::open(&query).await.unwrap();
    let model = projections::ALL.iter().find(|model| model.name == "customers").unwrap();
    let key = RowKey { shop: "acme".parse().unwrap(), id: "1".to_owned() };
    let held = database.get(&model.table, &key.shop, &key.id).await.unwrap().unwrap();
    let columns = model.table.columns.iter().map(|_| Column::Null).collect();
    let content = Some(Content { data: "\"by hand\"".to_owned(), columns });
    let mut batch = database.begin().await.unwrap();
    batch.save(&model.table.build(1), vec![Change { key, content, position: held.position }]).await.unwrap();
    batch.commit().await.unwrap();
    database.close().await;
}
