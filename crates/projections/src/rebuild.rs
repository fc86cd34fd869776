//! Folding a read model again from the start of the log, beside the live one.

mod compare;
mod replay;

use std::time::Duration;

use db::{Build, BuildState, Database};
use events::Timestamp;
use streams::{Broker, ReadError};
use tokio::time::sleep;

pub use compare::{Comparison, Difference, DifferenceKind};
pub use replay::ReplayProgress;

use crate::engine::{EngineError, chain, log};
use crate::fold::Progress;
use crate::{ReadModel, ensure};
use replay::{Pace, Tell, replay};

/// How often a comparison looks again whether the live build has come as far as the new one.
const LOOKS: u32 = 50;
/// Events per transaction: a row is written once however many of them reach it.
const BATCH: usize = 10_000;
/// The same, beside a live engine that waits for its turn to write.
const GENTLE_BATCH: usize = 2_000;
/// An engine that was heard of so lately is alive.
const FRESH: Duration = Duration::from_secs(10);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
const BETWEEN_TRIES: Duration = Duration::from_secs(5);

/// One or more read models that are folded again, in one read of the log.
///
/// prepared → replaying → catching up → compared → live, or failed, or aborted. What was done is in the database:
/// whoever opens it next goes on from there, whatever became of this process. It never overtakes the live build, so
/// that the two can be compared at one position.
pub struct Rebuild {
    db: Database,
    broker: Broker,
    models: Vec<ReadModel>,
    /// One for each model.
    builds: Vec<Build>,
    pace: Pace,
}

impl Rebuild {
    /// Goes on with what was begun, else begins.
    pub async fn open(db: &Database, broker: &Broker, models: &[ReadModel]) -> Result<Self, EngineError> {
        Self::open_in(db, broker, models, BuildState::is_under_way).await
    }

    /// To prove the live builds: not with one that the live engine keeps up to date.
    pub async fn open_to_verify(db: &Database, broker: &Broker, models: &[ReadModel]) -> Result<Self, EngineError> {
        Self::open_in(db, broker, models, |state| state.is_under_way() && state != BuildState::Compared).await
    }

    async fn open_in(
        db: &Database,
        broker: &Broker,
        models: &[ReadModel],
        goes_on: fn(BuildState) -> bool,
    ) -> Result<Self, EngineError> {
        ensure(db, models).await?;
        let log = log(broker).await?;
        let mut builds = Vec::with_capacity(models.len());
        for model in models {
            let build = begin(db, model, goes_on).await?;
            db.resume(model.name, build.number, &log).await?;
            builds.push(build);
        }
        Ok(Self {
            db: db.clone(),
            broker: broker.clone(),
            models: models.to_vec(),
            builds,
            pace: Pace { batch: BATCH, gives_way: false },
        })
    }

    /// Events per transaction: more of them coalesce better, and take more memory.
    pub fn in_batches_of(self, batch: usize) -> Self {
        Self { pace: Pace { batch, ..self.pace }, ..self }
    }

    /// As the database knows them.
    pub fn builds(&self) -> &[Build] {
        &self.builds
    }

    /// Folds up to where the live builds are, or to the log's head where there is nothing live.
    pub async fn run(&mut self, tell: &mut Tell<'_>) -> Result<(), EngineError> {
        let folded = self.fold(tell).await;
        if let Err(error) = &folded {
            self.give_up(error).await?;
        }
        folded
    }

    async fn fold(&mut self, tell: &mut Tell<'_>) -> Result<(), EngineError> {
        for build in self.builds.iter_mut().filter(|build| build.state == BuildState::Prepared) {
            self.db.enter(build, BuildState::Replaying).await?;
        }
        let head = log(&self.broker).await?.head;
        let mut target = head;
        for model in &self.models {
            let Some(live) = self.db.live(model.name).await? else { continue };
            target = target.min(if live.position == 0 { head } else { live.position });
            self.pace.gives_way |= self.db.has_one_writer() && live.heartbeat_at.is_some_and(is_fresh);
        }
        if self.pace.gives_way {
            self.pace.batch = self.pace.batch.min(GENTLE_BATCH);
        }
        self.replay(target, tell).await?;
        for (model, build) in self.models.iter().zip(&mut self.builds) {
            if build.state == BuildState::Replaying {
                self.db.index(&model.table.build(build.number)).await?;
                self.db.enter(build, BuildState::CatchingUp).await?;
            }
        }
        Ok(())
    }

    async fn replay(&mut self, target: u64, tell: &mut Tell<'_>) -> Result<(), EngineError> {
        let followed = |build: &Build| build.state == BuildState::Compared;
        let pairs = self.models.iter().zip(&self.builds).filter(|(_, build)| !followed(build));
        let mut progress: Vec<Progress> = pairs.map(|(model, build)| Progress::new(*model, build)).collect();
        replay(&self.db, &self.broker, &mut progress, target, self.pace, tell).await?;
        for moved in progress {
            let mine = self.builds.iter_mut().find(|build| build.name == moved.model.name);
            if let Some(build) = mine {
                (build.position, build.digest) = (moved.position, moved.digest);
            }
        }
        Ok(())
    }

    /// Compares every build with the live one, row by row and at one position, while that goes on. What differs is kept
    /// with the build; at most `shown` rows of each are told.
    pub async fn compare(&mut self, shown: usize) -> Result<Vec<Comparison>, EngineError> {
        let mut comparisons = Vec::with_capacity(self.builds.len());
        for index in 0..self.builds.len() {
            comparisons.push(self.compare_one(index, shown).await?);
        }
        Ok(comparisons)
    }

