use events::{AggregateKey, AggregateKind, Shop, subject};
use serde_json::Value;
use testkit::RawPublisher;

use crate::process::{Up, run, until};

/// Exit code and output, the output read as JSON.
fn json(dir: &std::path::Path, args: &[&str]) -> (Option<i32>, Value) {
    let output = run(dir, &[args, &["--output", "json"]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or(Value::String(stderr)))
}

/// An order's event whose body no binary can read.
async fn poison(nats: &str) -> u64 {
    let shop: Shop = "acme".parse().unwrap();
    let key = AggregateKey { kind: AggregateKind::Order, shop, id: "1".to_owned() };
    let headers = [
        ("ce-id", "poison"),
        ("ce-type", "order.placed"),
        ("ce-dataschema", "events/order.placed/v1.json"),
        ("ce-time", "2026-01-01T00:00:00Z"),
        ("ce-aggregateversion", "1"),
        ("ce-correlationid", "poison"),
        ("ce-causationid", "poison"),
    ];
    let headers = headers.map(|(name, value)| (name, value.to_owned()));
    RawPublisher::connect(nats).await.publish(subject::event(&key), &headers, b"{".to_vec()).await
}

/// The letters there are when no subscriber has anything to do.
fn given_up(dir: &std::path::Path) -> usize {
    until("the subscribers are done", || {
        let (_, listed) = json(dir, &["subscribers", "ls"]);
        listed.as_array().is_some_and(|all| all.iter().all(|one| one["pending"] == 0 && one["ack_pending"] == 0))
    });
    json(dir, &["dead-letters", "ls", "--each"]).1.as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_shown_redriven_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let up = Up::start(dir, &[]);
    let position = poison(&format!("nats://{}", up.nats)).await;
    let of = ["--handler", "allocate_stock"];
    let ls = [&["dead-letters", "ls"][..], &of].concat();
    until("the letter is there", || json(dir, &ls).1.as_array().is_some_and(|groups| !groups.is_empty()));
    let (_, groups) = json(dir, &ls);
    assert_eq!((&groups[0]["letters"], &groups[0]["class"]), (&1.into(), &"unreadable".into()), "{groups}");
    let id = groups[0]["first"].to_string();
    let (code, page) = json(dir, &["dead-letters", "show", &id]);
    assert_eq!((code, &page["letter"]["sequence"]), (Some(0), &position.into()), "{page}");
    assert_eq!(page["message"]["headers"]["ce-type"], "order.placed");

    let (code, listed) = json(dir, &["dead-letters", "redrive", &id, "--dry-run"]);
    assert_eq!((code, listed.as_array().map(Vec::len)), (Some(0), Some(1)), "{listed}");
    assert_eq!(json(dir, &["dead-letters", "show", &id]).0, Some(0), "a dry run changes nothing");
    let redrive = [&["dead-letters", "redrive", "--canary", "--reason", "a test"][..], &of].concat();
    let (code, said) = json(dir, &redrive);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.as_str().is_some_and(|said| said.contains("failed again")), "{said}");
    assert_eq!(json(dir, &["dead-letters", "show", &id]).0, Some(3), "the first letter is gone");

    for (args, code) in [
        (&["dead-letters", "redrive"][..], 2),
        (&["dead-letters", "drop", "--all"], 2),
        (&["dead-letters", "drop", "1", "--handler", "x", "--reason", "y"], 2),
        (&["dead-letters", "drop", "987654", "--reason", "y"], 3),
    ] {
        assert_eq!(json(dir, args).0, Some(code), "{args:?}");
    }
    let drop = |which: &[&str]| json(dir, &[&["dead-letters", "drop", "--reason", "a test"], which].concat());
    let (code, dropped) = drop(&of);
    assert_eq!((code, &dropped["dropped"]), (Some(0), &1.into()), "{dropped}");
    assert_eq!(json(dir, &ls).1.as_array().map(Vec::len), Some(0));
    // Everybody who listens to orders has given the event up.
    let others = given_up(dir);
    assert!(others > 1, "{others}");
    let (code, dropped) = drop(&["--all"]);
    assert_eq!((code, &dropped["dropped"]), (Some(0), &others.into()), "{dropped}");
    assert_eq!(given_up(dir), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_is_paused_resumed_and_drained() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let up = Up::start(dir, &[]);
    let state = || {
        let (_, listed) = json(dir, &["subscribers", "ls"]);
        listed.as_array().unwrap().iter().find(|one| one["name"] == "allocate_stock").unwrap().clone()
    };
    let act = |args: &[&str]| assert_eq!(json(dir, args).0, Some(0), "{args:?}");
    act(&["subscribers", "pause", "allocate_stock", "--dry-run"]);
    assert_eq!(state()["paused"], false);
    act(&["subscribers", "drain", "allocate_stock", "--reason", "the warehouse moves"]);
    assert_eq!((&state()["paused"], &state()["paused_reason"]), (&true.into(), &"the warehouse moves".into()));
    act(&["subscribers", "resume", "allocate_stock"]);
    act(&["subscribers", "pause", "allocate_stock", "--shop", "acme", "--reason", "a dispute"]);
    assert_eq!((&state()["paused"], &state()["paused_shops"][0]["shop"]), (&false.into(), &"acme".into()));
    let status: Value = reqwest::get(format!("{}/v1/status", up.url)).await.unwrap().json().await.unwrap();
    let shown = status["subscribers"].as_array().unwrap().iter().find(|one| one["name"] == "allocate_stock").unwrap();
    assert_eq!(shown["paused_shops"], serde_json::json!(["acme"]));
    act(&["subscribers", "resume", "allocate_stock", "--shop", "acme"]);
    assert_eq!(state()["paused_shops"], serde_json::json!([]));
    assert_eq!(json(dir, &["subscribers", "pause", "nobody"]).0, Some(2));
    assert_eq!(json(dir, &["subscribers", "drain", "allocate_stock", "--shop", "acme"]).0, Some(2));
}
