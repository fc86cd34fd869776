//! Builds as they are kept, and the view by which readers find the live one.

mod within;

use events::Timestamp;

use crate::batch::Held;
use crate::database::{reading, signed, unsigned, within};
use crate::{Build, BuildState, Code, Database, Digest, Error, Table};

/// As both databases answer, in the order of [`SELECT`].
type Row = (String, i64, i64, String, String, String, i64, Option<i64>, i64, Option<i64>, Option<i64>, Option<String>);

const SELECT: &str = "SELECT b.name, b.number, b.code_version, b.fingerprint, b.state, b.digest, b.row_count,
        b.differences, b.started_at, c.position, c.heartbeat_at, c.error
    FROM builds b LEFT JOIN checkpoints c ON c.name = b.name AND c.version = b.number
    ORDER BY b.name, b.number";

impl Database {
    /// Every build there is, by name and number.
    pub async fn builds(&self) -> Result<Vec<Build>, Error> {
        let rows: Vec<Row> = reading!(self, connection => sqlx::query_as(SELECT).fetch_all(connection).await?);
        Ok(rows.into_iter().map(build).collect::<Result<_, _>>()?)
    }

    /// What readers of a projection see; none before its first engine.
    pub async fn live(&self, name: &str) -> Result<Option<Build>, Error> {
        let live = |build: &Build| build.name == name && build.state == BuildState::Live;
        Ok(self.builds().await?.into_iter().find(live))
    }

    /// How far the build that readers see has come; 0 when there is none.
    pub async fn live_position(&self, name: &str) -> Result<u64, Error> {
        let query = "SELECT c.position FROM builds b JOIN checkpoints c ON c.name = b.name AND c.version = b.number
             WHERE b.name = $1 AND b.state = 'live'";
        let position: Option<i64> = reading!(self, connection => {
            sqlx::query_scalar(query).bind(name.to_owned()).fetch_optional(connection).await?
        });
        Ok(position.map_or(0, unsigned))
    }

    /// The live build of a projection; an empty one is made live when there is none.
    pub async fn adopt(&self, table: &Table, code: &Code) -> Result<Build, Error> {
        if let Some(live) = self.live(table.name).await? {
            return Ok(live);
        }
        let mut batch = self.begin().await?;
        batch.lock_builds().await?;
        let builds = batch.builds(table.name).await?;
        if let Some(live) = builds.iter().find(|build| build.state == BuildState::Live) {
            return Ok(live.clone());
        }
        let build = batch.insert(table, code, BuildState::Live, &builds).await?;
        let table = table.build(build.number);
        batch.create(&table).await?;
        batch.index(&table).await?;
        batch.show(&build.name, build.number).await?;
        batch.commit().await?;
        Ok(build)
    }

    /// An empty build beside the live one, without indexes.
    pub async fn prepare(&self, table: &Table, code: &Code) -> Result<Build, Error> {
        let mut batch = self.begin().await?;
        batch.lock_builds().await?;
        let builds = batch.builds(table.name).await?;
        let build = batch.insert(table, code, BuildState::Prepared, &builds).await?;
        batch.create(&table.build(build.number)).await?;
        batch.commit().await?;
        Ok(build)
    }

    /// Gives a build's table its indexes, and tells the database what is in it.
    pub async fn index(&self, table: &Table) -> Result<(), Error> {
        let mut batch = self.begin().await?;
        batch.index(table).await?;
        if let Held::Postgres(_) = batch.held {
            batch.execute(format!("ANALYZE {}", table.versioned_name())).await?;
        }
        batch.commit().await
    }

    /// Moves a build on. Fails when it is not in the state that it was seen in.
    pub async fn enter(&self, build: &mut Build, state: BuildState) -> Result<(), Error> {
        let mut batch = self.begin().await?;
        batch.enter(build, state).await?;
        batch.commit().await?;
        build.state = state;
        Ok(())
    }

