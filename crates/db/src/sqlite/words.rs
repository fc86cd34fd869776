//! Words as an FTS5 table that holds no text of its own: it reads the build's, and triggers keep it in step.

use sqlx::SqliteConnection;

use crate::{Table, Words};

/// What makes the index of a build that has none yet.
pub(crate) async fn word_index(
    connection: &mut SqliteConnection,
    table: &Table,
    column: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let name = table.versioned_name();
    let index = format!("{name}_words");
    if is_there(connection, &index).await? {
        return Ok(Vec::new());
    }
    let add = format!("INSERT INTO {index} (rowid, {column}) VALUES (new.row, new.{column});");
    let remove = format!("INSERT INTO {index} ({index}, rowid, {column}) VALUES ('delete', old.row, old.{column});");
    Ok(vec![
        // Words come as they are: lower case, one space between.
        format!(
            "CREATE VIRTUAL TABLE {index} USING fts5({column}, content='{name}', content_rowid='row', \
             tokenize='ascii', detail='none', columnsize=0)"
        ),
        format!("INSERT INTO {index} ({index}) VALUES ('rebuild')"),
        format!("CREATE TRIGGER {index}_added AFTER INSERT ON {name} BEGIN {add} END"),
        format!("CREATE TRIGGER {index}_removed AFTER DELETE ON {name} BEGIN {remove} END"),
        format!(
            "CREATE TRIGGER {index}_changed AFTER UPDATE OF {column} ON {name} \
             WHEN old.{column} IS NOT new.{column} BEGIN {remove} {add} END"
        ),
    ])
}

/// What has readers of the view `name` search in the words of a build: its own, if it has any.
pub(crate) async fn show_words(
    connection: &mut SqliteConnection,
    name: &str,
    number: u32,
) -> Result<Vec<String>, sqlx::Error> {
    let index = format!("{name}_v{number}_words");
    let mut statements = vec![format!("DROP VIEW IF EXISTS {name}_words")];
    if is_there(connection, &index).await? {
        statements.push(format!("CREATE VIEW {name}_words AS SELECT rowid AS row, {index} AS words FROM {index}"));
    }
    Ok(statements)
}

pub(crate) fn search(table: &Table, _: &str, words: &Words) -> (String, String, &'static str) {
    let index = format!("{}_words", table.versioned_name());
    let searched = if table.version == Table::LIVE { "words" } else { &index };
    let row = if table.version == Table::LIVE { "row" } else { "rowid" };
    let before = format!("row IN (SELECT {row} FROM {index} WHERE {searched} MATCH ");
    (before, words.query('"', " ", "*"), ")")
}

async fn is_there(connection: &mut SqliteConnection, name: &str) -> Result<bool, sqlx::Error> {
    let there = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = $1)");
    there.bind(name.to_owned()).fetch_one(connection).await
}
