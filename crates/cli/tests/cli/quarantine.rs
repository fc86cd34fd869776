use crate::process::{Up, run};
use crate::shop::{send, settled};
use crate::trace::{json, said};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_quarantine_is_listed_shown_and_retried() {
    let dir = tempfile::tempdir().unwrap();
    let shop = "[[shops]]\ndomain = \"acme.myshopify.com\"\nsecrets = [\"secret\"]\n";
    std::fs::write(dir.path().join("tillstream.toml"), shop).unwrap();
    let up = Up::start(dir.path(), &[]);
    let unreadable = send(&up, "orders/create", "a", "{").await;
    send(&up, "products/delete", "b", r#"{"id":7}"#).await;
    let captured = send(&up, "orders/delete", "c", r#"{"id":7}"#).await;
    settled(&up).await;

    let open = json(dir.path(), &["quarantine", "ls"]);
    let told: Vec<_> =
        open.as_array().unwrap().iter().map(|it| (it["inbox_sequence"].as_u64(), it["reason"].as_str())).collect();
    assert_eq!(told, [(Some(unreadable), Some("not_json")), (Some(captured), Some("other_topic"))]);
    let number = open[1]["number"].to_string();
    assert!(
        said(dir.path(), &["quarantine", "ls", "--shop", "acme", "--for", "other_topic"]).contains("orders/delete")
    );
    assert_eq!(json(dir.path(), &["quarantine", "ls", "--shop", "other"]).as_array().unwrap().len(), 0);
    let shown = said(dir.path(), &["quarantine", "show", &number, "--body"]);
    assert!(shown.contains("other_topic") && shown.contains(r#"{"id":7}"#) && !shown.contains("hmac"), "{shown}");
    assert!(!said(dir.path(), &["quarantine", "show", &number]).contains(r#"{"id":7}"#));

    // Nothing can be recorded yet, and a captured body only by force.
    let retry = |args: &[&str]| run(dir.path(), &[&["quarantine", "retry"], args].concat());
    assert_eq!(retry(&["--reason", "fixed"]).status.code(), Some(1));
    assert_eq!(retry(&[]).status.code(), Some(2), "a reason is needed");
    assert_eq!(retry(&["--force", "--reason", "all of them"]).status.code(), Some(2), "force names what it forces");
    assert_eq!(retry(&["99", "--reason", "fixed"]).status.code(), Some(3));
    let planned = json(dir.path(), &["quarantine", "retry", &number, "--force", "--dry-run"]);
    assert_eq!(planned[0]["outcome"], "can be recorded");
    assert_eq!(json(dir.path(), &["quarantine", "ls"]), open, "a dry run changes nothing");

    let done = json(dir.path(), &["quarantine", "retry", &number, "--force", "--reason", "it was us"]);
    assert_eq!(done[0]["outcome"], "recorded");
    assert_eq!(json(dir.path(), &["quarantine", "ls"]).as_array().unwrap()[..], open.as_array().unwrap()[..1]);
    let all = json(dir.path(), &["quarantine", "ls", "--all"]);
    assert_eq!(all[1]["settled"]["why"], "it was us");
    settled(&up).await;
    let traced = json(dir.path(), &["events", "trace", &format!("inbox:{captured}")]);
    assert_eq!(traced["deliveries"][0]["events"][0]["type"], "order.deleted");
    assert_eq!(retry(&[&number, "--reason", "again"]).status.code(), Some(3), "it is no longer there to retry");
}
