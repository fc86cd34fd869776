//! Which file a role's rows are in.

use std::path::PathBuf;

use db::Database;

use crate::config::Config;
use crate::failure::{Exit, Failure, OrExit, Outcome};

/// Opens the database of that name, in the configured directory.
///
/// # Errors
/// The URL is of no known kind (usage), or the file cannot be opened (precondition).
pub(crate) async fn open(config: &Config, name: &str) -> Outcome<Database> {
    let dir = directory(config)?;
    let doing = |e: Failure| e.context(format!("database {name} in {}", dir.display()));
    std::fs::create_dir_all(&dir).or_exit(Exit::Precondition).map_err(doing)?;
    let file = dir.join(format!("{name}.db"));
    Database::open(&format!("sqlite://{}", file.display())).await.or_exit(Exit::Precondition).map_err(doing)
}

fn directory(config: &Config) -> Outcome<PathBuf> {
    let Some(url) = &config.database.url else { return Ok(config.data.dir.clone()) };
    let dir = url.strip_prefix("sqlite://").filter(|dir| !dir.is_empty());
    dir.map(PathBuf::from).ok_or_else(|| {
        Failure::new(Exit::Usage, "database.url is no SQLite directory")
            .hint("for example sqlite://data or sqlite:///var/lib/tillstream")
    })
}
