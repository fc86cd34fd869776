use events::Shop;
use sqlx::{AssertSqlSafe, ColumnIndex, Decode, Row as _, Type};

use crate::batch::Held;
use crate::database::{Backend, unsigned, within};
use crate::{Batch, Build, ColumnKind, Database, Document, Error, RowKey, Table, Value};

/// The database at one moment, however long it is looked at; writers go on meanwhile.
#[derive(Debug)]
pub struct Snapshot {
    batch: Batch,
}

/// A row with all that is stored of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub document: Document,
    pub columns: Vec<Value>,
}

impl Database {
    /// The present moment, for as long as it is wanted.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        let held = match &self.backend {
            Backend::Sqlite { snapshots, .. } => Held::Sqlite(snapshots.begin().await?),
            Backend::Postgres { pool } => {
                Held::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        };
        let mut snapshot = Snapshot { batch: Batch { held } };
        // The moment is that of the first read.
        snapshot.build("", 0).await?;
        Ok(snapshot)
    }
}

impl Snapshot {
    /// A build as it was then.
    pub async fn build(&mut self, name: &str, number: u32) -> Result<Option<Build>, Error> {
        let builds = self.batch.every_build().await?;
        Ok(builds.into_iter().find(|build| build.name == name && build.number == number))
    }

    /// The rows after a key, in the order of keys, at most `limit`.
    pub async fn scan(&mut self, table: &Table, after: Option<&RowKey>, limit: u32) -> Result<Vec<Stored>, Error> {
        let columns: String = table.columns.iter().map(|column| format!(", {}", column.name)).collect();
        let query = format!(
            "SELECT shop, id, data, position{columns} FROM {} WHERE (shop, id) > ($1, $2) ORDER BY shop, id LIMIT $3",
            table.versioned_name()
        );
        // Before all keys: no shop is without a name.
        let (shop, id) = after.map_or_else(Default::default, |key| (key.shop.to_string(), key.id.clone()));
        let rows = within!(self.batch, connection => {
            let query = sqlx::query(AssertSqlSafe(query)).bind(shop).bind(id).bind(i64::from(limit));
            let rows = query.fetch_all(connection).await?;
            rows.iter().map(|row| stored::<Db>(row, table)).collect::<Result<Vec<_>, sqlx::Error>>()?
        });
        Ok(rows)
    }
}

fn stored<DB: sqlx::Database>(row: &DB::Row, table: &Table) -> Result<Stored, sqlx::Error>
where
    usize: ColumnIndex<DB::Row>,
    for<'r> String: Decode<'r, DB> + Type<DB>,
    for<'r> i64: Decode<'r, DB> + Type<DB>,
{
    let shop: Shop = row.try_get::<String, _>(0)?.parse().map_err(|_| sqlx::Error::Decode("not a shop".into()))?;
    let document = Document {
        key: RowKey { shop, id: row.try_get(1)? },
        data: row.try_get(2)?,
        position: unsigned(row.try_get(3)?),
    };
    let columns = table.columns.iter().zip(4..).map(|(column, index)| {
        Ok(match column.kind {
            ColumnKind::Text | ColumnKind::Words => row.try_get::<Option<String>, _>(index)?.into(),
            ColumnKind::Integer => row.try_get::<Option<i64>, _>(index)?.into(),
        })
    });
    Ok(Stored { document, columns: columns.collect::<Result<_, sqlx::Error>>()? })
}
