//! Words as a GIN index over what a column's text comes to as a `tsvector`: rows stay as they are, and the index is kept
//! like any other.

use crate::{Table, Words};

/// Not `to_tsvector`: its parser has views of its own on what a word is.
fn vector(column: &str) -> String {
    format!("array_to_tsvector(string_to_array({column}, ' '))")
}

pub(crate) fn word_index(table: &Table, column: &str) -> String {
    let name = table.versioned_name();
    format!("CREATE INDEX IF NOT EXISTS {name}_words ON {name} USING GIN (({}))", vector(column))
}

pub(crate) fn search(_: &Table, column: &str, words: &Words) -> (String, String, &'static str) {
    (format!("{} @@ ", vector(column)), words.query('\'', " & ", ":*"), "::tsquery")
}
