//! Events of the past, from outside: rehearsed, handed on, written down, stopped and resumed.

use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::process::{Up, run, tillstream, until};
use crate::shop::{say, settled};

fn order(id: u64) -> Value {
    json!({
        "id": id, "name": format!("#{id}"), "currency": "EUR", "test": false, "financial_status": "paid",
        "created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z",
        "processed_at": "2026-03-01T12:00:00Z", "customer": {"id": 7}, "total_price": "24.00",
        "current_total_price": "24.00", "subtotal_price": "20.00", "total_tax": "4.00", "total_discounts": "0.00",
        "line_items": [{
            "id": id * 10, "product_id": 50, "variant_id": 51, "title": "Mug", "quantity": 2, "current_quantity": 2,
            "price": "10.00", "gift_card": false, "variant_inventory_management": null,
        }],
        "refunds": [], "fulfillments": [], "shipping_lines": [],
    })
}

/// Exit code, the lines of JSON, and what went to standard error.
fn lines(dir: &Path, args: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let output = run(dir, &[args, &["--output", "json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    (output.status.code(), lines, String::from_utf8_lossy(&output.stderr).into_owned())
}

const POINTS: [&str; 4] = ["replay", "run", "--handler", "award_points"];

#[tokio::test(flavor = "multi_thread")]
async fn a_handlers_effects_are_shown_before_they_happen_and_happen_once() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    // First without a program: the orders give nothing.
    std::fs::write(dir.join("tillstream.toml"), "[loyalty]\nenabled = false\n").unwrap();
    let up = Up::start(dir, &[]);
    for id in 1..=5 {
        say(&up, "orders/create", &order(id)).await;
    }
    let before = settled(&up).await;
    std::fs::write(dir.join("tillstream.toml"), "[[shops]]\ndomain = \"acme.myshopify.com\"\nsecrets = [\"secret\"]\n")
        .unwrap();

    let (code, shown, stderr) = lines(dir, &POINTS);
    assert_eq!(code, Some(0), "{stderr}");
    let would: Vec<&str> = shown.iter().filter_map(|line| line["would"]["type"].as_str()).collect();
    let earned = would.iter().filter(|kind| **kind == "loyalty.points_earned").count();
    assert_eq!((earned, would.iter().filter(|kind| **kind == "loyalty.enrolled").count()), (5, 1), "{would:?}");
    assert_eq!(settled(&up).await, before, "nothing happened");
    assert!(!dir.join("data/operations.db").exists(), "and nothing was written down");
    assert_eq!(lines(dir, &[&POINTS[..], &["--effects", "new-only", "--dry-run"]].concat()).1.len(), shown.len());

    let effects = [&POINTS[..], &["--effects", "new-only"]].concat();
    assert_eq!(lines(dir, &effects).0, Some(2), "it asks for a reason");
    let real = [&effects[..], &["--reason", "the program began"]].concat();
    let (code, summary, stderr) = lines(dir, &real);
    assert_eq!((code, &summary[0]["finished"]), (Some(0), &json!(true)), "{stderr}");
    let after = settled(&up).await;
    assert_eq!(after, before + 6, "what was shown is what happened");
    assert_eq!(lines(dir, &real).0, Some(0));
    assert_eq!(settled(&up).await, after, "again is nothing");
    assert_eq!(lines(dir, &POINTS).1.len(), 1, "and nothing would");

    let kept = run(dir, &["replay", "ls", "--output", "json"]);
    let kept: Value = serde_json::from_slice(&kept.stdout).unwrap();
    assert_eq!((kept.as_array().unwrap().len(), &kept[0]["reason"]), (2, &json!("the program began")));
    assert_eq!((&kept[0]["error"], &kept[0]["position"]), (&Value::Null, &json!(before)), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_goes_into_a_file_in_parts_and_back_into_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let up = Up::start(dir, &[]);
    for id in 1..=60 {
        say(&up, "orders/create", &order(id)).await;
    }
    let last = settled(&up).await;
    // Slowly, so that it can be stopped on the way.
    let slow = ["replay", "run", "--file", "log.ndjson", "--rate", "60"];
    let mut child = tillstream(dir).args(slow).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    until("it writes", || std::fs::metadata(dir.join("log.ndjson")).is_ok_and(|file| file.len() > 0));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let written = std::fs::read_to_string(dir.join("log.ndjson")).unwrap().lines().count() as u64;
    assert!(written < last, "it was stopped on the way: {written} of {last}");
    let kept = run(dir, &["replay", "ls", "--output", "json"]);
    let kept: Value = serde_json::from_slice(&kept.stdout).unwrap();
    let id = kept[0]["id"].as_str().unwrap();
    assert_eq!((&kept[0]["error"], &kept[0]["position"]), (&json!("stopped"), &json!(written)));

    let (code, _, stderr) = lines(dir, &["replay", "run", "--file", "log.ndjson"]);
    assert!(code == Some(3), "a file that is there is not written over: {stderr}");
    let other = ["replay", "run", "--file", "log.ndjson", "--shop", "acme", "--resume", id];
    assert_eq!(lines(dir, &other).0, Some(2), "another replay");
    let (code, _, stderr) = lines(dir, &["replay", "run", "--file", "log.ndjson", "--resume", id]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(lines(dir, &["replay", "run", "--file", "log.ndjson", "--resume", id]).0, Some(3), "it is finished");
    assert_eq!(lines(dir, &["events", "export", "--file", "whole.ndjson"]).0, Some(0));
    let parts = std::fs::read(dir.join("log.ndjson")).unwrap();
    assert!(parts == std::fs::read(dir.join("whole.ndjson")).unwrap(), "in parts it is the same");
    let printed = run(dir, &["events", "export", "--subject", "events.*.order.acme.7"]);
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.lines().count() >= 2 && printed.lines().all(|line| line.contains("order.acme.7")), "{printed}");

    let copy = tempfile::tempdir().unwrap();
    let _other = Up::start(copy.path(), &[]);
    let file = dir.join("whole.ndjson").display().to_string();
    let import = ["events", "import", &file, "--reason", "a copy"];
    let dry = run(copy.path(), &[&import[..], &["--dry-run"]].concat());
    assert_eq!(dry.status.code(), Some(0), "{}", String::from_utf8_lossy(&dry.stderr));
    let (code, _, stderr) = lines(copy.path(), &import);
    assert_eq!(code, Some(0), "{stderr}");
    let exported = lines(copy.path(), &["events", "export", "--to", &last.to_string()]).1;
    let without_time = |mut event: Value| {
        event.as_object_mut().unwrap().remove("recorded_at");
        event
    };
    let text = String::from_utf8(parts).unwrap();
    let origin: Vec<Value> = text.lines().map(|line| without_time(serde_json::from_str(line).unwrap())).collect();
    assert_eq!(exported.into_iter().map(without_time).collect::<Vec<_>>(), origin);
    let theirs = run(dir, &["events", "export", "--from", "2", "--file", "tail.ndjson"]);
    assert_eq!(theirs.status.code(), Some(0));
    let tail = dir.join("tail.ndjson").display().to_string();
    assert_eq!(lines(copy.path(), &["events", "import", &tail, "--reason", "x"]).0, Some(5), "it has a gap");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_replayed_is_refused_with_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let up = Up::start(dir, &[]);
    say(&up, "orders/create", &order(1)).await;
    settled(&up).await;
    for (args, code) in [
        (&["plan"][..], 2),
        (&["plan", "--handler", "nobody"], 2),
        (&["plan", "--handler", "age_points"], 2),
        (&["plan", "--handler", "award_points", "--file", "x"], 2),
        (&["plan", "--handler", "award_points", "--from", "2", "--to", "1"], 2),
        (&["plan", "--handler", "award_points", "--from=-1"], 2),
        (&["plan", "--handler", "award_points", "--from", "18446744073709551616"], 2),
        (&["plan", "--handler", "award_points", "--from", "1000"], 3),
        (&["plan", "--handler", "award_points"], 0),
        (&["run", "--file", "x", "--effects", "new-only", "--reason", "r"], 2),
        (&["run", "--handler", "award_points", "--effects", "force", "--reason", "r"], 2),
        (&["run", "--handler", "award_points", "--rate", "0"], 2),
        (&["run", "--handler", "award_points", "--resume", "x"], 2),
        (&["run", "--handler", "award_points", "--effects", "new-only", "--reason", "r", "--resume", "x"], 3),
        (&["run", "--stream", "EVENTS", "--reason", "r"], 3),
        (&["run", "--stream", "NOBODYS", "--reason", "r"], 1),
        (&["run", "--file", "no/such/folder/x"], 3),
        (&["run", "--file", "x", "--dry-run"], 0),
    ] {
        let output = run(dir, &[&["replay"][..], args].concat());
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(!dir.join("x").exists(), "a dry run makes no file");
}
