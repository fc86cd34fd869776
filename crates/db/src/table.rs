use events::Shop;

/// A document table. Names are constants of the code, never from outside.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    pub name: &'static str,
    /// Part of the table's name in the database, so that two versions can stand side by side.
    pub version: u32,
    /// What a row can be found by, besides its key.
    pub columns: &'static [Column],
    /// Each a list of columns; the shop goes before them and the id after.
    pub indexes: &'static [&'static [&'static str]],
}

impl Table {
    /// In the place of a version: whichever build readers see.
    pub const LIVE: u32 = 0;

    /// One build of it.
    pub fn build(self, number: u32) -> Self {
        Self { version: number, ..self }
    }

    /// As the database knows it: `orders_v1`; `orders` is the view that shows the live build.
    pub fn versioned_name(&self) -> String {
        match self.version {
            Self::LIVE => self.name.to_owned(),
            version => format!("{}_v{version}", self.name),
        }
    }

    /// The column whose rows are found by words.
    pub(crate) fn words(&self) -> Option<&'static str> {
        self.columns.iter().find(|column| column.kind == ColumnKind::Words).map(|column| column.name)
    }

    pub(crate) fn declares(&self, column: &str) -> bool {
        self.columns.iter().any(|declared| declared.name == column)
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    pub kind: ColumnKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    Text,
    /// 64 bits, signed.
    Integer,
    /// [`Words::column`](crate::Words::column), with an index to find rows by words. One column of a table at most.
    Words,
}

impl Column {
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Text }
    }

    pub const fn words(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Words }
    }

    pub const fn integer(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Integer }
    }
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Null,
    Text(String),
    Integer(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Integer(flag.into())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Which row of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    pub shop: Shop,
    pub id: String,
}

/// A row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub key: RowKey,
    /// JSON.
    pub data: String,
    /// Of the event that last reached the row.
    pub position: u64,
}

/// A row as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub key: RowKey,
    /// None removes the row.
    pub content: Option<Content>,
    /// Of the event that last reached the row.
    pub position: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// JSON.
    pub data: String,
    /// One for each of the table's columns, in their order.
    pub columns: Vec<Value>,
}
