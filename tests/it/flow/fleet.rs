//! The product as its services: each role is a process, each service runs twice, and they are killed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use testkit::{MailServer, NatsServer, Proxy, free_port};

use crate::api::Api;
use crate::house::{SECRET, SHOP, notifications, tillstream};

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
    port: u16,
    process: Child,
    /// What stands in front of it, as a load balancer does.
    line: Option<Proxy>,
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
        std::fs::write(&config, configuration(&nats.url(), mail.port(), folder.path())).unwrap();
        let ensured = tillstream(&config, &folder.path().join("streams")).args(["streams", "ensure"]).output().unwrap();
        assert!(ensured.status.success(), "{}", String::from_utf8_lossy(&ensured.stderr));
        let role = |dir: &str, role: &[&str]| Role::start(&config, folder.path().join(dir), role);
        // Reads are of the database that the projections write.
        let mut steady = vec![role("ingress", &["ingress"]), role("rows", &["projections"]), role("rows", &["query"])];
        let mut replicas = Vec::new();
        for number in 1..=2 {
            replicas.push(role(&format!("recorder-{number}"), &["recorder"]));
            for service in SERVICES {
                replicas.push(role(&format!("{service}-{number}"), &["handlers", service]));
            }
        }
        let (ingress, query) = (steady[0].in_front().await, steady[2].in_front().await);
        for role in &steady {
            role.ready().await;
        }
        let ingress = format!("http://{ingress}/webhooks/shopify");
        Self { replicas, steady, api: Api::new(format!("http://{query}")), ingress, nats, mail, folder }
    }

    /// As a release does it: one process after the other is told to go, and the next one takes its place. Of those that
    /// are asked over HTTP the next one is ready before.
    pub(crate) async fn replace_all(&mut self) {
        for role in self.steady.iter_mut().chain(&mut self.replicas) {
            role.replace().await;
        }
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
            replica.process = replica.spawn();
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
    fn start(config: &Path, dir: PathBuf, role: &[&str]) -> Self {
        let mut command = tillstream(config, &dir);
        command.args(role);
        let port = free_port();
        let process = spawn(&mut command, port);
        Self { service: role[role.len() - 1].to_owned(), command, port, process, line: None }
    }

    fn spawn(&mut self) -> Child {
        spawn(&mut self.command, self.port)
    }

    /// The address at which whoever has its place is found.
    async fn in_front(&mut self) -> SocketAddr {
        self.line.insert(Proxy::in_front_of(self.port).await).address()
    }

    async fn ready(&self) {
        let (api, started) = (Api::new(format!("http://127.0.0.1:{}", self.port)), Instant::now());
        while !api.answers("/readyz").await {
            assert!(started.elapsed() < START, "{} is not ready after {START:?}", self.service);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn replace(&mut self) {
        self.port = free_port();
        if self.line.is_some() {
            let next = self.spawn();
            let mut before = std::mem::replace(&mut self.process, next);
            self.ready().await;
            if let Some(line) = &self.line {
                line.lead_to(self.port);
            }
            leave(&self.service, &mut before).await;
        } else {
            leave(&self.service, &mut self.process).await;
            self.process = self.spawn();
            self.ready().await;
        }
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

fn spawn(command: &mut Command, port: u16) -> Child {
    command.env("TILLSTREAM_SERVER_LISTEN", format!("127.0.0.1:{port}")).spawn().unwrap()
}

/// It is told to go, and ends well when it has finished.
async fn leave(service: &str, process: &mut Child) {
    kill_process(Pid::from_child(process), Signal::TERM).unwrap();
    let since = Instant::now();
    let ended = loop {
        if let Some(ended) = process.try_wait().unwrap() {
            break ended;
        }
        assert!(since.elapsed() < START, "{service} does not go");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(ended.success(), "{service} ended badly: {ended}");
}

/// All roles find the keys to personal data in one place, whatever their own folder is.
fn configuration(nats: &str, mail: u16, shared: &Path) -> String {
    let (kek, shared) = (shared.join("kek"), shared.display());
    std::fs::write(&kek, "5a".repeat(32)).unwrap();
    format!(
        "[access]\nopen = true\n[nats]\nurl = \"{nats}\"\nmax_bytes = 2147483648\n[loyalty]\nvalidity_days = 0\n\
         [privacy]\nkek = \"file:{}\"\nurl = \"sqlite://{shared}\"\n{}[[shops]]\n\
         domain = \"{SHOP}.myshopify.com\"\nsecrets = [\"{SECRET}\"]\ncurrency = \"USD\"\n",
        kek.display(),
        notifications(mail)
    )
}
