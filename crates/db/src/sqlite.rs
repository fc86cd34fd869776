//! The SQLite implementation: WAL, one writer, a few readers.

mod open;
mod read;
mod write;

use sqlx::sqlite::SqlitePool;

pub use write::Batch;

/// An open database; clones share it.
///
/// `synchronous` is NORMAL: a power cut may lose the last transactions, rows and positions
/// together, and they are folded from the log again.
#[derive(Debug, Clone)]
pub struct Database {
    /// A single connection: SQLite has one writer, so waiting happens here and not on its lock.
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Database {
    /// Waits for what is under way and closes all connections.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// SQLite's integers are signed; positions and counts stay far below the sign.
fn signed(number: u64) -> i64 {
    number.cast_signed()
}

fn unsigned(number: i64) -> u64 {
    number.cast_unsigned()
}
