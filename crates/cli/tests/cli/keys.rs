//! Keys as an operator makes, lists and revokes them, and a process that asks for them.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::Value;

use crate::process::{Up, run, tillstream, until};

const CONFIG: &str = "[[shops]]\ndomain = \"acme.myshopify.com\"\nsecrets = [\"secret\"]\n";

fn json(dir: &Path, args: &[&str]) -> Value {
    let output = run(dir, &[args, &["--output", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_ask_for_a_key_until_the_operator_makes_one_and_again_when_it_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    std::fs::write(dir.join("tillstream.toml"), CONFIG).unwrap();
    let create = ["keys", "create", "--shop", "acme", "--name", "till", "--scope", "read,write", "--reason", "a test"];
    let dry = json(dir, &[&create[..], &["--dry-run"]].concat());
    assert_eq!((&dry["key"], &dry["scopes"]), (&Value::Null, &serde_json::json!(["read", "write"])));
    assert!(!dir.join("data").join("access.db").exists(), "a dry run writes nothing");

    let up = Up::guarded(dir, &[]);
    let ask = async |key: &str| {
        let request = reqwest::Client::new().get(format!("{}/v1/acme/orders", up.url)).bearer_auth(key);
        request.send().await.unwrap().status()
    };
    assert_eq!(ask("nothing").await, StatusCode::UNAUTHORIZED);
    assert_eq!(reqwest::get(format!("{}/v1/status", up.url)).await.unwrap().status(), StatusCode::OK);
    let made = json(dir, &create);
    let key = made["key"].as_str().unwrap();
    assert_eq!(ask(key).await, StatusCode::OK);
    let adjust = |key: Option<&str>| {
        let url = format!("{}/v1/acme/stock/1/adjustments", up.url);
        let request = reqwest::Client::new().post(url).header("idempotency-key", "a");
        let request = key.map_or(request.try_clone().unwrap(), |key| request.bearer_auth(key));
        request.json(&serde_json::json!({"location_id": "1", "by": 1, "reason": "found"})).send()
    };
    assert_eq!(adjust(None).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(adjust(Some(key)).await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY, "it is let in");

    let listed = json(dir, &["keys", "ls"]);
    let (id, secret) = (listed[0]["id"].as_str().unwrap(), key.rsplit('_').next().unwrap());
    assert_eq!((&listed[0]["name"], &listed[0]["reason"]), (&"till".into(), &"a test".into()));
    assert!(!listed.to_string().contains(secret) && !listed.to_string().contains("digest"), "{listed}");
    let stored = std::fs::read(dir.join("data/access.db")).unwrap();
    let written = std::fs::read(dir.join("data/access.db-wal")).unwrap_or_default();
    for file in [stored, written] {
        assert!(!file.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "only a hash is at rest");
    }

    let revoke = ["keys", "revoke", id, "--shop", "acme", "--reason", "lost"];
    json(dir, &[&revoke[..], &["--dry-run"]].concat());
    assert_eq!(ask(key).await, StatusCode::OK, "a dry run changes nothing");
    assert_eq!(json(dir, &revoke)["revoked_because"], "lost");
    until("it is refused", || {
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(ask(key))) == StatusCode::UNAUTHORIZED
    });
}

#[test]
fn what_cannot_be_a_key_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    std::fs::write(dir.join("tillstream.toml"), CONFIG).unwrap();
    let base = ["keys", "create", "--shop", "acme", "--name", "till", "--reason", "a test"];
    for (change, code) in [
        (&["--scope", "admin"][..], 2),
        (&["--expires", "yesterday"], 2),
        (&["--expires=-1d"], 2),
        (&["--expires", "99999999999999999999d"], 2),
    ] {
        let output = run(dir, &[&base[..], change].concat());
        assert_eq!(output.status.code(), Some(code), "{change:?}");
    }
    let unknown = ["keys", "create", "--shop", "nobody", "--name", "till", "--reason", "a test"];
    assert_eq!(run(dir, &unknown).status.code(), Some(3), "a shop that is not configured");
    assert_eq!(run(dir, &["keys", "revoke", "x", "--shop", "acme", "--reason", "r"]).status.code(), Some(3));
    let open =
        tillstream(dir).args(["up", "--listen", "0.0.0.0:0"]).env("TILLSTREAM_ACCESS_OPEN", "true").output().unwrap();
    let stderr = String::from_utf8_lossy(&open.stderr);
    assert!(open.status.code() == Some(3) && stderr.contains("access.open"), "{stderr}");
}
