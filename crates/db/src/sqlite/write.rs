use std::collections::BTreeMap;

use events::{Shop, Timestamp};
use sqlx::{AssertSqlSafe, QueryBuilder, Row, Sqlite, Transaction};

use super::read::document;
use super::{Database, signed, unsigned};
use crate::{Advance, Change, ColumnKind, Content, Document, Error, Log, ResumeError, RowKey, Table, Value};

/// Rows per statement: each statement is a round trip to the driver's thread.
const ROWS: usize = 250;
/// Statements of so few rows, and those of [`ROWS`], are kept prepared; others are seldom the same again.
const FEW: usize = 8;

impl Database {
    /// Makes a table and its indexes if they are not there.
    pub async fn ensure(&self, table: &Table) -> Result<(), Error> {
        let name = table.versioned_name();
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        for statement in definition(table) {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
        }
        let columns = sqlx::query_scalar::<_, String>("SELECT name FROM pragma_table_info(?) ORDER BY cid");
        let columns = columns.bind(name.clone()).fetch_all(&mut *transaction).await?;
        if !columns.iter().map(String::as_str).eq(column_names(table)) {
            return Err(Error::TableDiffers(name));
        }
        Ok(transaction.commit().await?)
    }

    /// Where a projection goes on: 0 the first time. Refuses a log that its rows are not of.
    pub async fn resume(&self, name: &str, version: u32, log: &Log) -> Result<u64, ResumeError> {
        let insert = "INSERT INTO checkpoints (name, version, epoch, position, heartbeat_at) VALUES (?, ?, ?, 0, ?)
             ON CONFLICT DO UPDATE SET heartbeat_at = excluded.heartbeat_at RETURNING epoch, position";
        let query = sqlx::query(insert).bind(name.to_owned()).bind(version).bind(log.epoch.clone()).bind(now());
        let row = query.fetch_one(&self.writer).await.map_err(Error::from)?;
        let held: String = row.try_get("epoch").map_err(Error::from)?;
        let position = unsigned(row.try_get("position").map_err(Error::from)?);
        if held != log.epoch {
            return Err(ResumeError::OtherLog { name: name.to_owned(), held, found: log.epoch.clone() });
        }
        if position > log.head {
            return Err(ResumeError::AheadOfLog { name: name.to_owned(), position, head: log.head });
        }
        Ok(position)
    }

    /// A sign of life; with `error`, of an engine that stands still because of it.
    pub async fn beat(&self, projections: &[(&str, u32)], error: Option<&str>) -> Result<(), Error> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        for (name, version) in projections {
            let update = "UPDATE checkpoints SET heartbeat_at = ?, error = ? WHERE name = ? AND version = ?";
            let query = sqlx::query(update).bind(now()).bind(error.map(str::to_owned));
            query.bind((*name).to_owned()).bind(version).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Starts the transaction of one batch; nothing of it happened until it is committed.
    pub async fn begin(&self) -> Result<Batch, Error> {
        Ok(Batch { transaction: self.writer.begin_with("BEGIN IMMEDIATE").await? })
    }
}

/// One transaction over rows and positions; dropped without [`Batch::commit`], it never was.
#[must_use]
#[derive(Debug)]
pub struct Batch {
    transaction: Transaction<'static, Sqlite>,
}

impl Batch {
    /// The rows there are among `keys`.
    pub async fn load(&mut self, table: &Table, keys: &[RowKey]) -> Result<Vec<Document>, Error> {
        let mut by_shop: BTreeMap<&Shop, Vec<&str>> = BTreeMap::new();
        for key in keys {
            by_shop.entry(&key.shop).or_default().push(&key.id);
        }
        let name = table.versioned_name();
        let mut documents = Vec::with_capacity(keys.len());
        for (shop, ids) in by_shop {
            // All keys are one parameter, so that the statement is always the same.
            let ids = serde_json::Value::from(ids).to_string();
            let mut query = QueryBuilder::<Sqlite>::new(format!("SELECT id, data, position FROM {name} WHERE shop = "));
            query
                .push_bind(shop.to_string())
                .push(" AND id IN (SELECT value FROM json_each(")
                .push_bind(ids)
                .push("))");
            for row in query.build().fetch_all(&mut *self.transaction).await? {
                documents.push(document(shop, &row)?);
            }
        }
        Ok(documents)
    }

