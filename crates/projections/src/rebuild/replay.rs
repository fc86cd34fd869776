use std::time::{Duration, Instant};

use db::Database;
use events::AggregateKind;
use streams::{Broker, EventReader, ReadError};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::engine::EngineError;
use crate::fold::{Progress, Stretch, write};

/// Stretches that are read ahead while one is folded and written.
const AHEAD: usize = 2;
/// So long without an event although there are some is a failure.
const SILENCE: Duration = Duration::from_secs(30);

/// How a replay goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Events per transaction: a row is written once however many of them reach it.
    pub(crate) batch: usize,
    /// Rests as long as it writes: SQLite has one writer, and a live engine in another process waits for its turn
    /// without a queue.
    pub(crate) gives_way: bool,
}

/// How far a replay has come.
#[derive(Debug, Clone, Copy)]
pub struct ReplayProgress {
    /// Where this run of it began.
    pub from: u64,
    pub position: u64,
    pub target: u64,
    pub elapsed: Duration,
}

impl ReplayProgress {
    pub fn events_per_second(&self) -> f64 {
        (self.position - self.from) as f64 / self.elapsed.as_secs_f64().max(0.001)
    }

    /// How long the rest takes at this pace; none before there is one.
    pub fn remaining(&self) -> Option<Duration> {
        let pace = self.events_per_second();
        let left = self.target.saturating_sub(self.position) as f64;
        (pace > 0.0).then(|| Duration::from_secs_f64((left / pace).min(1e9)))
    }
}

/// Who is told of the progress.
pub(crate) type Tell<'a> = dyn FnMut(ReplayProgress) + Send + 'a;

/// Folds into builds all that they have not seen up to exactly `target`; reading goes on while a batch is written.
pub(crate) async fn replay(
    db: &Database,
    broker: &Broker,
    builds: &mut [Progress],
    target: u64,
    pace: Pace,
    tell: &mut Tell<'_>,
) -> Result<(), EngineError> {
    let Some(from) = builds.iter().map(|build| build.position).min().filter(|&from| from < target) else {
        return Ok(());
    };
    let kinds: Vec<AggregateKind> = builds.iter().flat_map(|build| build.model.kinds).copied().collect();
    let reader = EventReader::open_in_bulk(broker, from).await?.only(kinds);
    let (sender, mut stretches) = mpsc::channel(AHEAD);
    // It ends with the receiver.
    let reading = tokio::spawn(read(reader, target, pace.batch, sender));
    let started = Instant::now();
    while let Some(stretch) = stretches.recv().await {
        let stretch = stretch?;
        let begun = Instant::now();
        write(db, builds, &stretch).await?;
        if pace.gives_way {
            sleep(begun.elapsed()).await;
        }
        tell(ReplayProgress { from, position: stretch.end, target, elapsed: started.elapsed() });
    }
    Ok(reading.await?)
}

async fn read(mut reader: EventReader, target: u64, batch: usize, sender: mpsc::Sender<Result<Stretch, ReadError>>) {
    while reader.position() < target {
        let max = usize::try_from(target - reader.position()).unwrap_or(batch).min(batch);
        let stretch = reader.next_batch(max, SILENCE).await.and_then(|entries| Stretch::of(entries).ok_or_else(silent));
        let failed = stretch.is_err();
        if sender.send(stretch).await.is_err() || failed {
            return;
        }
    }
}

fn silent() -> ReadError {
    ReadError::Unavailable("no event arrives although the log goes on".to_owned())
}
