//! Tables as they are made.

use sqlx::AssertSqlSafe;

use crate::batch::Held;
use crate::database::within;
use crate::{Batch, ColumnKind, Database, Error, Table, Words, postgres, sqlite};

impl Database {
    /// Makes a table and its indexes if they are not there.
    pub async fn ensure(&self, table: &Table) -> Result<(), Error> {
        let mut batch = self.begin().await?;
        batch.create(table).await?;
        batch.index(table).await?;
        batch.commit().await
    }
}

impl Batch {
    /// Makes a table without its indexes, if it is not there.
    pub(crate) async fn create(&mut self, table: &Table) -> Result<(), Error> {
        if let Held::Postgres(transaction) = &mut self.held {
            postgres::lock_definitions(transaction).await?;
        }
        self.execute(definition(table, self.dialect())).await?;
        let columns = match &mut self.held {
            Held::Sqlite(transaction) => sqlite::columns(transaction, &table.versioned_name()).await?,
            Held::Postgres(transaction) => postgres::columns(transaction, &table.versioned_name()).await?,
        };
        if !columns.iter().map(String::as_str).eq(column_names(table)) {
            return Err(Error::TableDiffers(table.versioned_name()));
        }
        Ok(())
    }

    /// Makes a table's indexes, that of its words too, if they are not there.
    pub(crate) async fn index(&mut self, table: &Table) -> Result<(), Error> {
        for columns in table.indexes {
            let (name, title, columns) = (table.versioned_name(), columns.join("_"), columns.join(", "));
            let index = format!("CREATE INDEX IF NOT EXISTS {name}_by_{title} ON {name} (shop, {columns}, id)");
            self.execute(index).await?;
        }
        let Some(column) = table.words() else { return Ok(()) };
        let statements = match &mut self.held {
            Held::Sqlite(transaction) => sqlite::word_index(transaction, table, column).await?,
            Held::Postgres(_) => vec![postgres::word_index(table, column)],
        };
        for statement in statements {
            self.execute(statement).await?;
        }
        Ok(())
    }

    /// A statement made of names that are constants of the code.
    pub(crate) async fn execute(&mut self, statement: String) -> Result<(), Error> {
        within!(self, connection => { sqlx::query(AssertSqlSafe(statement)).execute(connection).await?; });
        Ok(())
    }

    fn dialect(&self) -> &'static Dialect {
        match self.held {
            Held::Sqlite(_) => &sqlite::DIALECT,
            Held::Postgres(_) => &postgres::DIALECT,
        }
    }
}

/// How a database spells what the other spells otherwise.
pub(crate) struct Dialect {
    /// Compared byte by byte.
    pub(crate) text: &'static str,
    /// 64 bits, signed.
    pub(crate) integer: &'static str,
    /// The column by which an index of words knows a row, where it does not find that by itself.
    pub(crate) row_number: Option<&'static str>,
    /// What stands after the columns.
    pub(crate) options: &'static str,
    /// What stands before and after a JSON array of numbers to make it a set.
    pub(crate) numbers: (&'static str, &'static str),
    pub(crate) search: Search,
}

/// How a database says that a row of the table, as readers name it, has words in the column: what stands before the words,
/// the words, and what stands after.
pub(crate) type Search = fn(&Table, &str, &Words) -> (String, String, &'static str);

/// What is in every database besides document tables.
pub(crate) fn layout_of(dialect: &Dialect) -> [String; 3] {
    let Dialect { text, integer, options, .. } = dialect;
    let checkpoints = format!(
        "CREATE TABLE IF NOT EXISTS checkpoints (name {text} NOT NULL, version {integer} NOT NULL, \
         epoch {text} NOT NULL, position {integer} NOT NULL, heartbeat_at {integer} NOT NULL, error {text}, \
         PRIMARY KEY (name, version)){options}"
    );
    let builds = format!(
        "CREATE TABLE IF NOT EXISTS builds (name {text} NOT NULL, number {integer} NOT NULL, \
         code_version {integer} NOT NULL, fingerprint {text} NOT NULL, state {text} NOT NULL, digest {text} NOT NULL, \
         row_count {integer} NOT NULL, differences {integer}, started_at {integer} NOT NULL, \
         PRIMARY KEY (name, number)){options}"
    );
    let one_live = "CREATE UNIQUE INDEX IF NOT EXISTS builds_live ON builds (name) WHERE state = 'live'";
    [checkpoints, builds, one_live.to_owned()]
}

fn definition(table: &Table, dialect: &Dialect) -> String {
    let Dialect { text, integer, options, .. } = dialect;
    let kind = |kind| if kind == ColumnKind::Integer { integer } else { text };
    let columns: String =
        table.columns.iter().map(|column| format!("{} {}, ", column.name, kind(column.kind))).collect();
    let name = table.versioned_name();
    let (number, key) = match (table.words(), dialect.row_number) {
        (Some(_), Some(number)) => (number, "UNIQUE"),
        _ => ("", "PRIMARY KEY"),
    };
    format!(
        "CREATE TABLE IF NOT EXISTS {name} ({number}shop {text} NOT NULL, id {text} NOT NULL, data {text} NOT NULL, \
         position {integer} NOT NULL, {columns}{key} (shop, id)){options}"
    )
}

pub(crate) fn column_names(table: &Table) -> impl Iterator<Item = &'static str> {
    ["shop", "id", "data", "position"].into_iter().chain(table.columns.iter().map(|column| column.name))
}
