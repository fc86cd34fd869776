use serde_json::{Value, json};

use crate::process::Up;
use crate::shop::{json_of, open, order, run, said, say, settled};

const ITEM: [&str; 3] = ["52", "--shop", "acme"];

fn inventory(command: &'static str, more: &[&'static str]) -> Vec<&'static str> {
    [&["inventory", command], &ITEM[..], more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_what_stands_what_moved_it_and_where_an_order_would_come_from() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("tillstream.toml"), "[inventory]\nrules = [\"priority\"]\npriority = [\"60\"]\n")
        .unwrap();
    let up = Up::start(dir.path(), &[]);
    assert!(said(run(dir.path(), &inventory("level", &[])), 3).contains("stocked nowhere"));
    open(&up).await;
    settled(&up).await;
    let simulated = json_of(dir.path(), &inventory("simulate", &["--quantity", "10", "--source", "web"]));
    let promised: Vec<_> = simulated["candidates"].as_array().unwrap().iter().map(|one| &one["promised"]).collect();
    assert_eq!((promised, &simulated["short"]), (vec![&json!(6), &json!(4)], &json!(0)), "{simulated}");

    say(&up, "orders/create", &order(0)).await;
    settled(&up).await;
    let levels = json_of(dir.path(), &inventory("level", &[]));
    let stands = |level: &Value| (level["on_hand"].clone(), level["allocated"].clone(), level["available"].clone());
    let levels: Vec<_> = levels.as_array().unwrap().iter().map(stands).collect();
    assert_eq!(levels, [(json!(6), json!(6), json!(0)), (json!(10), json!(4), json!(6))], "ten over six and ten");
    let table = said(run(dir.path(), &inventory("level", &[])), 0);
    assert!(table.contains("ON HAND") && table.lines().count() == 3, "{table}");

    say(&up, "orders/updated", &order(2)).await;
    settled(&up).await;
    let moved = json_of(dir.path(), &inventory("movements", &[]));
    let moved: Vec<_> =
        moved.as_array().unwrap().iter().map(|one| (one["kind"].as_str().unwrap(), &one["quantity"])).collect();
    let kinds: Vec<&str> = moved.iter().map(|(kind, _)| *kind).collect();
    assert!(moved.ends_with(&[("allocation_released", &json!(2))]), "{moved:?}");
    assert!(kinds.starts_with(&["observed", "observed"]) && kinds.contains(&"allocated"), "{kinds:?}");
    let table = said(run(dir.path(), &inventory("movements", &[])), 0);
    assert!(table.contains("priority") && table.contains("1001"), "the order and the rule: {table}");

    let short = said(run(dir.path(), &inventory("simulate", &["--quantity", "100"])), 0);
    assert!(short.starts_with("decided by priority, short of 92"), "{short}");
}
