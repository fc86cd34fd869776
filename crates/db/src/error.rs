use std::path::PathBuf;

use sqlx::error::DatabaseError;

use crate::BuildState;

/// Why a database could not be opened, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its text is not repeated: a URL may hold a password.
    #[error("the database url is neither of the form sqlite://<path> nor postgres://<user>@<host>/<database>")]
    Url,
    #[error("{0:?} cannot be a schema: lower case letters, digits and underscores, at most 48")]
    Schema(String),
    #[error("PostgreSQL does not let us in: check the database url, the server, and the right to create a schema")]
    Server(#[source] sqlx::Error),
    #[error("schema {schema} was written by a newer version (layout {layout}): upgrade this binary")]
    NewerSchema { schema: String, layout: i64 },
    #[error("directory {0} does not exist: create it, or change the database url")]
    NoDirectory(PathBuf),
    #[error("{0} is a directory, not a database file: add a file name to the database url")]
    IsDirectory(PathBuf),
    #[error("{path} cannot be opened for writing: check its owner and permissions, and the disk")]
    NotWritable { path: PathBuf, source: sqlx::Error },
    #[error("{0} is not a SQLite database, or is damaged: move it away, its rows are rebuilt from the log")]
    NotADatabase(PathBuf),
    #[error("{path} was written by a newer version (layout {layout}): upgrade this binary")]
    Newer { path: PathBuf, layout: i64 },
    #[error("{path} could not be opened")]
    Failed { path: PathBuf, source: sqlx::Error },
}

/// Why a read or a write did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("table {0} does not exist: no projection has run on this database yet")]
    NoTable(String),
    #[error("table {0} has other columns than this binary declares: raise the projection's version")]
    TableDiffers(String),
    #[error("table {table} declares no column {column}")]
    NoColumn { table: &'static str, column: &'static str },
    #[error("projection {0} was moved by someone else: two engines run on this database, or it was reset")]
    Moved(String),
    #[error(
        "projection {name} was folded by other code of the same version {version}: raise its version, or run \
         `tillstream projections rebuild {name} --switch --accept-differences`"
    )]
    OtherCode { name: String, version: u32 },
    #[error(
        "projection {name} is live in version {held}, this binary has {own}: upgrade it, or go back with \
         `tillstream projections rollback {name}`"
    )]
    NewerCode { name: String, held: u32, own: u32 },
    #[error("build {number} of projection {name} is {state}")]
    NotReady { name: String, number: u32, state: BuildState },
    #[error("the build of projection {name} is at {position}, the live one at {live}: rebuild again")]
    Behind { name: String, position: u64, live: u64 },
    #[error("projection {0} has no such build")]
    NoBuild(String),
    #[error("the builds of projection {0} do not come to one position: is the engine of the live one running?")]
    Apart(String),
    /// Nothing is wrong with what was asked: try again later.
    #[error("the database failed")]
    Unavailable(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(missing_table) {
            Some(table) => Self::NoTable(table),
            None => Self::Unavailable(error),
        }
    }
}

/// Both databases say it in words only: `no such table: orders_v1`, `relation "orders_v1" does not exist`.
fn missing_table(error: &dyn DatabaseError) -> Option<String> {
    let message = error.message();
    if let Some(table) = message.strip_prefix("no such table: ") {
        return Some(table.to_owned());
    }
    let undefined = error.code().is_some_and(|code| code == "42P01");
    message.split('"').nth(1).filter(|_| undefined).map(str::to_owned)
}

/// Why a projection must not go on from its checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    #[error(
        "projection {name} was folded from another log (epoch {held}, this one's is {found}): \
         bring back that log, or delete the database to rebuild it from this one"
    )]
    OtherLog { name: String, held: String, found: String },
    #[error(
        "projection {name} is at position {position}, but the log ends at {head}: the log was cut or restored from \
         an older copy; bring back the whole log, or delete the database to rebuild it from this one"
    )]
    AheadOfLog { name: String, position: u64, head: u64 },
    #[error(transparent)]
    Database(#[from] Error),
}
