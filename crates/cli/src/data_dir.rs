//! The directory `up` keeps everything in: one process at a time, and a note of where it can be reached.

use std::fs::{self, File, Permissions, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::failure::{Exit, Failure, OrExit, Outcome};

/// How long a predecessor that was just killed may take to disappear.
const PREDECESSOR: Duration = Duration::from_secs(3);

/// A data directory that is ours.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    lock: File,
}

/// Where a running `up` can be reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) pid: u32,
    pub(crate) url: String,
    pub(crate) nats_url: String,
}

impl DataDir {
    /// Makes the directory if need be and takes it for this process.
    ///
    /// # Errors
    /// Another process has it, or it cannot be written to: a precondition.
    pub(crate) fn take(path: &Path) -> Outcome<Self> {
        let doing = |e: Failure| e.context(format!("data directory {}", path.display()));
        let dir = make(path).or_exit(Exit::Precondition).map_err(doing)?;
        let since = Instant::now();
        loop {
            match dir.lock.try_lock() {
                Ok(()) => return Ok(dir),
                Err(TryLockError::WouldBlock) if since.elapsed() < PREDECESSOR => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => return Err(doing(taken(path))),
                Err(TryLockError::Error(e)) => return Err(doing(Failure::from(e))),
            }
        }
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A second handle on the lock: whoever inherits it keeps the directory taken.
    pub(crate) fn lock_handle(&self) -> std::io::Result<File> {
        self.lock.try_clone()
    }

    /// Leaves the note for `status`, `events` and `doctor`.
    pub(crate) fn announce(&self, running: &Running) -> std::io::Result<()> {
        fs::write(note(&self.path), serde_json::to_vec_pretty(running)?)
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // a note left behind does no harm: it counts only while the lock is held
        let _ = fs::remove_file(note(&self.path));
    }
}

impl Running {
    /// The `up` that has this data directory now.
    pub(crate) fn find(path: &Path) -> Option<Self> {
        let lock = File::open(path.join("lock")).ok()?;
        matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)).then_some(())?;
        serde_json::from_slice(&fs::read(note(path)).ok()?).ok()
    }
}

fn make(path: &Path) -> std::io::Result<DataDir> {
    if !path.exists() {
        fs::create_dir_all(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    let lock = File::options().create(true).truncate(false).write(true).open(path.join("lock"))?;
    Ok(DataDir { path: path.canonicalize()?, lock })
}

fn taken(path: &Path) -> Failure {
    let holder = Running::find(path).map_or_else(String::new, |r| format!(" (process {}, {})", r.pid, r.url));
    Failure::new(Exit::Precondition, format!("another tillstream is running on it{holder}"))
        .hint("stop it, or choose another directory with --data-dir")
}

fn note(path: &Path) -> PathBuf {
    path.join("running.json")
}
