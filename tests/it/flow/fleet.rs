//! The product as its services: each role is a process, each service runs twice, and they are killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testkit::{MailServer, NatsServer};

use crate::api::Api;
use crate::house::{SECRET, SHOP, binary, free_port};

const SERVICES: [&str; 4] = ["inventory", "loyalty", "notifications", "checkouts"];
const START: Duration = Duration::from_secs(60);
const FEWEST_KILLS: usize = 12;

/// What the processes need ends after them.
pub(crate) struct Fleet {
    replicas: Vec<Role>,
    /// Those that are left in peace.
    steady: Vec<Role>,
    /// Of the role that answers reads.
    pub(crate) api: Api,
    pub(crate) ingress: String,
    pub(crate) nats: NatsServer,
    pub(crate) mail: MailServer,
    folder: TempDir,
}

/// One process; killed when dropped.
struct Role {
    service: String,
    command: Command,
    process: Child,
}

#[derive(Debug, Default)]
pub(crate) struct Kills {
    pub(crate) all: usize,
    pub(crate) of_notifications: usize,
}

impl Fleet {
    /// Returns when webhooks are taken and reads are answered.
    pub(crate) async fn start() -> Self {
        let (nats, mail, folder) = (NatsServer::start().await, MailServer::start().await, TempDir::new().unwrap());
        let config = folder.path().join("tillstream.toml");
        std::fs::write(&config, configuration(&nats.url(), mail.port())).unwrap();
        let ensured = tillstream(&config, &folder.path().join("streams")).args(["streams", "ensure"]).output().unwrap();
        assert!(ensured.status.success(), "{}", String::from_utf8_lossy(&ensured.stderr));
        let ingress = format!("127.0.0.1:{}", free_port());
        let query = format!("127.0.0.1:{}", free_port());
        let role = |dir: &str, role: &[&str], listen: &str| Role::start(&config, folder.path().join(dir), role, listen);
        // Reads are of the database that the projections write.
        let steady = vec![
            role("ingress", &["ingress"], &ingress),
            role("rows", &["projections"], "127.0.0.1:0"),
            role("rows", &["query"], &query),
        ];
        let mut replicas = Vec::new();
        for number in 1..=2 {
            replicas.push(role(&format!("recorder-{number}"), &["recorder"], "127.0.0.1:0"));
            for service in SERVICES {
                let dir = format!("{service}-{number}");
                replicas.push(role(&dir, &["handlers", service], "127.0.0.1:0"));
            }
        }
        let (webhooks, api) = (Api::new(format!("http://{ingress}")), Api::new(format!("http://{query}")));
        let started = Instant::now();
        while !(webhooks.answers("/readyz").await && api.answers("/v1/status").await) {
            assert!(started.elapsed() < START, "not ready after {START:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self { replicas, steady, api, ingress: format!("http://{ingress}/webhooks/shopify"), nats, mail, folder }
    }

    /// Every few moments one of the replicas dies of `kill -9` and begins again on what it had, until it is
    /// enough and the others are done.
    pub(crate) async fn suffer(&mut self, done: impl Fn() -> bool) -> Kills {
        let mut kills = Kills::default();
        while kills.all < FEWEST_KILLS || !done() {
            // Never the same moment of the traffic, and each replica in its turn.
            tokio::time::sleep(Duration::from_millis(2_000 + 597 * (kills.all as u64 % 6))).await;
            let turn = kills.all * 3 % self.replicas.len();
            let replica = &mut self.replicas[turn];
            replica.die();
            replica.process = replica.command.spawn().unwrap();
            kills.all += 1;
            kills.of_notifications += usize::from(replica.service == "notifications");
        }
        for role in self.steady.iter_mut().chain(&mut self.replicas) {
            let ended = role.process.try_wait().unwrap();
            assert_eq!(ended, None, "{} ended by itself, in {}", role.service, self.folder.path().display());
        }
        kills
    }
}

impl Role {
    fn start(config: &Path, dir: PathBuf, role: &[&str], listen: &str) -> Self {
        let mut command = tillstream(config, &dir);
        command.args(role).args(["--listen", listen]);
        let process = command.spawn().unwrap();
        Self { service: role[role.len() - 1].to_owned(), command, process }
    }

    fn die(&mut self) {
        // It may be dead already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.die();
    }
}

fn tillstream(config: &Path, dir: &Path) -> Command {
    let mut command = Command::new(binary());
    command.arg("--config").arg(config).arg("--data-dir").arg(dir).env("RUST_LOG", "error");
    command
}

fn configuration(nats: &str, mail: u16) -> String {
    format!(
        "[access]\nopen = true\n[nats]\nurl = \"{nats}\"\nmax_bytes = 2147483648\n[loyalty]\nvalidity_days = 0\n\
         [notifications]\nenabled = true\noperations = \"ops@acme.example\"\n\
         [notifications.smtp]\nhost = \"127.0.0.1\"\nport = {mail}\ntls = \"none\"\nfrom = \"Acme <shop@acme.example>\"\n\
         [[shops]]\ndomain = \"{SHOP}.myshopify.com\"\nsecrets = [\"{SECRET}\"]\ncurrency = \"USD\"\n"
    )
}
