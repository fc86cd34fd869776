use std::collections::HashMap;

use events::Shop;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Postgres};

use crate::batch::{Taken, Written};
use crate::database::{signed, unsigned};
use crate::definition::column_names;
use crate::{ColumnKind, Document, RowKey, Table, Value};

/// Rows per statement: bounds what one message to the server holds.
const ROWS: usize = 5_000;

/// Row by row through the primary key. A join would be planned by statistics that a table in the making does not have: as
/// a scan of all that is there, for every batch.
const WANTED: &str = "UNNEST($1::text[], $2::text[]) AS wanted (shop, id) CROSS JOIN LATERAL";

pub(crate) async fn load(
    connection: &mut PgConnection,
    table: &Table,
    keys: &[RowKey],
    locking: &str,
) -> Result<Vec<Document>, sqlx::Error> {
    let shops: HashMap<String, &Shop> = keys.iter().map(|key| (key.shop.to_string(), &key.shop)).collect();
    let query = format!(
        "SELECT wanted.shop, wanted.id, held.data, held.position FROM {} \
         (SELECT data, position FROM {} AS held WHERE held.shop = wanted.shop AND held.id = wanted.id \
         OFFSET 0{locking}) AS held",
        WANTED,
        table.versioned_name()
    );
    let mut documents = Vec::with_capacity(keys.len());
    for keys in keys.chunks(ROWS) {
        let query = sqlx::query_as::<_, (String, String, String, i64)>(AssertSqlSafe(query.clone()));
        let (wanted_shops, ids) = split(keys);
        for (shop, id, data, position) in query.bind(wanted_shops).bind(ids).fetch_all(&mut *connection).await? {
            let Some(&shop) = shops.get(&shop) else { continue };
            let key = RowKey { shop: shop.clone(), id };
            documents.push(Document { key, data, position: unsigned(position) });
        }
    }
    Ok(documents)
}

pub(crate) async fn write(
    connection: &mut PgConnection,
    table: &Table,
    mut written: Vec<Written>,
    taken: Taken,
) -> Result<(), sqlx::Error> {
    let names: Vec<&str> = column_names(table).collect();
    let arrays: String = table.columns.iter().zip(5..).fold(String::new(), |sql, (column, number)| {
        sql + &format!(", ${number}::{}[]", if column.kind == ColumnKind::Integer { "bigint" } else { "text" })
    });
    let statement = format!(
        "INSERT INTO {} ({}) SELECT * FROM UNNEST($1::text[], $2::text[], $3::text[], $4::bigint[]{arrays}){}",
        table.versioned_name(),
        names.join(", "),
        taken.clause(&names)
    );
    while !written.is_empty() {
        let rest = written.split_off(written.len().min(ROWS));
        let query = sqlx::query(AssertSqlSafe(statement.clone()));
        bind(query, table, written).execute(&mut *connection).await?;
        written = rest;
    }
    Ok(())
}

/// A row's fields, each in the array of its column.
fn bind(
    mut query: Query<'static, Postgres, PgArguments>,
    table: &Table,
    rows: Vec<Written>,
) -> Query<'static, Postgres, PgArguments> {
    let (mut shops, mut ids, mut datas, mut positions) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut columns: Vec<Vec<Value>> = table.columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for (key, content, position) in rows {
        shops.push(key.shop.to_string());
        ids.push(key.id);
        datas.push(content.data);
        positions.push(signed(position));
        for (column, value) in columns.iter_mut().zip(content.columns) {
            column.push(value);
        }
    }
    query = query.bind(shops).bind(ids).bind(datas).bind(positions);
    for (column, values) in table.columns.iter().zip(columns) {
        query = match column.kind {
            ColumnKind::Text | ColumnKind::Words => query.bind(values.into_iter().map(text).collect::<Vec<_>>()),
            ColumnKind::Integer => query.bind(values.into_iter().map(integer).collect::<Vec<_>>()),
        };
    }
    query
}

fn text(value: Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn integer(value: Value) -> Option<i64> {
    if let Value::Integer(number) = value { Some(number) } else { None }
}

pub(crate) async fn remove(connection: &mut PgConnection, table: &Table, keys: &[RowKey]) -> Result<(), sqlx::Error> {
    let name = table.versioned_name();
    let statement = format!(
        "DELETE FROM {name} WHERE ctid = ANY (ARRAY(SELECT held.place FROM {WANTED} \
         (SELECT ctid AS place FROM {name} AS held WHERE held.shop = wanted.shop AND held.id = wanted.id OFFSET 0 FOR UPDATE) \
         AS held))",
    );
    for keys in keys.chunks(ROWS) {
        let (shops, ids) = split(keys);
        sqlx::query(AssertSqlSafe(statement.clone())).bind(shops).bind(ids).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The columns of a table, in their order.
pub(crate) async fn columns(connection: &mut PgConnection, name: &str) -> Result<Vec<String>, sqlx::Error> {
    let query = "SELECT attname::text FROM pg_attribute
         WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
    sqlx::query_scalar(query).bind(name.to_owned()).fetch_all(connection).await
}

fn split(keys: &[RowKey]) -> (Vec<String>, Vec<String>) {
    keys.iter().map(|key| (key.shop.to_string(), key.id.clone())).unzip()
}
