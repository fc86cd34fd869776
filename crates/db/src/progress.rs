//! Checkpoints as they are kept.

use events::Timestamp;

use crate::database::{now, reading, unsigned, within};
use crate::{Checkpoint, Database, Error, Log, ResumeError};

/// As both databases answer: name, version, epoch, position, heartbeat, error.
type Row = (String, i64, String, i64, i64, Option<String>);

impl Database {
    /// Where a projection goes on: 0 the first time. Refuses a log that its rows are not of.
    pub async fn resume(&self, name: &str, version: u32, log: &Log) -> Result<u64, ResumeError> {
        let (held, position) = self.touch(name, version, log).await?;
        if held != log.epoch {
            return Err(ResumeError::OtherLog { name: name.to_owned(), held, found: log.epoch.clone() });
        }
        if position > log.head {
            return Err(ResumeError::AheadOfLog { name: name.to_owned(), position, head: log.head });
        }
        Ok(position)
    }

    async fn touch(&self, name: &str, version: u32, log: &Log) -> Result<(String, u64), Error> {
        let insert = "INSERT INTO checkpoints (name, version, epoch, position, heartbeat_at) VALUES ($1, $2, $3, 0, $4)
             ON CONFLICT (name, version) DO UPDATE SET heartbeat_at = excluded.heartbeat_at
             RETURNING epoch, position";
        let mut batch = self.begin().await?;
        let (held, position): (String, i64) = within!(batch, connection => {
            let query = sqlx::query_as(insert).bind(name.to_owned()).bind(i64::from(version));
            query.bind(log.epoch.clone()).bind(now()).fetch_one(connection).await?
        });
        batch.commit().await?;
        Ok((held, unsigned(position)))
    }

    /// A sign of life; with `error`, of an engine that stands still because of it.
    pub async fn beat(&self, projections: &[(&str, u32)], error: Option<&str>) -> Result<(), Error> {
        let update = "UPDATE checkpoints SET heartbeat_at = $1, error = $2 WHERE name = $3 AND version = $4";
        let mut batch = self.begin().await?;
        for (name, version) in projections {
            within!(batch, connection => {
                let query = sqlx::query(update).bind(now()).bind(error.map(str::to_owned));
                query.bind((*name).to_owned()).bind(i64::from(*version)).execute(connection).await?;
            });
        }
        batch.commit().await
    }

    /// Every projection that ever ran on this database.
    pub async fn checkpoints(&self) -> Result<Vec<Checkpoint>, Error> {
        let query =
            "SELECT name, version, epoch, position, heartbeat_at, error FROM checkpoints ORDER BY name, version";
        let rows: Vec<Row> = reading!(self, connection => sqlx::query_as(query).fetch_all(connection).await?);
        Ok(rows.into_iter().map(checkpoint).collect::<Result<_, _>>()?)
    }

    /// How far a projection has come; 0 when it never ran.
    pub async fn position(&self, name: &str, version: u32) -> Result<u64, Error> {
        let query = "SELECT position FROM checkpoints WHERE name = $1 AND version = $2";
        let position: Option<i64> = reading!(self, connection => {
            let query = sqlx::query_scalar(query).bind(name.to_owned()).bind(i64::from(version));
            query.fetch_optional(connection).await?
        });
        Ok(position.map_or(0, unsigned))
    }
}

fn checkpoint((name, version, epoch, position, heartbeat_at, error): Row) -> Result<Checkpoint, sqlx::Error> {
    let heartbeat_at = Timestamp::from_microsecond(heartbeat_at);
    Ok(Checkpoint {
        name,
        version: u32::try_from(version).map_err(|error| sqlx::Error::Decode(error.into()))?,
        epoch,
        position: unsigned(position),
        heartbeat_at: heartbeat_at.map_err(|error| sqlx::Error::Decode(error.into()))?,
        error,
    })
}
