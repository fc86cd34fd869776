use events::{Shop, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{Database, unsigned};
use crate::{Checkpoint, Cursor, Document, Error, Filter, Order, Page, RowKey, Select, Table, Value};

impl Database {
    /// One row by its key.
    pub async fn get(&self, table: &Table, shop: &Shop, id: &str) -> Result<Option<Document>, Error> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT id, data, position FROM ");
        query.push(table.versioned_name()).push(" WHERE shop = ").push_bind(shop.to_string());
        query.push(" AND id = ").push_bind(id.to_owned());
        let row = query.build().fetch_optional(&self.readers).await?;
        Ok(row.map(|row| document(shop, &row)).transpose()?)
    }

    /// The rows of a shop that a selection finds.
    pub async fn select(&self, table: &Table, select: Select<'_>) -> Result<Page, Error> {
        let limit = select.limit as usize;
        let shop = select.shop.clone();
        let rows = statement(table, select)?.build().fetch_all(&self.readers).await?;
        let more = rows.len() > limit;
        let shown = &rows[..rows.len().min(limit)];
        let next = shown.last().filter(|_| more).map(cursor).transpose()?;
        let documents = shown.iter().map(|row| document(&shop, row)).collect::<Result<_, _>>()?;
        Ok(Page { documents, next })
    }

    /// Every projection that ever ran on this database.
    pub async fn checkpoints(&self) -> Result<Vec<Checkpoint>, Error> {
        let query =
            "SELECT name, version, epoch, position, heartbeat_at, error FROM checkpoints ORDER BY name, version";
        let rows = sqlx::query(query).fetch_all(&self.readers).await?;
        Ok(rows.iter().map(checkpoint).collect::<Result<_, _>>()?)
    }

    /// How far a projection has come; 0 when it never ran.
    pub async fn position(&self, name: &str, version: u32) -> Result<u64, Error> {
        let query = sqlx::query_scalar("SELECT position FROM checkpoints WHERE name = ? AND version = ?");
        let position: Option<i64> = query.bind(name.to_owned()).bind(version).fetch_optional(&self.readers).await?;
        Ok(position.map_or(0, unsigned))
    }
}

fn statement(table: &Table, select: Select<'_>) -> Result<QueryBuilder<Sqlite>, Error> {
    let at = match select.order {
        Order::Id => "0",
        Order::Descending(column) => declared(table, column)?,
    };
    let mut query = QueryBuilder::new(format!("SELECT id, data, position, {at} AS at FROM {}", table.versioned_name()));
    query.push(" WHERE shop = ").push_bind(select.shop.to_string());
    for filter in select.filters {
        query.push(" AND ");
        declared(table, filter.column())?;
        push(&mut query, filter);
    }
    match (select.order, select.after) {
        (Order::Id, Some(after)) => query.push(" AND id > ").push_bind(after.id),
        (Order::Descending(column), Some(after)) => {
            query.push(format!(" AND ({column}, id) < (")).push_bind(after.at);
            query.push(", ").push_bind(after.id).push(")")
        }
        (_, None) => &mut query,
    };
    match select.order {
        Order::Id => query.push(" ORDER BY id"),
        Order::Descending(column) => query.push(format!(" ORDER BY {column} DESC, id DESC")),
    };
    // One more than asked for tells whether there is a next page.
    query.push(" LIMIT ").push_bind(i64::from(select.limit) + 1);
    Ok(query)
}

fn declared(table: &Table, column: &'static str) -> Result<&'static str, Error> {
    if table.declares(column) { Ok(column) } else { Err(Error::NoColumn { table: table.name, column }) }
}

fn push(query: &mut QueryBuilder<Sqlite>, filter: Filter) {
    match filter {
        Filter::Equals(column, Value::Null) => query.push(column).push(" IS NULL"),
        Filter::Equals(column, Value::Text(text)) => query.push(column).push(" = ").push_bind(text),
        Filter::Equals(column, Value::Integer(number)) => query.push(column).push(" = ").push_bind(number),
        Filter::AtLeast(column, number) => query.push(column).push(" >= ").push_bind(number),
        Filter::Below(column, number) => query.push(column).push(" < ").push_bind(number),
        // Not LIKE: nothing in the text is a pattern.
        Filter::Contains(column, text) => query.push(format!("instr({column}, ")).push_bind(text).push(") > 0"),
    };
}

pub(super) fn document(shop: &Shop, row: &SqliteRow) -> Result<Document, sqlx::Error> {
    let key = RowKey { shop: shop.clone(), id: row.try_get("id")? };
    Ok(Document { key, data: row.try_get("data")?, position: unsigned(row.try_get("position")?) })
}

fn cursor(row: &SqliteRow) -> Result<Cursor, sqlx::Error> {
    Ok(Cursor { at: row.try_get("at")?, id: row.try_get("id")? })
}

fn checkpoint(row: &SqliteRow) -> Result<Checkpoint, sqlx::Error> {
    let heartbeat_at = Timestamp::from_microsecond(row.try_get("heartbeat_at")?);
    Ok(Checkpoint {
        name: row.try_get("name")?,
        version: row.try_get("version")?,
        epoch: row.try_get("epoch")?,
        position: unsigned(row.try_get("position")?),
        heartbeat_at: heartbeat_at.map_err(|error| sqlx::Error::Decode(error.into()))?,
        error: row.try_get("error")?,
    })
}
