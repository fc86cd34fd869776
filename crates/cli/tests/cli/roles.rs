//! The roles as services of their own, each with its own user of the broker.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::permissions::guarded;
use crate::process::{free_address, tillstream};

/// User, arguments.
const ROLES: &[(&str, &[&str])] = &[
    ("ingress", &["ingress"]),
    ("recorder", &["recorder"]),
    ("inventory", &["handlers", "inventory"]),
    ("loyalty", &["handlers", "loyalty"]),
    ("checkouts", &["handlers", "checkouts"]),
    ("notifications", &["handlers", "notifications"]),
    ("projections", &["projections"]),
    ("query", &["query"]),
    ("commands", &["commands"]),
];
/// Nine processes of a debug build, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(120);

struct Role {
    user: &'static str,
    url: String,
    child: Child,
}

impl Role {
    fn start(dir: &Path, nats: SocketAddr, (user, args): (&'static str, &[&str])) -> Self {
        let listen = free_address();
        let mut command = as_user(dir, nats, user);
        command.args(args).args(["--listen", &listen.to_string()]);
        Self { user, url: format!("http://{listen}"), child: command.spawn().unwrap() }
    }

    async fn get(&self, path: &str) -> Option<(u16, String)> {
        let response = reqwest::get(format!("{}{path}", self.url)).await.ok()?;
        Some((response.status().as_u16(), response.text().await.ok()?))
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As a user whose password is its name; `projections` and `query` share their files, as all do here.
fn as_user(dir: &Path, nats: SocketAddr, user: &str) -> Command {
    let mut command = tillstream(dir);
    command
        .env("TILLSTREAM_NATS_URL", format!("nats://{user}:{user}@{nats}"))
        .env("TILLSTREAM_SHOPS_0_DOMAIN", "acme.myshopify.com")
        .env("TILLSTREAM_SHOPS_0_SECRETS", "secret")
        .env("TILLSTREAM_SIMULATOR_DELIVERIES_PER_SECOND", "100")
        .env("TILLSTREAM_NOTIFICATIONS_ENABLED", "true")
        .env("TILLSTREAM_ACCESS_OPEN", "true")
        .env("TILLSTREAM_CHECKOUTS_ABANDONED_AFTER", "1s")
        .env("TILLSTREAM_PRIVACY_KEK", "env:A_KEK")
        .env("A_KEK", "01".repeat(32))
        .env("RUST_LOG", "warn")
        .stdout(Stdio::null());
    command
}

fn operator(dir: &Path, nats: SocketAddr, args: &[&str]) -> (Option<i32>, String) {
    let output = as_user(dir, nats, "operator").args(args).stdout(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said)
}

async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn status(query: &Role) -> Value {
    query.get("/v1/status").await.and_then(|(_, body)| serde_json::from_str(&body).ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_does_its_work_with_its_own_credentials_and_is_denied_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (_nats, nats) = guarded(dir.path());
    let ensure = |user| as_user(dir.path(), nats, user).args(["streams", "ensure"]).output().unwrap();
    let refused = ensure("recorder");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("denies this role"), "{said}");
    assert!(ensure("provisioner").status.success());
    let roles: Vec<Role> = ROLES.iter().map(|role| Role::start(dir.path(), nats, *role)).collect();
    let role = |user: &str| roles.iter().find(|role| role.user == user).unwrap();
    for role in &roles {
        eventually(role.user, async || role.get("/readyz").await.filter(|(status, _)| *status == 200)).await;
    }

    let shop = as_user(dir.path(), nats, "nobody").args(["demo", "--url", &role("ingress").url]).spawn().unwrap();
    let shop = Role { user: "demo", url: String::new(), child: shop };
    let heard = ["recorder", "inventory", "loyalty", "checkouts", "notifications"];
    for user in heard {
        let handled =
            async || role(user).get("/metrics").await.filter(|(_, text)| text.contains("outcome=\"handled\""));
        eventually(user, handled).await;
    }
    for kind in ["order", "stock", "loyalty", "checkout", "notification"] {
        let listed =
            || operator(dir.path(), nats, &["events", "ls", "--aggregate", kind, "--limit", "1", "--output", "json"]);
        eventually(kind, async || Some(listed()).filter(|(code, said)| *code == Some(0) && said.contains(kind))).await;
    }
    drop(shop);
    let settled = async || Some(status(role("query")).await).filter(|status| status["settled"] == true);
    let settled = eventually("all is settled", settled).await;
    let subscribers = settled["subscribers"].as_array().unwrap();
    assert!(subscribers.iter().all(|subscriber| subscriber["dead"] == 0), "{settled:#}");
    let (code, orders) = role("query").get("/v1/acme/orders?limit=1").await.unwrap();
    assert!(code == 200 && orders.contains("\"id\""), "{orders}");

    for (args, wanted) in [
        (&["streams", "report"][..], 0),
        (&["dead-letters", "ls"], 0),
        (&["quarantine", "ls"], 0),
        (&["subscribers", "pause", "allocate_stock", "--reason", "a test"], 0),
        (&["subscribers", "resume", "allocate_stock"], 0),
    ] {
        let (code, said) = operator(dir.path(), nats, args);
        assert_eq!(code, Some(wanted), "{args:?}: {said}");
    }
    for role in &roles {
        let (_, metrics) = role.get("/metrics").await.unwrap();
        assert!(
            metrics.contains("tillstream_broker_denied_total 0\n"),
            "{} was denied something: {metrics}",
            role.user
        );
    }
}
