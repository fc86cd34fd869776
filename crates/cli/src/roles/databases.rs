//! Which database a role's rows are in.

use std::path::Path;

use db::Database;

use crate::config::{Config, without_password};
use crate::failure::{Exit, Failure, OrExit, Outcome};

/// Opens the database of that name: a file of the configured directory, or a schema of the configured server.
///
/// # Errors
/// The URL is of no known kind (usage), or what it names cannot be opened (precondition).
pub(crate) async fn open(config: &Config, name: &str) -> Outcome<Database> {
    let url = url(config, config.database.url.as_deref(), name)?;
    let opened = Database::open(&url).await.or_exit(Exit::Precondition);
    opened.map_err(|error| error.context(format!("database {name} in {}", without_password(&url))))
}

/// Likewise for the keys to personal data, which cannot be made again and may be in a place of their own.
pub(super) async fn open_lasting(config: &Config, name: &str) -> Outcome<Database> {
    let url = url(config, config.privacy.url.as_deref().or(config.database.url.as_deref()), name)?;
    let opened = Database::open_lasting(&url).await.or_exit(Exit::Precondition);
    opened.map_err(|error| error.context(format!("database {name} in {}", without_password(&url))))
}

fn url(config: &Config, place: Option<&str>, name: &str) -> Outcome<String> {
    match place {
        None => file(&config.data.dir, name),
        Some(url) if is_server(url) => schema(url, name),
        Some(url) => match url.strip_prefix("sqlite://").filter(|dir| !dir.is_empty()) {
            Some(dir) => file(Path::new(dir), name),
            None => Err(unusable("database.url is neither a SQLite directory nor a PostgreSQL database")),
        },
    }
}

fn is_server(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn file(dir: &Path, name: &str) -> Outcome<String> {
    let made = std::fs::create_dir_all(dir).or_exit(Exit::Precondition);
    made.map_err(|error| error.context(format!("the directory {}", dir.display())))?;
    Ok(format!("sqlite://{}", dir.join(format!("{name}.db")).display()))
}

/// One database for all services, a schema for each.
fn schema(url: &str, name: &str) -> Outcome<String> {
    let (_, parameters) = url.split_once('?').unwrap_or((url, ""));
    if parameters.split('&').any(|parameter| parameter.starts_with("schema=")) {
        return Err(unusable("database.url names a schema; each service has one of its own"));
    }
    let joint = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{joint}schema={name}"))
}

fn unusable(message: &str) -> Failure {
    Failure::new(Exit::Usage, message)
        .hint("for example sqlite://data, sqlite:///var/lib/tillstream or postgres://till@db.example/till")
}
