use std::time::Instant;

use events::Timestamp;
use sqlx::{PgPool, SqlitePool};

use crate::batch::{Batch, Held};
use crate::sqlite::Readers;
use crate::{Error, OpenError, postgres, sqlite};

/// What a power cut that takes the last transactions would mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// They are made again.
    Bearable,
    Unbearable,
}

/// An open database; clones share it.
///
/// Of read models a power cut may lose the last transactions, rows and positions together, and they are folded
/// from the log again: nothing waits for the disk.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) backend: Backend,
}

#[derive(Debug, Clone)]
pub(crate) enum Backend {
    Sqlite {
        /// A single connection: SQLite has one writer, so waiting happens here and not on its lock.
        writer: SqlitePool,
        readers: Readers,
        snapshots: SqlitePool,
    },
    Postgres {
        pool: PgPool,
    },
}

/// A statement that both databases understand, where it may read: `Db` is its driver.
macro_rules! reading {
    ($database:expr, $connection:ident => $statement:expr) => {
        match &$database.backend {
            crate::database::Backend::Sqlite { readers, .. } => {
                #[allow(dead_code, reason = "not every statement is built")]
                type Db = sqlx::Sqlite;
                let mut held = crate::database::waited("read", readers.acquire()).await?;
                let $connection = &mut *held;
                $statement
            }
            crate::database::Backend::Postgres { pool } => {
                #[allow(dead_code, reason = "not every statement is built")]
                type Db = sqlx::Postgres;
                let mut held = crate::database::waited("read", pool.acquire()).await?;
                let $connection = &mut *held;
                $statement
            }
        }
    };
}

/// A statement that both databases understand, inside a transaction: `Db` is its driver.
macro_rules! within {
    ($batch:expr, $connection:ident => $statement:expr) => {
        match &mut $batch.held {
            crate::batch::Held::Sqlite(transaction) => {
                #[allow(dead_code, reason = "not every statement is built")]
                type Db = sqlx::Sqlite;
                let $connection = &mut **transaction;
                $statement
            }
            crate::batch::Held::Postgres(transaction) => {
                #[allow(dead_code, reason = "not every statement is built")]
                type Db = sqlx::Postgres;
                let $connection = &mut **transaction;
                $statement
            }
        }
    };
}

pub(crate) use {reading, within};

impl Database {
    /// Opens `sqlite://<path of the file>`, relative or absolute, made if it is not there; or
    /// `postgres://<user>@<host>/<database>?schema=<name>`, the schema made if it is not there.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_as(url, Loss::Bearable).await
    }

    /// Likewise for what cannot be made again: a commit waits for the disk, and what is written over is wiped.
    pub async fn open_lasting(url: &str) -> Result<Self, OpenError> {
        Self::open_as(url, Loss::Unbearable).await
    }

    async fn open_as(url: &str, loss: Loss) -> Result<Self, OpenError> {
        let postgres = postgres::is_url(url);
        let backend = if postgres { postgres::open(url, loss).await? } else { sqlite::open(url, loss).await? };
        Ok(Self { backend })
    }

    /// Has all that is committed written where it belongs, so that nothing of what was there before stays beside it.
    /// PostgreSQL does that by itself, in its own time.
    pub async fn checkpoint(&self) -> Result<(), Error> {
        if let Backend::Sqlite { writer, .. } = &self.backend {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(writer).await?;
        }
        Ok(())
    }

    /// Starts the transaction of one batch; nothing of it happened until it is committed.
    pub async fn begin(&self) -> Result<Batch, Error> {
        let held = match &self.backend {
            Backend::Sqlite { writer, .. } => {
                Held::Sqlite(waited("write", writer.begin_with("BEGIN IMMEDIATE")).await?)
            }
            Backend::Postgres { pool } => Held::Postgres(waited("write", pool.begin()).await?),
        };
        Ok(Batch { held })
    }

    /// Whether a transaction that writes keeps all others waiting, those of other processes too.
    pub fn has_one_writer(&self) -> bool {
        matches!(self.backend, Backend::Sqlite { .. })
    }

    /// Waits for what is under way and closes all connections.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Sqlite { writer, readers, snapshots } => {
                readers.close().await;
                snapshots.close().await;
                writer.close().await;
            }
            Backend::Postgres { pool } => pool.close().await,
        }
    }
}

/// Shows how long a connection was waited for, and by whom.
pub(crate) async fn waited<T>(
    access: &'static str,
    connection: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let since = Instant::now();
    // Large: they would make the futures of all who read larger.
    let taken = Box::pin(connection).await;
    metrics::histogram!("tillstream_database_wait_seconds", "access" => access).record(since.elapsed());
    taken
}

/// Both databases' integers are signed; positions and counts stay far below the sign.
pub(crate) fn signed(number: u64) -> i64 {
    number.cast_signed()
}

pub(crate) fn unsigned(number: i64) -> u64 {
    number.cast_unsigned()
}

/// Microseconds since 1970.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_microsecond()
}
