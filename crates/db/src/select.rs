use std::fmt;
use std::str::FromStr;

use events::Shop;

use crate::{Document, Value, Words};

/// What to find in a table. Columns are declared constants; values are only ever bound.
#[derive(Debug, Clone)]
pub struct Select<'a> {
    pub shop: &'a Shop,
    /// All must hold.
    pub filters: Vec<Filter>,
    pub order: Order,
    /// Goes on after the page that ended with it.
    pub after: Option<Cursor>,
    pub limit: u32,
}

impl<'a> Select<'a> {
    /// Every row of the shop whose `column` is one of `numbers`, by id.
    pub fn all_among(shop: &'a Shop, column: &'static str, numbers: Vec<i64>) -> Self {
        let filters = vec![Filter::Among(column, numbers)];
        Self { shop, filters, order: Order::Id, after: None, limit: u32::MAX }
    }

    /// Every row of the shop whose `column` is `value`, by id.
    pub fn all_with(shop: &'a Shop, column: &'static str, value: impl Into<Value>) -> Self {
        let filters = vec![Filter::Equals(column, value.into())];
        Self { shop, filters, order: Order::Id, after: None, limit: u32::MAX }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    Equals(&'static str, Value),
    /// One of these.
    Among(&'static str, Vec<i64>),
    AtLeast(&'static str, i64),
    Below(&'static str, i64),
    /// All of the words are in the column; of the last one its beginning is enough. No words are in none.
    Words(&'static str, Words),
}

impl Filter {
    pub(crate) fn column(&self) -> &'static str {
        match self {
            Self::Equals(column, _)
            | Self::Among(column, _)
            | Self::AtLeast(column, _)
            | Self::Below(column, _)
            | Self::Words(column, _) => column,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Id,
    /// By an integer column, the greatest first; the id decides between equals.
    Descending(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub documents: Vec<Document>,
    /// None when there is nothing more.
    pub next: Option<Cursor>,
}

/// Where a page ended: opaque to those who get it, and safe to take from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The ordering column; 0 when ordered by id.
    pub(crate) at: i64,
    pub(crate) id: String,
}

impl Cursor {
    /// Behind a row, by what stands in its ordering column.
    pub fn behind(at: i64, id: String) -> Self {
        Self { at, id }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.id)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct CursorError;

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (at, id) = text.split_once('.').ok_or(CursorError)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'/' || b == b'-';
        let well_formed = (1..=64).contains(&id.len()) && id.bytes().all(plain);
        let at = at.parse().ok().filter(|_| well_formed);
        Ok(Self { at: at.ok_or(CursorError)?, id: id.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let cursor = Cursor { at: -5, id: "12/34".to_owned() };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }

    #[test]
    fn what_is_not_a_cursor_is_refused() {
        for text in
            ["", ".", "1", "1.", "x.1", "1.a'b", "99999999999999999999.1", "1.\0", &format!("1.{}", "9".repeat(65))]
        {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text:?}");
        }
    }
}
