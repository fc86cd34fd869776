//! What is SQLite's own: WAL, one writer, a few readers.

mod open;
mod readers;
mod rows;
mod words;

pub(crate) use open::{READERS, open};
pub(crate) use readers::Readers;
pub(crate) use rows::{columns, load, remove, write};
pub(crate) use words::{show_words, word_index};

use crate::definition::Dialect;

/// A row's number that is not written out is given anew by VACUUM.
pub(crate) const DIALECT: Dialect = Dialect {
    text: "TEXT",
    integer: "INTEGER",
    row_number: Some("row INTEGER PRIMARY KEY, "),
    options: " STRICT",
    numbers: ("(SELECT value FROM json_each(", "))"),
    search: words::search,
};
