use std::convert::Infallible;
use std::error::Error;
use std::time::{Duration, Instant};

use db::{Build, BuildState, Database, Log, ResumeError};
use events::{AggregateKind, Event, Recorded, Timestamp};
use jiff::SignedDuration;
use streams::{Backoff, Broker, EventReader, ReadError, Stream, events_head, stream_epoch, traces};
use tokio::task::JoinError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use crate::fold::{FEW, Progress, Stretch, write};
use crate::rebuild::renew;
use crate::{ReadModel, RowError, ensure};

/// Events per transaction: large enough that a row hit often is written once, small enough for memory.
const BATCH: usize = 5_000;
/// Events of a batch that are parts of traces.
const TRACED: usize = 64;
/// What happened longer ago when it was recorded is no news.
const NEWS: SignedDuration = SignedDuration::from_hours(24);
/// How long it gathers after a few events: those that come in quick succession share a transaction, and the first after a
/// silence does not wait.
const BREATH: Duration = Duration::from_millis(5);
/// How often an engine with nothing to do says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How often it looks for builds that came or went.
const LOOK: Duration = Duration::from_secs(1);
/// So many heartbeats behind the log without an event are no rest, but a reader that hears nothing.
const DEAF: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Folds the log into the projections of one database, in one read for all of them: into the builds that readers see,
/// and into those that wait to be seen or may be seen again.
///
/// Exactly once: rows and positions are one transaction, and a position moves only from where this
/// engine left it.
pub struct Engine {
    db: Database,
    broker: Broker,
    /// Those whose live build this code folded.
    models: Vec<ReadModel>,
    /// Those whose live build an older version folded: a build of this one is made beside it.
    outdated: Vec<ReadModel>,
    following: Vec<Progress>,
    /// None before the first read, and after a failure.
    reader: Option<EventReader>,
    looked_at: Instant,
    /// Heartbeats without an event although the log goes on.
    deaf: u32,
}

