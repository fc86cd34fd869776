//! The runbook of backup and restore, as it is written.

use rustix::process::Signal;

use crate::permissions::guarded;
use crate::process::{Nats, Up, free_address, run, tillstream};
use crate::shop::{send, settled};
use crate::trace::{json, said};

const MUG: &str = r#"{"id":1,"title":"Mug","status":"active","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","variants":[]}"#;
const CUP: &str = r#"{"id":2,"title":"Cup","status":"active","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","variants":[]}"#;

async fn title(up: &Up, id: u64) -> Option<String> {
    let response = reqwest::get(format!("{}/v1/acme/products/{id}", up.url)).await.unwrap();
    let response = response.error_for_status().ok()?;
    response.json::<serde_json::Value>().await.ok()?["title"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_backed_up_is_there_after_a_restore_and_nothing_is_done_twice() {
    let dir = tempfile::tempdir().unwrap();
    let lost = Nats::start(dir.path(), free_address(), "");
    let mut up = Up::start(dir.path(), &["--nats-url", &lost.url()]);
    send(&up, "products/create", "a", MUG).await;
    settled(&up).await;
    let at = ["--nats-url", &lost.url()];
    let before = json(dir.path(), &[&["events", "ls"][..], &at].concat());
    let backed_up = json(dir.path(), &[&["streams", "backup", "copy"][..], &at].concat());
    assert_eq!((&backed_up[0]["stream"], &backed_up[0]["messages"]), (&"INBOX".into(), &1.into()), "{backed_up}");
    assert_eq!(run(dir.path(), &[&["streams", "backup", "copy"][..], &at].concat()).status.code(), Some(3));
    // It came after the backup; Shopify sends it again, for it was never answered as far as anybody remembers.
    send(&up, "products/create", "b", CUP).await;
    settled(&up).await;
    up.signal(Signal::TERM);
    assert_eq!(up.wait(), Some(0));
    drop(lost);

    let elsewhere = tempfile::tempdir().unwrap();
    // What is sealed needs its keys.
    std::fs::create_dir(elsewhere.path().join("data")).unwrap();
    let kept = ["kek", "privacy.db", "privacy.db-wal"].map(|file| (dir.path().join("data").join(file), file));
    for (kept, file) in kept.into_iter().filter(|(kept, _)| kept.exists()) {
        std::fs::copy(kept, elsewhere.path().join("data").join(file)).unwrap();
    }
    let new = Nats::start(elsewhere.path(), free_address(), "");
    let at = ["--nats-url", &new.url()];
    let planned = json(dir.path(), &[&["streams", "restore", "copy", "--dry-run"][..], &at].concat());
    assert_eq!(planned, backed_up);
    let restored = json(dir.path(), &[&["streams", "restore", "copy"][..], &at].concat());
    assert_eq!(restored, backed_up);
    let again = run(dir.path(), &[&["streams", "restore", "copy"][..], &at].concat());
    assert_eq!(again.status.code(), Some(3), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(json(dir.path(), &[&["events", "ls"][..], &at].concat()), before);

    // Rows of the lost log do not fit this one: the databases are made anew.
    let up = Up::start(elsewhere.path(), &["--nats-url", &new.url()]);
    settled(&up).await;
    assert_eq!((title(&up, 1).await.as_deref(), title(&up, 2).await), (Some("Mug"), None));
    send(&up, "products/create", "a", MUG).await;
    send(&up, "products/create", "b", CUP).await;
    settled(&up).await;
    assert_eq!(title(&up, 2).await.as_deref(), Some("Cup"));
    let events = said(dir.path(), &[&["events", "ls", "--type", "product.created"][..], &at].concat());
    assert_eq!(events.matches("product/1").count(), 1, "{events}");
}

#[test]
fn a_backup_is_taken_and_restored_by_users_who_may_do_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let ((_old, old), (_new, new)) = (guarded(dir.path()), guarded(elsewhere.path()));
    let streams = |user: &str, at: std::net::SocketAddr, args: &[&str]| {
        let url = format!("nats://{user}:{user}@{at}");
        let output = tillstream(dir.path()).arg("streams").args(args).args(["--nats-url", &url]).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(streams("provisioner", old, &["ensure"]).0, Some(0));
    let (code, said) = streams("operator", old, &["backup", "stolen"]);
    assert!(code != Some(0) && said.contains("denies this role"), "{said}");
    assert_eq!(streams("backup", old, &["backup", "copy"]), (Some(0), String::new()));
    let (code, said) = streams("backup", new, &["restore", "copy"]);
    assert!(code != Some(0) && said.contains("denies this role"), "{said}");
    assert_eq!(streams("provisioner", new, &["restore", "copy"]), (Some(0), String::new()));
    assert_eq!(streams("query", new, &["report"]), (Some(0), String::new()), "durables came with their streams");

    let archive = dir.path().join("copy/EVENTS/stream.tar.s2");
    std::fs::write(&archive, b"something else").unwrap();
    let third = tempfile::tempdir().unwrap();
    let (_third, empty) = guarded(third.path());
    let (code, said) = streams("provisioner", empty, &["restore", "copy"]);
    assert!(code.is_some_and(|code| code != 0) && said.contains("restore of EVENTS"), "{code:?} {said}");
}
