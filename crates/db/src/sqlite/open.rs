use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use super::{DIALECT, Readers};
use crate::OpenError;
use crate::database::{Backend, Loss};
use crate::definition::layout_of;

/// The layout of what is not a document table; raised when it changes.
const LAYOUT: i64 = 2;
pub(crate) const READERS: u32 = 4;
/// Who compares or verifies holds one for long.
const SNAPSHOTS: u32 = 4;
/// Rows that the driver's thread reads ahead of us: a batch is not handed over row by row.
const ROWS_AHEAD: usize = 5_000;
/// Statements kept prepared: a database of all read models writes with a few for each, in some sizes.
const PREPARED: usize = 500;
/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(10);

/// Opens `sqlite://<path of the file>`, relative or absolute, and makes it if it is not there.
pub(crate) async fn open(url: &str, loss: Loss) -> Result<Backend, OpenError> {
    let path = path_of(url)?;
    let (synchronous, secure_delete) = match loss {
        Loss::Bearable => (SqliteSynchronous::Normal, "OFF"),
        Loss::Unbearable => (SqliteSynchronous::Full, "ON"),
    };
    let writing = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .pragma("secure_delete", secure_delete)
        .pragma("cache_size", "-16000")
        .row_buffer_size(ROWS_AHEAD)
        .statement_cache_capacity(PREPARED)
        .busy_timeout(BUSY);
    let writer = pool(1).connect_with(writing).await.map_err(|source| explain(&path, source))?;
    prepare(&writer, &path).await?;
    let reading = SqliteConnectOptions::new().filename(&path).read_only(true).busy_timeout(BUSY);
    let readers = Readers::open(&reading, READERS).await.map_err(|source| explain(&path, source))?;
    Ok(Backend::Sqlite { writer, readers, snapshots: pool(SNAPSHOTS).connect_lazy_with(reading) })
}

fn path_of(url: &str) -> Result<PathBuf, OpenError> {
    let path = url.strip_prefix("sqlite://").filter(|path| !path.is_empty()).ok_or(OpenError::Url)?;
    let path = PathBuf::from(path);
    if path.is_dir() {
        return Err(OpenError::IsDirectory(path));
    }
    match path.parent() {
        Some(parent) if parent != Path::new("") && !parent.is_dir() => Err(OpenError::NoDirectory(parent.to_owned())),
        _ => Ok(path),
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    // A connection is a file handle: it does not go stale, so it is neither tested nor replaced.
    SqlitePoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

async fn prepare(writer: &SqlitePool, path: &Path) -> Result<(), OpenError> {
    let failed = |source| explain(path, source);
    let layout: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(writer).await.map_err(failed)?;
    if layout > LAYOUT {
        return Err(OpenError::Newer { path: path.to_owned(), layout });
    }
    for statement in layout_of(&DIALECT) {
        sqlx::query(AssertSqlSafe(statement)).execute(writer).await.map_err(failed)?;
    }
    sqlx::query("PRAGMA user_version = 2").execute(writer).await.map_err(failed)?;
    Ok(())
}

/// By SQLite's primary result codes: <https://www.sqlite.org/rescode.html>.
fn explain(path: &Path, source: sqlx::Error) -> OpenError {
    let path = path.to_owned();
    let code = source.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    match code.map(|code| code & 0xff) {
        // CORRUPT, NOTADB
        Some(11 | 26) => OpenError::NotADatabase(path),
        // PERM, READONLY, IOERR, FULL, CANTOPEN
        Some(3 | 8 | 10 | 13 | 14) => OpenError::NotWritable { path, source },
        _ => OpenError::Failed { path, source },
    }
}