/// Why the engine stands still; it tries again.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Log(#[from] ReadError),
    #[error(transparent)]
    Resume(#[from] ResumeError),
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error(transparent)]
    Row(#[from] RowError),
    #[error("a projection panicked")]
    Panicked(#[from] JoinError),
    #[error("the log goes on to {head}, but nothing arrives after {position}")]
    Deaf { position: u64, head: u64 },
}

impl Engine {
    /// For one or more models, whichever this database is to hold; makes their tables. Refuses rows that other code of
    /// the same version folded, or a newer one.
    pub async fn open(db: Database, broker: Broker, models: &[ReadModel]) -> Result<Self, db::Error> {
        ensure(&db, models).await?;
        let builds = db.builds().await?;
        let outdated = outdated(&builds, models)?;
        let current = |model: &&ReadModel| !outdated.iter().any(|other| other.name == model.name);
        let models = models.iter().filter(current).copied().collect();
        let looked_at = Instant::now();
        Ok(Self { db, broker, models, outdated, following: Vec::new(), reader: None, looked_at, deaf: 0 })
    }

    /// Follows the log until shutdown. A failure is logged, shown with the checkpoints, and tried again.
    pub async fn run(mut self, shutdown: CancellationToken) {
        if !self.outdated.is_empty() {
            let outdated = std::mem::take(&mut self.outdated);
            // From now on it is followed: as soon as it is live.
            self.models.extend(&outdated);
            let renewed = renew(self.db.clone(), self.broker.clone(), outdated);
            let both = async { tokio::join!(self.follow(), renewed) };
            shutdown.run_until_cancelled(Box::pin(both)).await;
        } else {
            shutdown.run_until_cancelled(self.follow()).await;
        }
    }

    /// Folds everything up to the log's present head, and says where that is.
    pub async fn step(&mut self) -> Result<u64, EngineError> {
        let head = events_head(&self.broker).await?;
        self.connect().await?;
        while !self.following.is_empty() && self.position() < head {
            self.advance().await?;
        }
        Ok(head)
    }

    async fn follow(&mut self) -> Infallible {
        let mut pauses = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match self.advance().await {
                Ok(was_short) => {
                    pauses.reset();
                    if was_short {
                        sleep(BREATH).await;
                    }
                }
                Err(error) => {
                    self.reader = None;
                    self.report(&error).await;
                    sleep(pauses.next_wait()).await;
                }
            }
        }
    }

    /// One batch, or one heartbeat. Says whether it was a batch of a few events: then the next may gather.
    async fn advance(&mut self) -> Result<bool, EngineError> {
        self.look().await?;
        let entries = self.connect().await?.next_batch(BATCH, HEARTBEAT).await?;
        let Some(stretch) = Stretch::of(entries) else { return self.rest().await.map(|()| false) };
        self.deaf = 0;
        let spans = self.spans(&stretch.events);
        write(&self.db, &mut self.following, &stretch).await?;
        drop(spans);
        self.show();
        let lag = |since| Timestamp::now().duration_since(since).as_secs_f64().max(0.0);
        if let Some(oldest) = stretch.events.first() {
            metrics::histogram!("tillstream_projection_lag_seconds").record(lag(oldest.recorded_at));
        }
        let news = stretch.events.iter().filter(|event| is_news(event));
        if let Some(happened) = news.map(|event| event.envelope.time).min() {
            metrics::histogram!("tillstream_row_lag_seconds").record(lag(happened));
        }
        Ok(stretch.events.len() <= FEW)
    }

    /// One per event and read model, from its reading to its row; a long batch is a replay, which nobody looks at event
    /// by event.
    fn spans(&self, events: &[Recorded<Event>]) -> Vec<Span> {
        let events = events.iter().filter(|_| events.len() <= TRACED);
        let told = |event: &Recorded<Event>| {
            let (position, kind) = (event.position, event.envelope.key.kind);
            let hear = self.following.iter().filter(move |build| build.model.kinds.contains(&kind));
            let span = |build: &Progress| {
                let projection = build.model.name;
                let span = tracing::debug_span!(target: traces::TARGET, "project", projection, position);
                traces::follow(&span, event.envelope.trace_parent.as_deref());
                span
            };
            hear.map(span).filter(|span| !span.is_disabled()).collect::<Vec<_>>()
        };
        events.flat_map(told).collect()
    }

    /// Nothing arrived. That is a rest only if there is nothing: a sign of life is also a word that all is well.
    async fn rest(&mut self) -> Result<(), EngineError> {
        let (position, head) = (self.position(), events_head(&self.broker).await?);
        self.deaf = if head > position && !self.following.is_empty() { self.deaf + 1 } else { 0 };
        if self.deaf >= DEAF {
            self.deaf = 0;
            return Err(EngineError::Deaf { position, head });
        }
        self.db.beat(&self.names(), None).await?;
        self.show();
        Ok(())
    }

    /// Where the projections stand, and that they live: the one says nothing of the other.
    fn show(&self) {
        let now = Timestamp::now().as_second() as f64;
        for Progress { model, position, .. } in &self.following {
            metrics::gauge!("tillstream_projection_position", "projection" => model.name).set(*position as f64);
            metrics::gauge!("tillstream_projection_heartbeat_timestamp_seconds", "projection" => model.name).set(now);
        }
    }

    /// Starts again from the checkpoints when builds came or went: one was rebuilt, switched or given up.
    async fn look(&mut self) -> Result<(), EngineError> {
        if self.reader.is_none() || self.looked_at.elapsed() < LOOK {
            return Ok(());
        }
        self.looked_at = Instant::now();
        let wanted = self.wanted().await?;
        let wanted = wanted.iter().map(|(model, build)| (model.name, build.number));
        if !wanted.eq(self.following.iter().map(|one| (one.model.name, one.number))) {
            self.reader = None;
        }
        Ok(())
    }

    /// The builds that are kept up to date, of this code.
    async fn wanted(&self) -> Result<Vec<(ReadModel, Build)>, db::Error> {
        let builds = self.db.builds().await?;
        let of = |build: Build| {
            let mine = |model: &&ReadModel| build.name == model.name && build.code == model.code();
            let model = *self.models.iter().find(mine)?;
            build.state.is_followed().then_some((model, build))
        };
        Ok(builds.into_iter().filter_map(of).collect())
    }

    /// The reader, opened where the build that is furthest behind goes on.
    async fn connect(&mut self) -> Result<&mut EventReader, EngineError> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => {
                let log = log(&self.broker).await?;
                let mut following = Vec::new();
                for (model, build) in self.wanted().await? {
                    self.db.resume(model.name, build.number, &log).await?;
                    following.push(Progress::new(model, &build));
                }
                self.following = following;
                let after = if self.following.is_empty() { log.head } else { self.position() };
                EventReader::open(&self.broker, after).await?.only(self.kinds())
            }
        };
        Ok(self.reader.insert(reader))
    }

    /// Makes a failure visible: in the log, the metrics and the database.
    async fn report(&self, error: &EngineError) {
        let reason = chain(error);
        tracing::error!(projections = ?self.names(), position = self.position(), reason, "projections stand still");
        metrics::counter!("tillstream_projection_failures_total").increment(1);
        if let Err(error) = self.db.beat(&self.names(), Some(&reason)).await {
            tracing::error!(reason = chain(&error), "the failure could not be stored");
        }
    }

    fn position(&self) -> u64 {
        self.following.iter().map(|build| build.position).min().unwrap_or_default()
    }

    fn kinds(&self) -> Vec<AggregateKind> {
        self.models.iter().flat_map(|model| model.kinds).copied().collect()
    }

    fn names(&self) -> Vec<(&'static str, u32)> {
        self.following.iter().map(|build| (build.model.name, build.number)).collect()
    }
}