    /// Keeps what a comparison with the live build found.
    pub async fn compared(&self, build: &mut Build, differences: u64) -> Result<(), Error> {
        let update = "UPDATE builds SET differences = $1 WHERE name = $2 AND number = $3";
        let mut batch = self.begin().await?;
        within!(batch, connection => {
            let query = sqlx::query(update).bind(signed(differences)).bind(build.name.clone());
            query.bind(i64::from(build.number)).execute(connection).await?;
        });
        batch.enter(build, BuildState::Compared).await?;
        batch.commit().await?;
        (build.state, build.differences) = (BuildState::Compared, Some(differences));
        Ok(())
    }

    /// Makes a build what readers see, and keeps the one that was; in one transaction. Gives that one.
    ///
    /// It must have come as far as the live one, or readers would see time run backwards; only a way
    /// back to what other code folded is allowed to.
    pub async fn switch(&self, to: &Build, backwards: bool) -> Result<Option<Build>, Error> {
        let mut batch = self.begin().await?;
        batch.lock_builds().await?;
        let mut builds = batch.builds(&to.name).await?;
        let at = builds.iter().position(|build| build.number == to.number);
        let mut to = builds.swap_remove(at.ok_or_else(|| Error::NoBuild(to.name.clone()))?);
        if !matches!(to.state, BuildState::Compared | BuildState::Warm) {
            return Err(Error::NotReady { name: to.name, number: to.number, state: to.state });
        }
        let live = builds.iter().position(|build| build.state == BuildState::Live);
        let live = live.map(|at| builds.swap_remove(at));
        if let Some(live) = &live {
            if to.position < live.position && !backwards {
                return Err(Error::Behind { name: to.name, position: to.position, live: live.position });
            }
            batch.enter(live, BuildState::Warm).await?;
        }
        batch.enter(&to, BuildState::Live).await?;
        to.state = BuildState::Live;
        // One way back is kept.
        for old in builds.iter().filter(|build| build.state == BuildState::Warm) {
            batch.drop_build(old).await?;
        }
        batch.show(&to.name, to.number).await?;
        batch.commit().await?;
        Ok(live)
    }

    /// Gives a build up that is under way: its rows go, and whoever folds it is stopped.
    pub async fn abort(&self, build: &Build) -> Result<(), Error> {
        let mut batch = self.begin().await?;
        batch.lock_builds().await?;
        batch.enter(build, BuildState::Aborted).await?;
        batch.clear(&build.name, build.number).await?;
        batch.commit().await
    }

    /// Removes a build and its table. The live one cannot be.
    pub async fn discard(&self, build: &Build) -> Result<(), Error> {
        let mut batch = self.begin().await?;
        batch.lock_builds().await?;
        let builds = batch.builds(&build.name).await?;
        let Some(held) = builds.iter().find(|held| held.number == build.number) else { return Ok(()) };
        if held.state == BuildState::Live {
            return Err(Error::NotReady { name: held.name.clone(), number: held.number, state: held.state });
        }
        batch.drop_build(held).await?;
        batch.commit().await
    }
}

fn build(row: Row) -> Result<Build, sqlx::Error> {
    let (name, number, version, fingerprint, state, sum, rows, differences, started_at, position, beat, error) = row;
    let time = |at| Timestamp::from_microsecond(at).map_err(unreadable);
    let digest = Digest::from_parts(&sum, unsigned(rows));
    Ok(Build {
        name,
        number: u32::try_from(number).map_err(unreadable)?,
        code: Code { version: u32::try_from(version).map_err(unreadable)?, fingerprint },
        state: state.parse().map_err(unreadable)?,
        position: position.map_or(0, unsigned),
        digest: digest.ok_or_else(|| sqlx::Error::Decode("a checksum is not one".into()))?,
        differences: differences.map(unsigned),
        started_at: time(started_at)?,
        heartbeat_at: beat.map(time).transpose()?,
        error,
    })
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}
