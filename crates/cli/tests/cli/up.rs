use std::time::Duration;

use reqwest::StatusCode;
use rustix::process::{Signal, kill_process};

use crate::process::{Nats, PATIENCE, Up, free_address, listens, run, until};
use crate::shop::webhook;

/// The status and the sequence in `INBOX`.
async fn post(up: &Up, id: u64) -> (StatusCode, Option<u64>) {
    let body = format!(
        r#"{{"id":{id},"title":"Mug","status":"active","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","variants":[]}}"#
    );
    let request = webhook(&up.url, "secret", "products/create", &body)
        .timeout(Duration::from_secs(6))
        .header("X-Shopify-Webhook-Id", format!("webhook-{id}"));
    let response = request.send().await.unwrap();
    let sequence = response.headers().get("x-inbox-sequence").map(|s| s.to_str().unwrap().parse().unwrap());
    (response.status(), sequence)
}

async fn get(up: &Up, path: &str) -> StatusCode {
    reqwest::get(format!("{}{path}", up.url)).await.unwrap().status()
}

async fn eventually(what: &str, up: &Up, path: &str, status: StatusCode) {
    let wait = async {
        while get(up, path).await != status {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "{what}: {path} is not {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_leaves_nothing_running_and_its_data_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=3 {
        let mut up = Up::start(dir.path(), &[]);
        assert_eq!(post(&up, round).await, (StatusCode::OK, Some(round)));
        for id in 1..=round {
            eventually("a product is read back", &up, &format!("/v1/acme/products/{id}"), StatusCode::OK).await;
        }
        up.signal(Signal::KILL);
        assert_eq!(up.wait(), None);
        until("nats-server is gone", || !listens(up.nats));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_process_drains_and_ends_well() {
    let dir = tempfile::tempdir().unwrap();
    let mut up = Up::start(dir.path(), &["--demo"]);
    eventually("it is ready", &up, "/readyz", StatusCode::OK).await;
    up.signal(Signal::TERM);
    assert_eq!(up.wait(), Some(0));
    assert!(!listens(up.nats));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_and_an_address_belong_to_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let up = Up::start(dir.path(), &[]);
    let second = run(dir.path(), &["up", "--listen", "127.0.0.1:0"]);
    let stderr = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("another tillstream is running") && stderr.contains("--data-dir"), "{stderr}");

    let address = up.url.trim_start_matches("http://");
    let third = run(dir.path(), &["up", "--listen", address, "--data-dir", "other"]);
    let stderr = String::from_utf8(third.stderr).unwrap();
    assert_eq!(third.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains(address) && stderr.contains("--listen"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_find_the_process_that_runs_on_the_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let up = Up::start(dir.path(), &[]);
    assert_eq!(post(&up, 7).await.0, StatusCode::OK);
    eventually("the product is read back", &up, "/v1/acme/products/7", StatusCode::OK).await;
    for (args, said) in [
        (&["status"][..], "events 1"),
        (&["status", "--output", "json"], "\"settled\""),
        (&["events", "ls"], "product.created"),
        (&["events", "ls", "--id", "7", "--shop", "acme", "--type", "product.created"], "product/7"),
        (&["events", "show", "1", "--output", "json"], "\"product.created\""),
        (&["projections", "ls"], "products"),
        (&["streams", "report"], "EVENTS"),
        (&["doctor"], "answers at"),
    ] {
        let output = run(dir.path(), args);
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(stdout.contains(said), "{args:?} does not say {said:?}: {stdout}");
    }
    for args in [["events", "show", "99"], ["events", "ls", "--from=99"]] {
        assert_eq!(run(dir.path(), &args).status.code(), Some(3), "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_own_nats_server_is_started_again_when_it_dies() {
    let dir = tempfile::tempdir().unwrap();
    let up = Up::start(dir.path(), &[]);
    assert_eq!(post(&up, 1).await.0, StatusCode::OK);
    kill_process(up.nats_pid(), Signal::KILL).unwrap();
    until("nats-server is gone", || !listens(up.nats));
    let mut refused = 0;
    let sequence = loop {
        match post(&up, 2).await {
            (StatusCode::OK, sequence) => break sequence,
            (StatusCode::SERVICE_UNAVAILABLE, None) => refused += 1,
            other => panic!("{other:?}"),
        }
        assert!(refused < 500, "it does not recover");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(sequence, Some(2), "what was confirmed before is there");
    eventually("it goes on", &up, "/v1/acme/products/2", StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_no_webhook_is_answered_200_and_it_recovers_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let address = free_address();
    let nats = Nats::start(dir.path(), address, "");
    let up = Up::start(dir.path(), &["--nats-url", &nats.url()]);
    assert_eq!(post(&up, 1).await, (StatusCode::OK, Some(1)));

    drop(nats);
    for _ in 0..3 {
        assert_eq!(post(&up, 2).await, (StatusCode::SERVICE_UNAVAILABLE, None));
    }
    eventually("it says so", &up, "/readyz", StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(get(&up, "/healthz").await, StatusCode::OK);

    let _nats = Nats::start(dir.path(), address, "");
    eventually("it is back", &up, "/readyz", StatusCode::OK).await;
    let stored = post(&up, 2).await;
    assert_eq!(stored, (StatusCode::OK, Some(2)));
    eventually("it goes on", &up, "/v1/acme/products/2", StatusCode::OK).await;
}
