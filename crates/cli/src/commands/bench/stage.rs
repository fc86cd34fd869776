//! Where a measurement takes place: a fresh nats-server with our streams, and a receiver as a child process.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use events::Shop;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::block_in_place;

use crate::config::{Nats, Sync};
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::nats::{OwnNats, this_program};
use crate::roles;

/// A service first looks whom the log wants forgotten, which takes a while in a long one.
const START: Duration = Duration::from_secs(120);

/// A broker of its own, and its files, which go after it.
pub(super) struct Stage {
    pub(super) nats: OwnNats,
    _files: Files,
}

struct Files(PathBuf);

/// How a receiver is started that is no role.
#[derive(Debug, clap::Args)]
pub(crate) struct ReceiverArgs {
    #[arg(long)]
    pub(super) listen: SocketAddr,
    #[arg(long)]
    pub(super) nats_url: String,
    #[arg(long)]
    pub(super) shop: Shop,
    #[arg(long)]
    pub(super) secret: String,
}

/// A receiver of webhooks in a process of its own, killed with this value.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    child: Child,
}

impl Stage {
    pub(super) async fn set(dir: &Path, sync: Sync) -> Outcome<Self> {
        let files = Files(dir.join("nats"));
        fs::create_dir_all(&files.0)?;
        let lock = File::create(files.0.join("lock"))?;
        let nats = block_in_place(|| OwnNats::start(&files.0, sync, lock))?;
        let stage = Self { nats, _files: files };
        let broker = roles::connect(&stage.nats.url(), "bench", roles::own_durability(sync)).await?;
        roles::ensure_streams(&broker, &Nats::default()).await?;
        Ok(stage)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // what is left behind is found under the data directory, and does no harm
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// This same binary with these arguments, configured by us alone: no file, no variable from outside. What is sealed here
/// does not outlive the measurement, so any key will do.
pub(super) fn child(dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome<Command> {
    let mut command = Command::new(this_program()?);
    command.args(arguments).current_dir(dir).stdout(Stdio::null()).kill_on_drop(true);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TILLSTREAM_")) {
        command.env_remove(name);
    }
    command.env("TILLSTREAM_PRIVACY_KEK", "env:BENCH_KEK").env("BENCH_KEK", "0".repeat(64));
    command.envs(variables.iter().copied());
    Ok(command)
}

impl Receiver {
    /// Starts this same binary with these arguments and `--listen`, and waits until it takes connections.
    pub(super) async fn start(dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = child(dir, arguments, variables)?;
        let spawned = command.arg("--listen").arg(address.to_string()).spawn().or_exit(Exit::Failed);
        let child = spawned.map_err(|e| e.context(format!("starting {arguments:?}")))?;
        let since = Instant::now();
        while since.elapsed() < START {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(Self { address, child });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(Failure::new(Exit::Failed, format!("{arguments:?} did not start")))
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub(super) async fn stop(mut self) -> Outcome {
        Ok(self.child.kill().await?)
    }
}
