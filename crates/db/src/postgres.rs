//! What is PostgreSQL's own: a schema per database of ours, arrays as parameters.

mod open;
mod rows;
mod words;

use sqlx::PgConnection;

pub(crate) use open::{is_url, open};
pub(crate) use rows::{columns, load, remove, write};
pub(crate) use words::word_index;

use crate::definition::Dialect;

/// Bytes decide the order, as with SQLite and in our code: cursors and comparisons rely on it.
pub(crate) const DIALECT: Dialect = Dialect {
    text: "TEXT COLLATE \"C\"",
    integer: "BIGINT",
    row_number: None,
    options: "",
    numbers: ("(SELECT value::bigint FROM json_array_elements_text((", ")::json))"),
    search: words::search,
};

/// Of two processes that make the same tables, one waits: `IF NOT EXISTS` alone does not see the other's.
pub(crate) async fn lock_definitions(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let lock = "SELECT pg_advisory_xact_lock(hashtext('tillstream ' || current_setting('search_path')))";
    sqlx::query(lock).execute(connection).await?;
    Ok(())
}