    /// Writes and removes rows.
    pub async fn save(&mut self, table: &Table, changes: Vec<Change>) -> Result<(), Error> {
        let mut written = Vec::with_capacity(changes.len());
        let mut removed = Vec::new();
        for Change { key, content, position } in changes {
            match content {
                Some(content) => written.push((key, content, position)),
                None => removed.push(key),
            }
        }
        let mut written = written.into_iter();
        while let Some(rows) = some(written.by_ref().take(ROWS).collect()) {
            self.upsert(table, rows).await?;
        }
        for keys in removed.chunks(ROWS) {
            self.remove(table, keys).await?;
        }
        Ok(())
    }

    /// Moves a checkpoint. Fails when it is not where this engine left it, so that of two engines one writes.
    pub async fn advance(&mut self, step: Advance<'_>) -> Result<(), Error> {
        let update = "UPDATE checkpoints SET position = ?, heartbeat_at = ?, error = NULL
             WHERE name = ? AND version = ? AND position = ?";
        let query = sqlx::query(update).bind(signed(step.to)).bind(now()).bind(step.name.to_owned());
        let done = query.bind(step.version).bind(signed(step.from)).execute(&mut *self.transaction).await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(Error::Moved(step.name.to_owned())) }
    }

    pub async fn commit(self) -> Result<(), Error> {
        Ok(self.transaction.commit().await?)
    }

    async fn upsert(&mut self, table: &Table, rows: Vec<(RowKey, Content, u64)>) -> Result<(), Error> {
        let keep = rows.len() == ROWS || rows.len() <= FEW;
        let names: Vec<&str> = column_names(table).collect();
        let mut query = QueryBuilder::<Sqlite>::new(format!("INSERT INTO {} (", table.versioned_name()));
        query.push(names.join(", ")).push(") ");
        query.push_values(rows, |mut values, (key, content, position)| {
            values.push_bind(key.shop.to_string()).push_bind(key.id).push_bind(content.data);
            values.push_bind(signed(position));
            for value in content.columns {
                match value {
                    // Bound as well, so that the statement is the same whatever is null.
                    Value::Null => values.push_bind(None::<i64>),
                    Value::Text(text) => values.push_bind(text),
                    Value::Integer(number) => values.push_bind(number),
                };
            }
        });
        let assignments: Vec<String> = names[2..].iter().map(|name| format!("{name} = excluded.{name}")).collect();
        query.push(" ON CONFLICT (shop, id) DO UPDATE SET ").push(assignments.join(", "));
        query.build().persistent(keep).execute(&mut *self.transaction).await?;
        Ok(())
    }

    async fn remove(&mut self, table: &Table, keys: &[RowKey]) -> Result<(), Error> {
        let mut query =
            QueryBuilder::<Sqlite>::new(format!("DELETE FROM {} WHERE (shop, id) IN (", table.versioned_name()));
        query.push_values(keys, |mut values, key| {
            values.push_bind(key.shop.to_string()).push_bind(key.id.clone());
        });
        query.push(")").build().execute(&mut *self.transaction).await?;
        Ok(())
    }
}

fn definition(table: &Table) -> Vec<String> {
    let name = table.versioned_name();
    let kind = |kind| if kind == ColumnKind::Text { "TEXT" } else { "INTEGER" };
    let columns: String =
        table.columns.iter().map(|column| format!("{} {}, ", column.name, kind(column.kind))).collect();
    let create = format!(
        "CREATE TABLE IF NOT EXISTS {name} (shop TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, \
         position INTEGER NOT NULL, {columns}PRIMARY KEY (shop, id)) STRICT"
    );
    let index = |columns: &&[&str]| {
        let (title, columns) = (columns.join("_"), columns.join(", "));
        format!("CREATE INDEX IF NOT EXISTS {name}_by_{title} ON {name} (shop, {columns}, id)")
    };
    std::iter::once(create).chain(table.indexes.iter().map(index)).collect()
}

fn column_names(table: &Table) -> impl Iterator<Item = &'static str> {
    ["shop", "id", "data", "position"].into_iter().chain(table.columns.iter().map(|column| column.name))
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    Some(items).filter(|items| !items.is_empty())
}

/// Microseconds since 1970.
fn now() -> i64 {
    Timestamp::now().as_microsecond()
}
