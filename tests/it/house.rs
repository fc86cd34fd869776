//! The product as its user runs it: the binary, a folder, an address.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use events::Shop;
use shopify::Secret;
use tempfile::TempDir;
use testkit::free_port;

use crate::api::Api;

pub(crate) const SHOP: &str = "acme";
pub(crate) const SECRET: &str = "a secret of the test";

/// Its own nats-server and SQLite files.
const ALONE: &str = "[nats]\nsync = \"interval\"\n";

/// `tillstream up` on a folder of its own; killed when dropped.
pub(crate) struct House {
    pub(crate) api: Api,
    url: String,
    folder: TempDir,
    log: &'static str,
    process: Child,
}

impl House {
    /// Returns when it says that it is ready.
    pub(crate) async fn start() -> Self {
        Self::start_with(ALONE, "warn").await
    }

    /// With these sections in its configuration, where NATS is, for one; and of its log what this filter lets through.
    pub(crate) async fn start_with(sections: &str, log: &'static str) -> Self {
        let folder = TempDir::new().unwrap();
        let listen = format!("127.0.0.1:{}", free_port());
        let config = format!(
            "[server]\nlisten = \"{listen}\"\n[access]\nopen = true\n[loyalty]\nvalidity_days = 0\n{sections}\
             [[shops]]\ndomain = \"{SHOP}.myshopify.com\"\nsecrets = [\"{SECRET}\"]\ncurrency = \"USD\"\n"
        );
        std::fs::write(folder.path().join("tillstream.toml"), config).unwrap();
        let process = spawn(&folder, log);
        let url = format!("http://{listen}");
        Self { api: Api::new(url.clone()), url, folder, log, process }
    }

    /// `kill -9`, and a start on the same folder.
    pub(crate) fn kill_and_restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = spawn(&self.folder, self.log);
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// A further command of the same configuration, beside it.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = tillstream(&self.folder.path().join("tillstream.toml"), &self.data());
        command.args(args);
        command
    }

    /// Its files.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn ingress(&self) -> String {
        format!("{}/webhooks/shopify", self.url)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn shop() -> Shop {
    SHOP.parse().unwrap()
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

/// All of them, by mail to this port of the loopback.
pub(crate) fn notifications(mail: u16) -> String {
    format!(
        "[notifications]\nenabled = true\noperations = \"ops@acme.example\"\n[notifications.smtp]\n\
         host = \"127.0.0.1\"\nport = {mail}\ntls = \"none\"\nfrom = \"Acme <shop@acme.example>\"\n\
         per_second = 1000\n"
    )
}

fn spawn(folder: &TempDir, log: &str) -> Child {
    let mut command = tillstream(&folder.path().join("tillstream.toml"), &folder.path().join("data"));
    let mut process = command.arg("up").env("RUST_LOG", log).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let ready = lines.map_while(Result::ok).any(|line| line.contains("ready"));
    assert!(ready, "it ended before it was ready");
    process
}

/// The program with its configuration; what it is to do follows.
pub(crate) fn tillstream(config: &Path, dir: &Path) -> Command {
    let mut command = Command::new(binary());
    command.arg("--config").arg(config).arg("--data-dir").arg(dir).env("RUST_LOG", "error");
    command
}

/// Built by `cargo test --workspace`, beside this test.
fn binary() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let binary = here.parent().unwrap().with_file_name("tillstream");
    assert!(binary.is_file(), "{} is missing: run ./test, or `cargo build` first", binary.display());
    binary
}
