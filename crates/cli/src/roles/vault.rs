//! The keys to personal data, from what is configured.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use privacy::{Kek, Vault};
use tokio::task::block_in_place;

use super::databases;
use crate::config::Config;
use crate::failure::{Exit, Failure, OrExit, Outcome};

/// In the data directory, where no key-encryption key is configured.
const FILE: &str = "kek";

/// Opens the keys of all shops.
///
/// # Errors
/// The key-encryption key or the database cannot be read: a precondition.
pub(crate) async fn open_vault(config: &Config) -> Outcome<Vault> {
    let own = own_file(config);
    let first = config.privacy.kek.clone().unwrap_or_else(|| format!("file:{}", own.display()));
    let sources = std::iter::once(&first).chain(&config.privacy.previous);
    let keks = block_in_place(|| sources.map(|source| read(source)).collect::<Outcome<Vec<Kek>>>())?;
    let database = databases::open_lasting(config, privacy::DATABASE).await?;
    Vault::open(database, keks).await.or_exit(Exit::Precondition)
}

/// Makes a key-encryption key in the data directory, unless there is one or another one is configured.
///
/// # Errors
/// It cannot be written: a precondition.
pub(crate) fn make_kek(config: &Config) -> Outcome {
    let path = own_file(config);
    if config.privacy.kek.is_some() || path.exists() {
        return Ok(());
    }
    let doing = |e: Failure| e.context(path.display());
    write(&path).or_exit(Exit::Precondition).map_err(doing)
}

fn own_file(config: &Config) -> PathBuf {
    config.data.dir.join(FILE)
}

fn write(path: &Path) -> std::io::Result<()> {
    let text = Kek::generate().map_err(std::io::Error::other)?;
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

fn read(source: &str) -> Outcome<Kek> {
    // Not the source itself: a command may hold a token.
    let kind = source.split(':').next().unwrap_or_default();
    let doing = |e: Failure| e.context(format!("the key-encryption key ({kind})"));
    let text = text_of(source).map_err(doing)?;
    Kek::parse(&text).or_exit(Exit::Precondition).map_err(doing)
}

fn text_of(source: &str) -> Outcome<String> {
    match source.split_once(':') {
        Some(("env", name)) => std::env::var(name).or_exit(Exit::Precondition).map_err(|e| e.context(name)),
        Some(("file", path)) => {
            let hint = "`tillstream up` makes one; single roles share one: see privacy.kek";
            let text = std::fs::read_to_string(path).or_exit(Exit::Precondition);
            text.map_err(|e| e.context(path).hint(hint))
        }
        Some(("command", line)) => {
            let output = Command::new("sh").args(["-c", line]).output().or_exit(Exit::Precondition)?;
            if !output.status.success() {
                return Err(Failure::new(Exit::Precondition, format!("the command failed: {}", output.status)));
            }
            String::from_utf8(output.stdout).or_exit(Exit::Precondition)
        }
        _ => Err(Failure::new(Exit::Usage, "not of the form env:<name>, file:<path> or command:<line>")),
    }
}
