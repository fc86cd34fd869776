use std::collections::BTreeMap;

use events::Shop;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::batch::{Taken, Written};
use crate::database::signed;
use crate::definition::column_names;
use crate::read::{Found, document};
use crate::{Document, RowKey, Table, Value};

/// Rows per statement: each statement is a round trip to the driver's thread.
const ROWS: usize = 250;
/// Statements of so few rows, and those of [`ROWS`], are kept prepared; others are seldom the same again.
const FEW: usize = 8;

pub(crate) async fn load(
    connection: &mut SqliteConnection,
    table: &Table,
    keys: &[RowKey],
) -> Result<Vec<Document>, sqlx::Error> {
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
        query.push_bind(shop.to_string()).push(" AND id IN (SELECT value FROM json_each(").push_bind(ids).push("))");
        let rows: Vec<Found> = query.build_query_as().fetch_all(&mut *connection).await?;
        documents.extend(rows.into_iter().map(|found| document(shop, found)));
    }
    Ok(documents)
}

pub(crate) async fn write(
    connection: &mut SqliteConnection,
    table: &Table,
    written: Vec<Written>,
    taken: Taken,
) -> Result<(), sqlx::Error> {
    let mut written = written.into_iter();
    while let Some(rows) = some(written.by_ref().take(ROWS).collect()) {
        write_few(connection, table, rows, taken).await?;
    }
    Ok(())
}

async fn write_few(
    connection: &mut SqliteConnection,
    table: &Table,
    rows: Vec<Written>,
    taken: Taken,
) -> Result<(), sqlx::Error> {
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
    query.push(taken.clause(&names));
    query.build().persistent(keep).execute(connection).await?;
    Ok(())
}

pub(crate) async fn remove(
    connection: &mut SqliteConnection,
    table: &Table,
    keys: &[RowKey],
) -> Result<(), sqlx::Error> {
    for keys in keys.chunks(ROWS) {
        let mut query =
            QueryBuilder::<Sqlite>::new(format!("DELETE FROM {} WHERE (shop, id) IN (", table.versioned_name()));
        query.push_values(keys, |mut values, key| {
            values.push_bind(key.shop.to_string()).push_bind(key.id.clone());
        });
        query.push(")").build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// The columns of a table, in their order; not the number by which its words are indexed.
pub(crate) async fn columns(connection: &mut SqliteConnection, name: &str) -> Result<Vec<String>, sqlx::Error> {
    let columns = sqlx::query_scalar("SELECT name FROM pragma_table_info($1) WHERE name <> 'row' ORDER BY cid");
    columns.bind(name.to_owned()).fetch_all(connection).await
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    Some(items).filter(|items| !items.is_empty())
}
