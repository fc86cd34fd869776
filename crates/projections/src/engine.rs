use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use db::{Database, Log, ResumeError};
use events::{AggregateKind, Timestamp};
use streams::{Backoff, Broker, EventReader, ReadError, Stream, events_head, stream_epoch};
use tokio::task::JoinError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::fold::{Progress, Stretch, write};
use crate::{ReadModel, RowError, ensure};

/// Events per transaction: large enough that a row hit often is written once, small enough for memory.
const BATCH: usize = 5_000;
/// How often an engine with nothing to do says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Folds the log into the projections of one database, in one read for all of them.
///
/// Exactly once: rows and positions are one transaction, and a position moves only from where this
/// engine left it.
pub struct Engine {
    db: Database,
    broker: Broker,
    models: Vec<Progress>,
    /// None before the first read, and after a failure.
    reader: Option<EventReader>,
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
}

impl Engine {
    /// For one or more models, whichever this database is to hold; makes their tables.
    pub async fn open(db: Database, broker: Broker, models: &[ReadModel]) -> Result<Self, db::Error> {
        ensure(&db, models).await?;
        let models = models.iter().map(|&model| Progress { model, position: 0 }).collect();
        Ok(Self { db, broker, models, reader: None })
    }

    /// Follows the log until shutdown. A failure is logged, shown with the checkpoints, and tried again.
    pub async fn run(mut self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.follow()).await;
    }

    /// Folds everything up to the log's present head, and says where that is.
    pub async fn step(&mut self) -> Result<u64, EngineError> {
        let head = events_head(&self.broker).await?;
        self.connect().await?;
        while self.position() < head {
            self.advance().await?;
        }
        Ok(head)
    }

    async fn follow(&mut self) -> Infallible {
        let mut pauses = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            match self.advance().await {
                Ok(()) => pauses.reset(),
                Err(error) => {
                    self.reader = None;
                    self.report(&error).await;
                    sleep(pauses.next()).await;
                }
            }
        }
    }

    /// One batch, or one heartbeat.
    async fn advance(&mut self) -> Result<(), EngineError> {
        let entries = self.connect().await?.next_batch(BATCH, HEARTBEAT).await?;
        let Some(last) = entries.last() else {
            self.db.beat(&self.names(), None).await?;
            self.show();
            return Ok(());
        };
        let end = last.position;
        let oldest = entries.iter().find_map(|entry| Some(entry.event.as_ref()?.recorded_at));
        let events = entries.into_iter().filter_map(|entry| entry.event).collect();
        write(&self.db, &mut self.models, &Stretch { events: Arc::new(events), end }).await?;
        self.show();
        if let Some(oldest) = oldest {
            let lag = Timestamp::now().duration_since(oldest).as_secs_f64();
            metrics::histogram!("tillstream_projection_lag_seconds").record(lag.max(0.0));
        }
        Ok(())
    }

    /// Where the projections stand, and that they live: the one says nothing of the other.
    fn show(&self) {
        let now = Timestamp::now().as_second() as f64;
        for Progress { model, position } in &self.models {
            metrics::gauge!("tillstream_projection_position", "projection" => model.name).set(*position as f64);
            metrics::gauge!("tillstream_projection_heartbeat_timestamp_seconds", "projection" => model.name).set(now);
        }
    }

    /// The reader, opened where the projection that is furthest behind goes on.
    async fn connect(&mut self) -> Result<&mut EventReader, EngineError> {
        if self.reader.is_none() {
            let epoch = stream_epoch(&self.broker, Stream::Events).await?.to_string();
            let log = Log { epoch, head: events_head(&self.broker).await? };
            for progress in &mut self.models {
                progress.position = self.db.resume(progress.model.name, progress.model.version, &log).await?;
            }
        }
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => EventReader::open(&self.broker, self.position()).await?.only(self.kinds()),
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
        self.models.iter().map(|progress| progress.position).min().unwrap_or_default()
    }

    fn kinds(&self) -> Vec<AggregateKind> {
        self.models.iter().flat_map(|progress| progress.model.kinds).copied().collect()
    }

    fn names(&self) -> Vec<(&'static str, u32)> {
        self.models.iter().map(|progress| (progress.model.name, progress.model.version)).collect()
    }
}

/// An error and all that led to it, in one line; but not what a JSON reader quotes of a body.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |error| (*error).source());
    let causes = causes.take_while(|cause| !cause.is::<serde_json::Error>());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
