//! The product as its user runs it: the binary, a folder, an address.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use events::Shop;
use shopify::Secret;
use tempfile::TempDir;

use crate::api::Api;

pub(crate) const SHOP: &str = "acme";
pub(crate) const SECRET: &str = "a secret of the test";

/// `tillstream up` on a folder of its own; killed when dropped.
pub(crate) struct House {
    pub(crate) api: Api,
    url: String,
    folder: TempDir,
    process: Child,
}

impl House {
    /// Returns when it says that it is ready.
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let listen = format!("127.0.0.1:{}", free_port());
        let config = format!(
            "[server]\nlisten = \"{listen}\"\n[access]\nopen = true\n[nats]\nsync = \"interval\"\n[loyalty]\nvalidity_days = 0\n\
             [[shops]]\ndomain = \"{SHOP}.myshopify.com\"\nsecrets = [\"{SECRET}\"]\ncurrency = \"USD\"\n"
        );
        std::fs::write(folder.path().join("tillstream.toml"), config).unwrap();
        let process = spawn(&folder);
        let url = format!("http://{listen}");
        Self { api: Api::new(url.clone()), url, folder, process }
    }

    /// `kill -9`, and a start on the same folder.
    pub(crate) fn kill_and_restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = spawn(&self.folder);
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

fn spawn(folder: &TempDir) -> Child {
    let mut process = Command::new(binary())
        .args(["up", "--config"])
        .arg(folder.path().join("tillstream.toml"))
        .arg("--data-dir")
        .arg(folder.path().join("data"))
        .env("RUST_LOG", "warn")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let ready = lines.map_while(Result::ok).any(|line| line.contains("ready"));
    assert!(ready, "it ended before it was ready");
    process
}

/// Built by `cargo test --workspace`, beside this test.
pub(crate) fn binary() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let binary = here.parent().unwrap().with_file_name("tillstream");
    assert!(binary.is_file(), "{} is missing: run ./test, or `cargo build` first", binary.display());
    binary
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
