use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::binary::postgres;
use crate::port::free_port;

/// So long it may take until it answers.
const START: Duration = Duration::from_secs(60);
/// What it writes when it does.
const READY: &str = "ready to accept connections";
const LOOK: Duration = Duration::from_millis(20);
/// PostgreSQL refuses root: then it runs as nobody.
const NOBODY: u32 = 65_534;
/// The shell holds the server: when the tests are gone, its end of the pipe is closed, and nothing remains.
const LEASH: &str = r#"folder=$1; shift; "$@" & echo started; read -r word; kill -QUIT $!; wait $!
[ "$word" = keep ] || rm -rf "$folder""#;
/// Nothing of a test survives a power cut, so nothing waits for the disk.
const SETTINGS: [&str; 7] = [
    "fsync=off",
    "full_page_writes=off",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=400",
    "shared_buffers=64MB",
    "autovacuum=off",
];

static SERVER: OnceLock<PostgresServer> = OnceLock::new();
static SERVERS: AtomicU32 = AtomicU32::new(0);
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A PostgreSQL server on the loopback. The tests of one process share one, and who kills it has one of its own.
pub struct PostgresServer {
    port: u16,
    folder: PathBuf,
    /// Its standard input is what keeps the server alive; it is closed when the process ends. None: it is down.
    leash: Option<Child>,
}

impl PostgresServer {
    /// The URL of an empty database of the caller's own, on the server that is started when a test first asks.
    ///
    /// # Panics
    /// There is no PostgreSQL, or it does not start.
    pub fn database() -> String {
        SERVER.get_or_init(Self::start).make_database()
    }

    /// One of the caller's own.
    ///
    /// # Panics
    /// There is no PostgreSQL, or it does not start.
    pub fn start() -> Self {
        let number = SERVERS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("testkit-postgres-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap_or_else(|error| panic!("no directory for PostgreSQL: {error}"));
        if rustix::process::geteuid().is_root() {
            let owned = chown(&folder, Some(NOBODY), Some(NOBODY));
            owned.unwrap_or_else(|error| panic!("PostgreSQL's directory: {error}"));
        }
        let initdb = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync", "-D", "store"];
        run(unprivileged("initdb").args(initdb).current_dir(&folder));
        let mut server = Self { port: free_port(), folder, leash: None };
        server.start_again();
        server
    }

    /// The URL of an empty database.
    pub fn make_database(&self) -> String {
        let port = self.port;
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let port_text = port.to_string();
        run(Command::new(postgres("createdb")).args(["-h", "127.0.0.1", "-U", "postgres", "-p", &port_text, &name]));
        format!("postgres://postgres@127.0.0.1:{port}/{name}")
    }

    /// As a crash: it waits for nothing and writes nothing. Returns when it is down.
    pub fn kill(&mut self) {
        let Some(mut leash) = self.leash.take() else { return };
        // When the shell is gone, so is the server.
        let _ = leash.stdin.take().map(|mut stdin| stdin.write_all(b"keep\n"));
        let _ = leash.wait();
    }

    /// Unless it runs; on the same port and store. Returns when it can be connected to.
    pub fn start_again(&mut self) {
        if self.leash.is_some() {
            return;
        }
        self.leash = Some(spawn(&self.folder, self.port));
        let deadline = Instant::now() + START;
        // It takes connections before that, only to refuse them.
        let log = || std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        while !log().contains(READY) {
            assert!(Instant::now() < deadline, "PostgreSQL did not start: {}", log());
            sleep(LOOK);
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if let Some(mut leash) = self.leash.take() {
            drop(leash.stdin.take());
            let _ = leash.wait();
        }
        // Its shell has done so already, unless it was down.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn spawn(folder: &Path, port: u16) -> Child {
    let log = std::fs::File::create(folder.join("log")).unwrap_or_else(|error| panic!("PostgreSQL's log: {error}"));
    let server = unprivileged("postgres");
    let mut command = Command::new("sh");
    command.args(["-c", LEASH, "leash"]).arg(folder).arg(server.get_program()).args(server.get_args());
    command.arg("-D").arg(folder.join("store")).args(["-p", &port.to_string()]);
    command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting])).current_dir(folder);
    let leash = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn();
    let mut leash = leash.unwrap_or_else(|error| panic!("PostgreSQL cannot be started: {error}"));
    let told = leash.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut String::new()));
    assert!(told.is_some_and(|told| told.is_ok()), "PostgreSQL cannot be started");
    leash
}

/// One of PostgreSQL's programs, as somebody it accepts.
fn unprivileged(program: &str) -> Command {
    let binary: PathBuf = postgres(program);
    if !rustix::process::geteuid().is_root() {
        return Command::new(binary);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(binary);
    command
}

fn run(command: &mut Command) {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let mut said = String::new();
    let read = child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut said));
    let ended = child.wait();
    assert!(ended.as_ref().is_ok_and(|status| status.success()), "{command:?}: {ended:?} {read:?} {said}");
}
