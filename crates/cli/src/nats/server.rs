//! A nats-server of our own, supervised: started, restarted when it dies, stopped with us.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::{Binary, ChildArgs};
use crate::config::Sync;
use crate::failure::{Exit, Failure, OrExit, Outcome};

const LOOK: Duration = Duration::from_millis(20);
/// Reading a store of many gigabytes takes its time.
const START: Duration = Duration::from_secs(120);
const STOP: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A running nats-server. Dropping it stops the server and waits for its end.
#[derive(Debug)]
pub(crate) struct OwnNats {
    port: u16,
    pid: Arc<AtomicU32>,
    stop: Option<Sender<()>>,
    supervisor: Option<JoinHandle<()>>,
}

/// All that is needed to start it, again and again.
struct Launch {
    binary: PathBuf,
    config: PathBuf,
    log: PathBuf,
    port: u16,
    lock: File,
    /// Of the child that was started last.
    pid: Arc<AtomicU32>,
}

impl OwnNats {
    /// Starts nats-server with its store in `dir`, on a free port of the loopback, and waits until it answers.
    /// It holds `lock` open as long as it lives, so that nobody takes the store from under it.
    ///
    /// # Errors
    /// It cannot be found (precondition) or does not come up (unavailable).
    pub(crate) fn start(dir: &Path, sync: Sync, lock: File) -> Outcome<Self> {
        let binary = Binary::find()?.path;
        fs::create_dir_all(dir)?;
        let [port, monitor] = free_ports()?;
        let (config, log) = (dir.join("nats-server.conf"), dir.join("nats-server.log"));
        fs::write(&config, settings(dir, &log, port, monitor, sync))?;
        let pid = Arc::new(AtomicU32::new(0));
        let launch = Launch { binary, config, log, port, lock, pid: pid.clone() };
        let (stop, stopped) = mpsc::channel();
        let (ready, started) = mpsc::channel();
        // the kernel ties the child to the thread that started it, so that thread lives as long as we do
        let supervisor = thread::Builder::new().name("nats-server".into()).spawn(move || {
            supervise(&launch, &stopped, &ready);
        })?;
        let own = Self { port, pid, stop: Some(stop), supervisor: Some(supervisor) };
        let failed = || Failure::new(Exit::Unavailable, "the supervisor of nats-server ended");
        started.recv().unwrap_or_else(|_| Err(failed())).map(|()| own)
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The process to measure; on Linux it is nats-server itself.
    pub(crate) fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }
}

impl Drop for OwnNats {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(supervisor) = self.supervisor.take() {
            // it does not panic, and if it did there is nothing left to stop
            let _ = supervisor.join();
        }
    }
}

fn supervise(launch: &Launch, stop: &Receiver<()>, ready: &Sender<Outcome>) {
    let mut child = match launch.first() {
        Ok(child) => child,
        Err(failure) => return drop(ready.send(Err(failure))),
    };
    let _ = ready.send(Ok(()));
    let mut pause = FIRST_PAUSE;
    loop {
        let since = Instant::now();
        match watch(&mut child, stop) {
            Some(status) => {
                tracing::error!(%status, "nats-server ended by itself, starting it again");
                let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            }
            None => return terminate(&mut child),
        }
        pause = if since.elapsed() > LONGEST_PAUSE { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        child = loop {
            if stop.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            match launch.spawn() {
                Ok(child) => break child,
                Err(error) => tracing::error!(%error, "nats-server cannot be started"),
            }
        };
    }
}

/// Its exit status, or none when it was we who wanted to stop.
fn watch(child: &mut Child, stop: &Receiver<()>) -> Option<ExitStatus> {
    loop {
        if stop.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
            return None;
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
    }
}

/// Ends the whole group: where the child stays beside nats-server, both must go.
fn terminate(child: &mut Child) {
    let group = Pid::from_child(child);
    let _ = kill_process_group(group, Signal::TERM);
    let since = Instant::now();
    while since.elapsed() < STOP {
        let reaped = !matches!(child.try_wait(), Ok(None));
        if reaped && test_kill_process_group(group).is_err() {
            return;
        }
        thread::sleep(LOOK);
    }
    tracing::warn!("nats-server does not stop, killing it");
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
}

impl Launch {
    fn spawn(&self) -> std::io::Result<Child> {
        let child = ChildArgs::command(&self.binary, &self.config)?
            .stdin(self.lock.try_clone()?)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // a Ctrl-C in the terminal is for us: we drain first
            .process_group(0)
            .spawn()?;
        self.pid.store(child.id(), Ordering::Relaxed);
        Ok(child)
    }

    fn first(&self) -> Outcome<Child> {
        let mut child = self.spawn().or_exit(Exit::Unavailable).map_err(|e| e.context("starting nats-server"))?;
        let since = Instant::now();
        while since.elapsed() < START {
            if TcpStream::connect_timeout(&loopback(self.port), LOOK).is_ok() {
                return Ok(child);
            }
            if let Some(status) = child.try_wait()? {
                return Err(self.failed(&format!("nats-server did not start: {status}")));
            }
            thread::sleep(LOOK);
        }
        terminate(&mut child);
        Err(self.failed("nats-server does not answer"))
    }

    fn failed(&self, message: &str) -> Failure {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let last = log.lines().rev().find(|line| line.contains("[FTL]") || line.contains("[ERR]")).unwrap_or_default();
        let message = format!("{message} {last}");
        Failure::new(Exit::Unavailable, message.trim_end()).hint(format!("its log is {}", self.log.display()))
    }
}

fn settings(dir: &Path, log: &Path, port: u16, monitor: u16, sync: Sync) -> String {
    let pid = dir.join("nats-server.pid");
    let sync = match sync {
        Sync::Always => "always",
        Sync::Interval => "2m",
    };
    format!(
        "# written by tillstream at every start\n\
         server_name: tillstream\n\
         listen: \"127.0.0.1:{port}\"\n\
         http: \"127.0.0.1:{monitor}\"\n\
         max_payload: 8MB\n\
         write_deadline: \"10s\"\n\
         pid_file: {pid:?}\n\
         log_file: {log:?}\n\
         log_size_limit: 16MB\n\
         jetstream {{\n  store_dir: {dir:?}\n  sync_interval: {sync}\n}}\n"
    )
}

/// Two ports nobody listens on now; both are held until both are known, so they differ.
fn free_ports() -> std::io::Result<[u16; 2]> {
    let held = [TcpListener::bind(loopback(0))?, TcpListener::bind(loopback(0))?];
    Ok([held[0].local_addr()?.port(), held[1].local_addr()?.port()])
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