/// Not of an import, or a snapshot of what has not changed for long: how late those are says nothing of us.
fn is_news(event: &Recorded<Event>) -> bool {
    event.recorded_at.duration_since(event.envelope.time) < NEWS
}

/// The models whose live build is of an older version. Other code of the same version, or a newer version, is refused.
fn outdated(builds: &[Build], models: &[ReadModel]) -> Result<Vec<ReadModel>, db::Error> {
    let mut outdated = Vec::new();
    for model in models {
        let live = builds.iter().find(|build| build.name == model.name && build.state == BuildState::Live);
        let Some(live) = live else { continue };
        let (code, name) = (model.code(), model.name.to_owned());
        match live.code.version.cmp(&code.version) {
            std::cmp::Ordering::Less => outdated.push(*model),
            std::cmp::Ordering::Greater => {
                return Err(db::Error::NewerCode { name, held: live.code.version, own: code.version });
            }
            std::cmp::Ordering::Equal if live.code != code => {
                return Err(db::Error::OtherCode { name, version: code.version });
            }
            std::cmp::Ordering::Equal => {}
        }
    }
    Ok(outdated)
}

/// The log as it is now.
pub(crate) async fn log(broker: &Broker) -> Result<Log, ReadError> {
    let epoch = stream_epoch(broker, Stream::Events).await?.to_string();
    Ok(Log { epoch, head: events_head(broker).await? })
}

/// An error and all that led to it, in one line; but not what a JSON reader quotes of a body.
pub(crate) fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    let causes = causes.take_while(|cause| !cause.is::<serde_json::Error>());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use testkit::{Fixture, RawPublisher};

    use super::*;
    use crate::orders::Orders;

    #[tokio::test]
    async fn a_reader_that_hears_nothing_while_the_log_goes_on_is_a_failure_and_no_rest() {
        let fixture = Fixture::single(&[]).await;
        let folder = tempfile::tempdir().unwrap();
        let db = Database::open(&format!("sqlite://{}", folder.path().join("rows.db").display())).await.unwrap();
        let models = [ReadModel::of::<Orders>()];
        let mut engine = Engine::open(db, fixture.broker.clone(), &models).await.unwrap();
        engine.connect().await.unwrap();
        engine.rest().await.unwrap();
        // It listens behind the end: nothing will ever arrive.
        engine.reader = Some(EventReader::open(&fixture.broker, 1_000).await.unwrap());
        let publisher = RawPublisher::connect(&fixture.url()).await;
        publisher.publish("events.0.order.acme.1".to_owned(), &[], Vec::new()).await;
        for _ in 1..DEAF {
            engine.rest().await.unwrap();
        }
        let deaf = engine.rest().await;
        assert!(matches!(deaf, Err(EngineError::Deaf { position: 0, head: 1 })), "{deaf:?}");
    }
}
