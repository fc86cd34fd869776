//! Which nats-server to run.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Exit, Failure, Outcome};

/// The oldest nats-server that has all we use.
const OLDEST: (u32, u32) = (2, 12);

const HINT: &str = "scripts/get-nats-server fetches one into .tools/bin (./run does it by itself)";

/// A nats-server that is new enough.
#[derive(Debug, Clone)]
pub(crate) struct Binary {
    pub(crate) path: PathBuf,
    pub(crate) version: String,
}

impl Binary {
    /// Looks on PATH, then in `.tools/bin` here and above this executable.
    ///
    /// # Errors
    /// None is there, or only older ones: a precondition.
    pub(crate) fn find() -> Outcome<Self> {
        let found: Vec<Self> = candidates().filter_map(|path| Self::at(&path)).collect();
        if let Some(binary) = found.iter().find(|binary| binary.is_new_enough()) {
            return Ok(binary.clone());
        }
        let old = found.first().map(|b| format!("; {} is {}", b.path.display(), b.version)).unwrap_or_default();
        let message = format!("no nats-server of version {}.{} or newer found{old}", OLDEST.0, OLDEST.1);
        Err(Failure::new(Exit::Precondition, message).hint(HINT))
    }

    fn at(path: &Path) -> Option<Self> {
        let output = Command::new(path).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.trim().rsplit_once('v')?.1.to_owned();
        Some(Self { path: path.to_owned(), version })
    }

    fn is_new_enough(&self) -> bool {
        let mut parts = self.version.split('.').map(str::parse::<u32>);
        matches!((parts.next(), parts.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST)
    }
}

fn candidates() -> impl Iterator<Item = PathBuf> {
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let tools = |dir: &Path| dir.join(".tools/bin");
    let here = env::current_dir().map(|dir| tools(&dir)).into_iter();
    let above = env::current_exe().map(|exe| exe.ancestors().skip(1).map(tools).collect::<Vec<_>>());
    let dirs = on_path.into_iter().chain(here).chain(above.into_iter().flatten());
    dirs.map(|dir| dir.join("nats-server")).filter(|path| path.is_file())
}
