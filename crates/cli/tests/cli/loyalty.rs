use serde_json::json;

use crate::process::Up;
use crate::shop::{json_of, open, order, run, said, say, settled};

const ACCOUNT: [&str; 4] = ["loyalty", "account", "acme", "7"];
const SIMULATE: [&str; 4] = ["loyalty", "simulate", "acme", "1001"];

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_an_account_and_tries_another_program_on_an_order() {
    let dir = tempfile::tempdir().unwrap();
    let up = Up::start(dir.path(), &[]);
    assert!(said(run(dir.path(), &SIMULATE), 3).contains("not known"));
    open(&up).await;
    for refunded in [0, 3] {
        say(&up, "orders/updated", &order(refunded)).await;
        // Told together, the points of what is left would be granted at once.
        settled(&up).await;
    }
    let account = json_of(dir.path(), &ACCOUNT);
    assert_eq!((&account["points"], &account["lots"][0]["order_id"]), (&json!(70), &json!("1001")), "{account}");
    let table = said(run(dir.path(), &ACCOUNT), 0);
    assert!(table.contains("points_earned") && table.contains("points_clawed_back"), "{table}");

    let simulation = json_of(dir.path(), &SIMULATE);
    let numbers = ["earned", "clawed_back", "points", "recorded"].map(|name| simulation[name].clone());
    assert_eq!(numbers, [100, 30, 70, 70].map(|points| json!(points)), "{simulation}");
    // Terms are those of the first points; an order that gave none yet goes by the program.
    let other = json!({"id": 1002, "name": "#1002", "customer": null});
    let mut guest = order(0);
    guest.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    say(&up, "orders/create", &guest).await;
    settled(&up).await;
    std::fs::write(dir.path().join("other.toml"), "[loyalty]\nrate = \"0.15\"\nrounding = \"ceil\"\n").unwrap();
    let tried = ["loyalty", "simulate", "acme", "1002", "--config", "other.toml"];
    let table = said(run(dir.path(), &tried), 0);
    assert!(table.contains("a guest") && table.contains("15"), "{table}");
    let unknown = ["loyalty", "account", "acme", "8"];
    assert_ne!(run(dir.path(), &unknown).status.code(), Some(0));
}
