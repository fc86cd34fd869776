use events::Shop;
use sqlx::{AssertSqlSafe, Encode, QueryBuilder, Type};

use crate::database::{Backend, reading, unsigned, waited};
use crate::definition::Dialect;
use crate::{Cursor, Database, Document, Error, Filter, Order, Page, RowKey, Select, Table, Value, postgres, sqlite};

/// Id, data, position.
pub(crate) type Found = (String, String, i64);
/// How far the live build has come, and what is found.
type Seen = (i64, Option<String>, Option<String>, Option<i64>);

impl Database {
    /// One row by its key.
    pub async fn get(&self, table: &Table, shop: &Shop, id: &str) -> Result<Option<Document>, Error> {
        let query = format!("SELECT id, data, position FROM {} WHERE shop = $1 AND id = $2", table.versioned_name());
        let row: Option<Found> = reading!(self, connection => {
            let query = sqlx::query_as(AssertSqlSafe(query)).bind(shop.to_string()).bind(id.to_owned());
            query.fetch_optional(connection).await?
        });
        Ok(row.map(|found| document(shop, found)))
    }

    /// One row of a read model by its key, and how far the model's live build has come: both of one moment.
    pub async fn see(&self, table: &Table, shop: &Shop, id: &str) -> Result<(u64, Option<Document>), Error> {
        let query = format!(
            "SELECT coalesce(c.position, 0), held.id, held.data, held.position FROM builds b \
             LEFT JOIN checkpoints c ON c.name = b.name AND c.version = b.number \
             LEFT JOIN {} held ON held.shop = $2 AND held.id = $3 WHERE b.name = $1 AND b.state = 'live'",
            table.versioned_name()
        );
        let row: Option<Seen> = reading!(self, connection => {
            let query = sqlx::query_as(AssertSqlSafe(query)).bind(table.name);
            query.bind(shop.to_string()).bind(id.to_owned()).fetch_optional(connection).await?
        });
        let Some((position, id, data, reached)) = row else { return Ok((0, None)) };
        let found = id.zip(data).zip(reached).map(|((id, data), reached)| document(shop, (id, data, reached)));
        Ok((unsigned(position), found))
    }

    /// The rows there are among `keys`, in one statement per shop at most.
    pub async fn get_all(&self, table: &Table, keys: &[RowKey]) -> Result<Vec<Document>, Error> {
        let documents = match &self.backend {
            Backend::Sqlite { readers, .. } => {
                sqlite::load(&mut *waited("read", readers.acquire()).await?, table, keys).await?
            }
            Backend::Postgres { pool } => {
                postgres::load(&mut *waited("read", pool.acquire()).await?, table, keys, "").await?
            }
        };
        Ok(documents)
    }

    /// The rows of a shop that a selection finds.
    pub async fn select(&self, table: &Table, select: Select<'_>) -> Result<Page, Error> {
        let (shop, limit) = (select.shop.clone(), select.limit as usize);
        let dialect = match self.backend {
            Backend::Sqlite { .. } => &sqlite::DIALECT,
            Backend::Postgres { .. } => &postgres::DIALECT,
        };
        let mut rows: Vec<(String, String, i64, i64)> = reading!(self, connection => {
            let mut query = statement::<Db>(table, select, dialect)?;
            query.build_query_as().fetch_all(connection).await?
        });
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|(id, _, _, at)| Cursor { at: *at, id: id.clone() });
        let documents = rows.into_iter().map(|(id, data, position, _)| document(&shop, (id, data, position)));
        Ok(Page { documents: documents.collect(), next })
    }
}

fn statement<DB: sqlx::Database>(
    table: &Table,
    select: Select<'_>,
    dialect: &Dialect,
) -> Result<QueryBuilder<DB>, Error>
where
    for<'t> String: Encode<'t, DB> + Type<DB>,
    for<'t> i64: Encode<'t, DB> + Type<DB>,
{
    let at = match select.order {
        Order::Id => "CAST(0 AS BIGINT)",
        Order::Descending(column) => declared(table, column)?,
    };
    let mut query = QueryBuilder::new(format!("SELECT id, data, position, {at} AS at FROM {}", table.versioned_name()));
    query.push(" WHERE shop = ").push_bind(select.shop.to_string());
    for filter in select.filters {
        query.push(" AND ");
        let column = declared(table, filter.column())?;
        match filter {
            Filter::Equals(_, Value::Null) => query.push(column).push(" IS NULL"),
            Filter::Equals(_, Value::Text(text)) => query.push(column).push(" = ").push_bind(text),
            Filter::Equals(_, Value::Integer(number)) => query.push(column).push(" = ").push_bind(number),
            Filter::Among(_, numbers) => {
                let (before, after) = dialect.numbers;
                // All are one parameter, so that the statement is always the same.
                let numbers = serde_json::Value::from(numbers).to_string();
                query.push(column).push(" IN ").push(before).push_bind(numbers).push(after)
            }
            Filter::AtLeast(_, number) => query.push(column).push(" >= ").push_bind(number),
            Filter::Below(_, number) => query.push(column).push(" < ").push_bind(number),
            Filter::Words(_, words) if words.is_empty() => query.push("1 = 0"),
            Filter::Words(_, words) => {
                let (before, words, after) = (dialect.search)(table, column, &words);
                query.push(before).push_bind(words).push(after)
            }
        };
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

pub(crate) fn document(shop: &Shop, (id, data, position): Found) -> Document {
    Document { key: RowKey { shop: shop.clone(), id }, data, position: unsigned(position) }
}
