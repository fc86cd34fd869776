use sqlx::{Postgres, Sqlite, Transaction};

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

impl Batch {
    /// The rows there are among `keys`.
    pub async fn load(&mut self, table: &Table, keys: &[RowKey]) -> Result<Vec<Document>, Error> {
        Ok(match &mut self.held {
            Held::Sqlite(transaction) => sqlite::load(transaction, table, keys).await?,
            Held::Postgres(transaction) => postgres::load(transaction, table, keys).await?,
        })
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
                sqlite::upsert(transaction, table, written).await?;
                sqlite::remove(transaction, table, &removed).await?;
            }
            Held::Postgres(transaction) => {
                postgres::upsert(transaction, table, written).await?;
                postgres::remove(transaction, table, &removed).await?;
            }
        }
        Ok(())
    }

    /// Moves a checkpoint. Fails when it is not where this engine left it, so that of two engines one writes.
    pub async fn advance(&mut self, step: Advance<'_>) -> Result<(), Error> {
        let update = "UPDATE checkpoints SET position = $1, heartbeat_at = $2, error = NULL
             WHERE name = $3 AND version = $4 AND position = $5";
        let moved = within!(self, connection => {
            let query = sqlx::query(update).bind(signed(step.to)).bind(now()).bind(step.name.to_owned());
            let query = query.bind(i64::from(step.version)).bind(signed(step.from));
            query.execute(connection).await?.rows_affected()
        });
        if moved == 1 { Ok(()) } else { Err(Error::Moved(step.name.to_owned())) }
    }

    pub async fn commit(self) -> Result<(), Error> {
        match self.held {
            Held::Sqlite(transaction) => transaction.commit().await?,
            Held::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}
