use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_nats::jetstream::stream::Config;
use async_nats::jetstream::{self, Context};
use rustix::process::{Pid, Signal, kill_process};
use streams::{Broker, BrokerSettings, Stream};
use tempfile::TempDir;

use crate::port::free_port;

const START: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(10);
const PORT_TAKEN_TRIES: u32 = 5;
/// The shell holds the server: when the test is gone, its end of the pipe is closed and the server killed.
const LEASH: &str = r#""$@" & echo $!; read -r _; kill -KILL $! 2>/dev/null"#;

static STARTED: AtomicU32 = AtomicU32::new(0);

/// When the server calls fsync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncInterval {
    /// Every two minutes, as nats-server does by itself.
    #[default]
    Default,
    Always,
}

/// A nats-server with JetStream, on the loopback and with a store of its own; it ends with this value.
pub struct NatsServer {
    name: String,
    port: u16,
    dir: TempDir,
    process: Option<Process>,
}

struct Process {
    leash: Child,
    pid: Pid,
}

impl NatsServer {
    pub async fn start() -> Self {
        Self::start_with(SyncInterval::Default).await
    }

    pub async fn start_with(sync: SyncInterval) -> Self {
        for _ in 0..PORT_TAKEN_TRIES {
            let mut server = Self::prepare(sync, "");
            server.spawn();
            if server.answers().await {
                return server;
            }
        }
        panic!("nats-server did not start in {PORT_TAKEN_TRIES} tries");
    }

    /// With lines of its own in the configuration: users, for one.
    pub async fn start_with_config(lines: &str) -> Self {
        let mut server = Self::prepare(SyncInterval::Default, lines);
        server.spawn();
        let deadline = Instant::now() + START;
        // Who it lets in is for the test to say.
        while TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).is_err() {
            assert!(Instant::now() < deadline, "nats-server did not start: {}", server.log());
            tokio::time::sleep(LOOK).await;
        }
        server
    }

    /// Writes the configuration; nothing runs yet.
    pub(crate) fn prepare(sync: SyncInterval, cluster: &str) -> Self {
        let name = format!("kit-{}-{}", std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let dir = TempDir::new().unwrap_or_else(|error| panic!("no directory for a nats-server: {error}"));
        let port = free_port();
        let mut config = format!("host: 127.0.0.1\nport: {port}\nserver_name: {name}\n");
        let store = dir.path().join("store");
        let _ = write!(config, "jetstream {{ store_dir: {store:?}, max_memory_store: 256MB, max_file_store: 16GB");
        if sync == SyncInterval::Always {
            config.push_str(", sync_interval: always");
        }
        let _ = write!(config, " }}\n{cluster}\n");
        let server = Self { name, port, dir, process: None };
        std::fs::write(server.config(), config).unwrap_or_else(|error| panic!("nats-server's config: {error}"));
        server
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("nats-server.conf")
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// A connection of its own.
    pub async fn connect(&self) -> Broker {
        connect(&self.url()).await
    }

    /// As a crash of the process: kill -9.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::KILL);
            drop(process.leash.stdin.take());
            let _ = process.leash.wait();
        }
    }

    /// kill -9 unless that was done already, and again on the same store and port; returns when it answers.
    pub async fn restart(&mut self) {
        self.kill();
        self.spawn();
        assert!(self.answers().await, "nats-server did not come back: see {}", self.log());
    }

    /// Unless it runs. It may not answer yet.
    pub(crate) fn start_again(&mut self) {
        if !self.is_alive() {
            self.spawn();
        }
    }

    /// Lets a stream grow by so many bytes and no more; gives the limit that it had.
    pub async fn leave_room(&self, stream: Stream, bytes: i64) -> i64 {
        let jetstream = self.jetstream().await;
        let found = jetstream.get_stream(stream.name()).await;
        let info = found.unwrap_or_else(|error| panic!("{stream} is not there: {error}")).cached_info().clone();
        let held = i64::try_from(info.state.bytes).unwrap_or(i64::MAX);
        limit(&jetstream, Config { max_bytes: held + bytes, ..info.config.clone() }).await;
        info.config.max_bytes
    }

    /// Lets a stream grow to so many bytes.
    pub async fn set_limit(&self, stream: Stream, max_bytes: i64) {
        let jetstream = self.jetstream().await;
        let found = jetstream.get_stream(stream.name()).await;
        let found = found.unwrap_or_else(|error| panic!("{stream} is not there: {error}"));
        limit(&jetstream, Config { max_bytes, ..found.cached_info().config.clone() }).await;
    }

    async fn jetstream(&self) -> Context {
        let client = async_nats::connect(self.url()).await;
        jetstream::new(client.unwrap_or_else(|error| panic!("no connection to the nats-server: {error}")))
    }

    /// Stops the process without ending it: connections stay and nothing answers.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process {
            process.signal(signal);
        }
    }

    pub(crate) fn spawn(&mut self) {
        let log = std::fs::File::create(self.dir.path().join("log"));
        let log = log.unwrap_or_else(|error| panic!("nats-server's log: {error}"));
        let mut command = Command::new("sh");
        command.args(["-c", LEASH, "leash"]).arg(crate::binary::nats_server()).arg("-c").arg(self.config());
        let leash = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn();
        let mut leash = leash.unwrap_or_else(|error| panic!("nats-server cannot be started: {error}"));
        let mut line = String::new();
        let told = leash.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut line));
        let pid = line.trim().parse().ok().and_then(Pid::from_raw);
        let pid = pid.unwrap_or_else(|| panic!("nats-server's process id is not known: {told:?}"));
        self.process = Some(Process { leash, pid });
    }

    /// Whether it is this very server that answers, before long.
    pub(crate) async fn answers(&self) -> bool {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline && self.is_alive() {
            if let Ok(client) = async_nats::connect(self.url()).await {
                return client.server_info().server_name == self.name;
            }
            tokio::time::sleep(LOOK).await;
        }
        false
    }

    fn is_alive(&self) -> bool {
        let tested = self.process.as_ref().map(|process| rustix::process::test_kill_process(process.pid));
        tested.is_some_and(|answer| answer.is_ok())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Process {
    fn signal(&self, signal: Signal) {
        // It may have ended by itself.
        let _ = kill_process(self.pid, signal);
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn limit(jetstream: &Context, config: Config) {
    let updated = jetstream.update_stream(&config).await;
    updated.unwrap_or_else(|error| panic!("{} does not get its limit: {error}", config.name));
}

/// Those that were killed; all together, for a cluster needs most of them to answer.
pub(crate) async fn start_again(servers: &mut [NatsServer]) {
    servers.iter_mut().for_each(NatsServer::start_again);
    for server in servers {
        assert!(server.answers().await, "a nats-server did not come back");
    }
}

pub(crate) async fn connect(url: &str) -> Broker {
    let broker = Broker::connect(&BrokerSettings::new(url, "test")).await;
    broker.unwrap_or_else(|error| panic!("no connection to the test's nats-server: {error}"))
}
