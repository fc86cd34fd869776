//! What happens to builds inside a transaction.

use events::Timestamp;
use sqlx::QueryBuilder;

use super::{Row, SELECT, build};
use crate::batch::Held;
use crate::database::{now, signed, within};
use crate::{Batch, Build, BuildState, Code, Digest, Error, Table, postgres, sqlite};

impl Batch {
    /// Keeps the checksums of builds' rows, by the builds' names and numbers, in one statement however many they are.
    pub async fn keep_digests(&mut self, digests: &[(&str, u32, Digest)]) -> Result<(), Error> {
        if digests.is_empty() {
            return Ok(());
        }
        within!(self, connection => {
            let mut query = QueryBuilder::<Db>::new("UPDATE builds SET digest = kept.column1, row_count = kept.column2 FROM (");
            query.push_values(digests, |mut values, (name, number, digest)| {
                values.push_bind(digest.sum()).push_bind(signed(digest.rows));
                values.push_bind((*name).to_owned()).push_bind(i64::from(*number));
            });
            query.push(") AS kept WHERE builds.name = kept.column3 AND builds.number = kept.column4");
            query.build().execute(connection).await?;
        });
        Ok(())
    }

    /// One at a time changes what builds there are.
    pub(super) async fn lock_builds(&mut self) -> Result<(), Error> {
        if let Held::Postgres(transaction) = &mut self.held {
            postgres::lock_definitions(transaction).await?;
        }
        Ok(())
    }

    /// Those of one projection. In PostgreSQL nothing moves them until the end of the transaction.
    pub(super) async fn builds(&mut self, name: &str) -> Result<Vec<Build>, Error> {
        if let Held::Postgres(transaction) = &mut self.held {
            let lock = "SELECT 1 FROM checkpoints WHERE name = $1 FOR UPDATE";
            sqlx::query(lock).bind(name.to_owned()).execute(&mut **transaction).await?;
        }
        Ok(self.every_build().await?.into_iter().filter(|build| build.name == name).collect())
    }

    pub(crate) async fn every_build(&mut self) -> Result<Vec<Build>, Error> {
        let rows: Vec<Row> = within!(self, connection => sqlx::query_as(SELECT).fetch_all(connection).await?);
        Ok(rows.into_iter().map(build).collect::<Result<_, _>>()?)
    }

    /// A new build behind all others of its projection.
    pub(super) async fn insert(
        &mut self,
        table: &Table,
        code: &Code,
        state: BuildState,
        others: &[Build],
    ) -> Result<Build, Error> {
        let insert =
            "INSERT INTO builds (name, number, code_version, fingerprint, state, digest, row_count, started_at)
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7)";
        let number = 1 + others.iter().map(|build| build.number).max().unwrap_or_default();
        let (digest, started_at) = (Digest::default(), now());
        // Whatever an earlier layout left under this number.
        self.clear(table.name, number).await?;
        within!(self, connection => {
            let query = sqlx::query(insert).bind(table.name.to_owned()).bind(i64::from(number));
            let query = query.bind(i64::from(code.version)).bind(code.fingerprint.clone()).bind(state.as_str());
            query.bind(digest.sum()).bind(started_at).execute(connection).await?;
        });
        Ok(Build {
            name: table.name.to_owned(),
            number,
            code: code.clone(),
            state,
            position: 0,
            digest,
            differences: None,
            started_at: Timestamp::from_microsecond(started_at).unwrap_or_default(),
            heartbeat_at: None,
            error: None,
        })
    }

    pub(super) async fn enter(&mut self, build: &Build, state: BuildState) -> Result<(), Error> {
        let update = "UPDATE builds SET state = $1 WHERE name = $2 AND number = $3 AND state = $4";
        let moved = within!(self, connection => {
            let query = sqlx::query(update).bind(state.as_str()).bind(build.name.clone());
            let query = query.bind(i64::from(build.number)).bind(build.state.as_str());
            query.execute(connection).await?.rows_affected()
        });
        if moved == 1 { Ok(()) } else { Err(Error::Moved(build.name.clone())) }
    }

    /// Readers see this build from the commit on.
    pub(super) async fn show(&mut self, name: &str, number: u32) -> Result<(), Error> {
        self.execute(format!("DROP VIEW IF EXISTS {name}")).await?;
        self.execute(format!("CREATE VIEW {name} AS SELECT * FROM {name}_v{number}")).await?;
        if let Held::Sqlite(transaction) = &mut self.held {
            for statement in sqlite::show_words(transaction, name, number).await? {
                self.execute(statement).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn drop_build(&mut self, build: &Build) -> Result<(), Error> {
        self.clear(&build.name, build.number).await?;
        within!(self, connection => {
            let query = sqlx::query("DELETE FROM builds WHERE name = $1 AND number = $2");
            query.bind(build.name.clone()).bind(i64::from(build.number)).execute(connection).await?;
        });
        Ok(())
    }

    /// Removes a build's rows and where it was; what it was stays.
    pub(super) async fn clear(&mut self, name: &str, number: u32) -> Result<(), Error> {
        if let Held::Sqlite(_) = self.held {
            self.execute(format!("DROP TABLE IF EXISTS {name}_v{number}_words")).await?;
        }
        self.execute(format!("DROP TABLE IF EXISTS {name}_v{number}")).await?;
        within!(self, connection => {
            let query = sqlx::query("DELETE FROM checkpoints WHERE name = $1 AND version = $2");
            query.bind(name.to_owned()).bind(i64::from(number)).execute(connection).await?;
        });
        Ok(())
    }
}
