use deadpool::unmanaged::{Object, Pool};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

/// Connections that read, each lent to one statement at a time.
///
/// sqlx's own pool asks a connection at each return whether it still lives. One to a file does, and the question is a
/// second way to its thread and back for every read.
#[derive(Debug, Clone)]
pub(crate) struct Readers(Pool<SqliteConnection>);

impl Readers {
    pub(super) async fn open(options: &SqliteConnectOptions, count: u32) -> Result<Self, sqlx::Error> {
        let mut connections = Vec::new();
        for _ in 0..count {
            connections.push(options.connect().await?);
        }
        Ok(Self(Pool::from(connections)))
    }

    /// Waits for one that is free.
    pub(crate) async fn acquire(&self) -> Result<Object<SqliteConnection>, sqlx::Error> {
        self.0.get().await.map_err(|_| sqlx::Error::PoolClosed)
    }

    /// Waits for what is under way.
    pub(crate) async fn close(&self) {
        while self.0.status().size > 0 {
            let Ok(connection) = self.0.remove().await else { break };
            // A file needs no goodbye.
            let _ = connection.close().await;
        }
        self.0.close();
    }
}
