use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The binary in a directory of its own, with nothing of ours in the environment.
pub(crate) fn tillstream(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
    let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TILLSTREAM_"));
    for (name, _) in ours {
        command.env_remove(name);
    }
    command.current_dir(dir).env_remove("RUST_LOG");
    command
}

pub(crate) fn run(dir: &Path, args: &[&str]) -> Output {
    tillstream(dir).args(args).output().unwrap()
}

/// A running `up`; killed when dropped.
pub(crate) struct Up {
    child: Child,
    // held open, so that nothing it prints is an error
    _stdout: BufReader<ChildStdout>,
    pub(crate) url: String,
    pub(crate) nats: SocketAddr,
    nats_pid_file: PathBuf,
}

impl Up {
    /// Waits for the `ready` line.
    pub(crate) fn start(dir: &Path, args: &[&str]) -> Self {
        let mut command = tillstream(dir);
        command.args(["up", "--listen", "127.0.0.1:0"]).args(args).stdout(Stdio::piped());
        command.env("TILLSTREAM_SHOPS_0_DOMAIN", "acme.myshopify.com").env("TILLSTREAM_SHOPS_0_SECRETS", "secret");
        command.env("TILLSTREAM_ACCESS_OPEN", "true");
        Self::spawn(dir, command)
    }

    /// The same, as it is when nothing is said: with keys.
    pub(crate) fn guarded(dir: &Path, args: &[&str]) -> Self {
        let mut command = tillstream(dir);
        command.args(["up", "--listen", "127.0.0.1:0"]).args(args).stdout(Stdio::piped());
        Self::spawn(dir, command)
    }

    pub(crate) fn spawn(dir: &Path, mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["ready", url, "(nats", nats] = words[..] else { panic!("not ready: {line:?}") };
        let nats = nats.trim_start_matches("nats://").trim_end_matches(')').parse().unwrap();
        Self { child, _stdout: stdout, url: url.to_owned(), nats, nats_pid_file: dir.join("data/nats/nats-server.pid") }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Its exit code; none when a signal ended it.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let mut status = None;
        until("the process ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code()
    }

    pub(crate) fn nats_pid(&self) -> Pid {
        let pid = std::fs::read_to_string(&self.nats_pid_file).unwrap();
        Pid::from_raw(pid.trim().parse().unwrap()).unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Looks again and again.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn listens(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}

pub(crate) fn free_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], testkit::free_port()))
}

/// A nats-server that is not `up`'s own.
pub(crate) struct Nats {
    child: Child,
    address: SocketAddr,
}

impl Nats {
    pub(crate) fn start(dir: &Path, address: SocketAddr, settings: &str) -> Self {
        let config = dir.join("external.conf");
        let store = dir.join("external");
        std::fs::write(&config, format!("listen: \"{address}\"\njetstream {{ store_dir: {store:?} }}\n{settings}\n"))
            .unwrap();
        let child = Command::new(server()).arg("--config").arg(config).stderr(Stdio::null()).spawn().unwrap();
        let nats = Self { child, address };
        until("nats-server listens", || listens(address));
        nats
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn server() -> std::path::PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/get-nats-server");
    let found = Command::new(script).output().unwrap();
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    String::from_utf8(found.stdout).unwrap().trim().into()
}
