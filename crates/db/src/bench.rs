//! What reads by id are measured against: sqlx as it comes, nothing of ours around it.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, SqlitePool};

use crate::sqlite::READERS;
use crate::{Error, Table};

/// Reads of a SQLite file.
#[derive(Debug, Clone)]
pub struct BareReads(SqlitePool);

impl BareReads {
    pub async fn open(file: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        let pool = SqlitePoolOptions::new().max_connections(READERS).test_before_acquire(false);
        Ok(Self(pool.connect_with(options).await?))
    }

    /// A row's JSON.
    pub async fn get(&self, table: &Table, shop: String, id: String) -> Result<Option<String>, Error> {
        let query = format!("SELECT data FROM {} WHERE shop = $1 AND id = $2", table.versioned_name());
        Ok(sqlx::query_scalar(AssertSqlSafe(query)).bind(shop).bind(id).fetch_optional(&self.0).await?)
    }
}