    async fn compare_one(&mut self, index: usize, shown: usize) -> Result<Comparison, EngineError> {
        let model = self.models[index];
        for _ in 0..LOOKS {
            let Some(live) = self.db.live(model.name).await? else { break };
            let mut then = self.db.snapshot().await?;
            let number = self.builds[index].number;
            let (Some(live), Some(mine)) =
                (then.build(&live.name, live.number).await?, then.build(&live.name, number).await?)
            else {
                return Err(db::Error::NoBuild(model.name.to_owned()).into());
            };
            if mine.position == live.position {
                return Ok(compare::compare(&model, &live, &mine, vec![then], shown).await?);
            }
            if mine.position < live.position && mine.state != BuildState::Compared {
                self.catch_up(index, live.position).await?;
                let mut now = self.db.snapshot().await?;
                let Some(mine) = now.build(&live.name, number).await? else { continue };
                return Ok(compare::compare(&model, &live, &mine, vec![then, now], shown).await?);
            }
            if live.position == 0 {
                return Ok(Comparison::with_nothing(&model, &mine));
            }
            drop(then);
            sleep(BETWEEN_LOOKS).await;
        }
        Err(db::Error::Apart(model.name.to_owned()).into())
    }

    /// One build alone, exactly to a position.
    async fn catch_up(&mut self, index: usize, target: u64) -> Result<(), EngineError> {
        let mut progress = [Progress::new(self.models[index], &self.builds[index])];
        replay(&self.db, &self.broker, &mut progress, target, self.pace, &mut |_| {}).await?;
        let [moved] = progress;
        (self.builds[index].position, self.builds[index].digest) = (moved.position, moved.digest);
        Ok(())
    }

    /// Keeps what comparisons found: from now on the live engine keeps the builds up to date.
    pub async fn settle(&mut self, comparisons: &[Comparison]) -> Result<(), db::Error> {
        for (build, comparison) in self.builds.iter_mut().zip(comparisons) {
            self.db.compared(build, comparison.differences).await?;
        }
        Ok(())
    }

    /// Removes the builds.
    pub async fn discard(self) -> Result<(), db::Error> {
        for build in &self.builds {
            self.db.discard(build).await?;
        }
        Ok(())
    }

    /// What no second try would mend is a failure of the build; after anything else it can go on.
    async fn give_up(&mut self, error: &EngineError) -> Result<(), db::Error> {
        let reason = chain(error);
        let names: Vec<(&str, u32)> = self.builds.iter().map(|build| (build.name.as_str(), build.number)).collect();
        self.db.beat(&names, Some(&reason)).await?;
        if matches!(
            error,
            EngineError::Row(_) | EngineError::Panicked(_) | EngineError::Log(ReadError::Unreadable { .. })
        ) {
            for build in self.builds.iter_mut().filter(|build| build.state != BuildState::Compared) {
                self.db.enter(build, BuildState::Failed).await?;
            }
        }
        Ok(())
    }
}

fn is_fresh(heartbeat_at: Timestamp) -> bool {
    Timestamp::now().duration_since(heartbeat_at).unsigned_abs() < FRESH
}

/// The build that was begun by this code, else a new one. What other code began is of no use to anybody.
async fn begin(db: &Database, model: &ReadModel, goes_on: fn(BuildState) -> bool) -> Result<Build, db::Error> {
    let code = model.code();
    let builds = db.builds().await?;
    let mut mine: Vec<Build> = builds.into_iter().filter(|build| build.name == model.name).collect();
    let at = mine.iter().rposition(|build| build.code == code && goes_on(build.state));
    let begun = at.map(|at| mine.remove(at));
    let useless = |build: &&Build| !build.state.is_followed();
    for other in mine.iter().filter(useless) {
        db.discard(other).await?;
    }
    match begun {
        Some(build) => Ok(build),
        None => db.prepare(&model.table, &code).await,
    }
}

/// Makes a build what readers see. One that was compared a moment ago may still be behind the live one: the engine of
/// that one is given the time to take it along.
pub async fn switch(db: &Database, build: &Build, backwards: bool) -> Result<(), db::Error> {
    for _ in 0..LOOKS {
        match db.switch(build, backwards).await {
            Err(db::Error::Behind { .. }) => sleep(BETWEEN_LOOKS).await,
            switched => return switched.map(|_| ()),
        }
    }
    db.switch(build, backwards).await.map(|_| ())
}

/// Makes builds of newer code live as soon as they have come as far as those of the older code; tries until it succeeds.
pub(crate) async fn renew(db: Database, broker: Broker, models: Vec<ReadModel>) {
    while let Err(error) = renew_once(&db, &broker, &models).await {
        tracing::error!(reason = chain(&error), "read models of a new version cannot be built yet");
        sleep(BETWEEN_TRIES).await;
    }
}

async fn renew_once(db: &Database, broker: &Broker, models: &[ReadModel]) -> Result<(), EngineError> {
    let mut rebuild = Rebuild::open(db, broker, models).await?;
    rebuild.run(&mut |_| {}).await?;
    let comparisons = rebuild.compare(0).await?;
    rebuild.settle(&comparisons).await?;
    for build in rebuild.builds() {
        switch(db, build, false).await?;
        tracing::info!(projection = build.name, version = build.code.version, "a new version is live");
    }
    Ok(())
}
