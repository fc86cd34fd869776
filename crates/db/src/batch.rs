use sqlx::{Postgres, QueryBuilder, Sqlite, Transaction};

use crate::database::{now, signed, within};
use crate::{Advance, Change, Content, Document, Error, RowKey, Table, postgres, sqlite};

/// One transaction over rows and positions; dropped without [`Batch::commit`], it never was.
#[must_use]
#[derive(Debug)]
pub struct Batch {
    pub(crate) held: Held,
}

#[derive(Debug)]
pub(crate) enum Held {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A row as it is written.
pub(crate) type Written = (RowKey, Content, u64);

/// What becomes of the row that has the key already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Kept,
    Replaced,
    /// There is none.
    Absent,
}

impl Taken {
    pub(crate) fn clause(self, names: &[&str]) -> String {
        let assignments: Vec<String> = names[2..].iter().map(|name| format!("{name} = excluded.{name}")).collect();
        match self {
            Self::Kept => " ON CONFLICT (shop, id) DO NOTHING".to_owned(),
            Self::Absent => String::new(),
            Self::Replaced => format!(" ON CONFLICT (shop, id) DO UPDATE SET {}", assignments.join(", ")),
        }
    }
}

impl Batch {
    /// The rows there are among `keys`.
    pub async fn load(&mut self, table: &Table, keys: &[RowKey]) -> Result<Vec<Document>, Error> {
        Ok(match &mut self.held {
            Held::Sqlite(transaction) => sqlite::load(transaction, table, keys).await?,
            Held::Postgres(transaction) => postgres::load(transaction, table, keys, "").await?,
        })
    }

    /// Likewise; nobody else changes them until the transaction ends.
    pub async fn load_to_change(&mut self, table: &Table, keys: &[RowKey]) -> Result<Vec<Document>, Error> {
        Ok(match &mut self.held {
            // It has all of the database to itself.
            Held::Sqlite(transaction) => sqlite::load(transaction, table, keys).await?,
            Held::Postgres(transaction) => postgres::load(transaction, table, keys, " FOR UPDATE").await?,
        })
    }

    /// Writes the rows whose keys are free; what is there stays. No key twice, and nothing is removed.
    pub async fn add(&mut self, table: &Table, changes: Vec<Change>) -> Result<(), Error> {
        self.write(table, changes, Taken::Kept).await
    }

    /// Writes rows that are known not to be there, which costs half of [`Batch::save`]; fails when one is. No key twice,
    /// and nothing is removed.
    pub async fn create_rows(&mut self, table: &Table, changes: Vec<Change>) -> Result<(), Error> {
        self.write(table, changes, Taken::Absent).await
    }

    async fn write(&mut self, table: &Table, changes: Vec<Change>, taken: Taken) -> Result<(), Error> {
        let rows = changes.into_iter().filter_map(|Change { key, content, position }| Some((key, content?, position)));
        let rows: Vec<Written> = rows.collect();
        match &mut self.held {
            Held::Sqlite(transaction) => sqlite::write(transaction, table, rows, taken).await?,
            Held::Postgres(transaction) => postgres::write(transaction, table, rows, taken).await?,
        }
        Ok(())
    }

    /// Writes and removes rows; no key twice.
    pub async fn save(&mut self, table: &Table, changes: Vec<Change>) -> Result<(), Error> {
        let mut written = Vec::with_capacity(changes.len());
        let mut removed = Vec::new();
        for Change { key, content, position } in changes {
            match content {
                Some(content) => written.push((key, content, position)),
                None => removed.push(key),
            }
        }
        match &mut self.held {
            Held::Sqlite(transaction) => {
                sqlite::write(transaction, table, written, Taken::Replaced).await?;
                sqlite::remove(transaction, table, &removed).await?;
            }
            Held::Postgres(transaction) => {
                postgres::write(transaction, table, written, Taken::Replaced).await?;
                postgres::remove(transaction, table, &removed).await?;
            }
        }
        Ok(())
    }

    /// Moves checkpoints to one position, in one statement however many they are. Fails when one is not where this
    /// engine left it, so that of two engines one writes.
    pub async fn advance(&mut self, steps: &[Advance<'_>], to: u64) -> Result<(), Error> {
        if steps.is_empty() {
            return Ok(());
        }
        let moved = within!(self, connection => {
            let mut query = QueryBuilder::<Db>::new("UPDATE checkpoints SET error = NULL, position = ");
            query.push_bind(signed(to)).push(", heartbeat_at = ").push_bind(now());
            query.push(" WHERE (name, version, position) IN (");
            query.push_values(steps, |mut values, step| {
                values.push_bind(step.name.to_owned()).push_bind(i64::from(step.version)).push_bind(signed(step.from));
            });
            query.push(")").build().execute(connection).await?.rows_affected()
        });
        let names = || steps.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
        if moved == steps.len() as u64 { Ok(()) } else { Err(Error::Moved(names())) }
    }

    pub async fn commit(self) -> Result<(), Error> {
        match self.held {
            Held::Sqlite(transaction) => transaction.commit().await?,
            Held::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}
