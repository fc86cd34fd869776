//! What is SQLite's own: WAL, one writer, a few readers.

mod open;
mod rows;

pub(crate) use open::open;
pub(crate) use rows::{columns, load, remove, write};

use crate::definition::Dialect;

pub(crate) const DIALECT: Dialect = Dialect {
    text: "TEXT",
    integer: "INTEGER",
    options: " STRICT",
    position_of: "instr",
    numbers: ("(SELECT value FROM json_each(", "))"),
};
