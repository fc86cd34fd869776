use std::collections::HashMap;
use std::sync::Arc;

use db::{Advance, Batch, Build, Change, Content, Database, Digest, Document, RowKey, Table};
use events::{Event, Recorded};
use streams::Entry;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::projection::Touched;
use crate::{EngineError, Projection, ReadModel};

/// A stretch that is soon folded.
pub(crate) const FEW: usize = 64;

/// A stored row that this code cannot read, or a row that cannot be stored.
#[derive(Debug, thiserror::Error)]
#[error("row {id} of {table} does not fit this binary at byte {at}: raise the projection's version")]
pub struct RowError {
    pub table: &'static str,
    pub id: String,
    /// Where in the row; what stands there may be personal, so the cause itself is not kept.
    pub at: usize,
}

/// A build of a read model and how far it has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    pub(crate) model: ReadModel,
    /// The build's.
    pub(crate) number: u32,
    pub(crate) position: u64,
    pub(crate) digest: Digest,
}

impl Progress {
    pub(crate) fn new(model: ReadModel, build: &Build) -> Self {
        Self { model, number: build.number, position: build.position, digest: build.digest }
    }

    fn step(&self) -> Advance<'static> {
        Advance { name: self.model.name, version: self.number, from: self.position }
    }

    /// Where its rows are.
    pub(crate) fn table(&self) -> Table {
        self.model.table.build(self.number)
    }
}

/// A stretch of the log.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    /// In order; those that no projection can know are left out.
    pub(crate) events: Arc<Vec<Recorded<Event>>>,
    /// The position of its end.
    pub(crate) end: u64,
}

impl Stretch {
    /// None of nothing.
    pub(crate) fn of(entries: Vec<Entry>) -> Option<Self> {
        let end = entries.last()?.position;
        Some(Self { events: Arc::new(entries.into_iter().filter_map(|entry| entry.event).collect()), end })
    }
}

/// Folds a stretch into every build that has not seen it, rows and positions in one transaction.
pub(crate) async fn write(db: &Database, builds: &mut [Progress], stretch: &Stretch) -> Result<(), EngineError> {
    let (batch, moved) = stage(db, builds, stretch).await?;
    batch.commit().await?;
    for moved in moved {
        let same = |build: &&mut Progress| build.model.name == moved.model.name && build.number == moved.number;
        builds.iter_mut().filter(same).for_each(|build| *build = moved);
    }
    Ok(())
}

/// All of [`write`] but the commit; gives what will have moved.
pub(crate) async fn stage(
    db: &Database,
    builds: &[Progress],
    stretch: &Stretch,
) -> Result<(Batch, Vec<Progress>), EngineError> {
    let mut batch = db.begin().await?;
    let mut moved: Vec<Progress> = builds.iter().filter(|build| build.position < stretch.end).copied().collect();
    let steps: Vec<Advance<'_>> = moved.iter().map(Progress::step).collect();
    batch.advance(&steps, stretch.end).await?;
    let mut folding = Vec::new();
    for build in &mut moved {
        let (model, touched) = (build.model, build.model.touched(&stretch.events, build.position));
        build.position = stretch.end;
        // Most batches reach few of the builds.
        if touched.is_empty() {
            continue;
        }
        let keys: Vec<RowKey> = touched.keys().cloned().collect();
        let held = batch.load(&build.table(), &keys).await?;
        let events = Arc::clone(&stretch.events);
        let fold = move || model.fold(&events, touched, held);
        let folded =
            if stretch.events.len() <= FEW { Folding::Done(fold()) } else { Folding::Begun(spawn_blocking(fold)) };
        folding.push((build, folded));
    }
    let mut digests = Vec::with_capacity(folding.len());
    for (build, folding) in folding {
        let Folded { born, changes, digest } = folding.end().await?;
        batch.create_rows(&build.table(), born).await?;
        batch.save(&build.table(), changes).await?;
        build.digest.apply(digest);
        digests.push((build.model.name, build.number, build.digest));
    }
    batch.keep_digests(&digests).await?;
    Ok((batch, moved))
}

/// A fold of many events goes on beside the loading of the next build's rows, off the threads that serve requests; to
/// hand over one of few takes longer than to do it.
enum Folding {
    Done(Result<Folded, RowError>),
    Begun(JoinHandle<Result<Folded, RowError>>),
}

impl Folding {
    async fn end(self) -> Result<Folded, EngineError> {
        Ok(match self {
            Self::Done(folded) => folded,
            Self::Begun(folding) => folding.await?,
        }?)
    }
}

/// What a fold amounts to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Folded {
    /// Rows that were not stored.
    pub(crate) born: Vec<Change>,
    /// Rows that were.
    pub(crate) changes: Vec<Change>,
    /// What the changes add to the table's checksum.
    pub(crate) digest: Digest,
}

/// Folds events into the rows they reach, each row once however many events reach it.
pub(crate) fn fold<P: Projection>(
    events: &[Recorded<Event>],
    touched: Touched,
    held: Vec<Document>,
) -> Result<Folded, RowError> {
    let mut held: HashMap<RowKey, Document> = held.into_iter().map(|row| (row.key.clone(), row)).collect();
    let mut folded = Folded::default();
    for (key, indices) in touched {
        let stored = held.remove(&key);
        let mut row = stored.as_ref().map(|stored| parse::<P>(&key.id, &stored.data)).transpose()?;
        for &index in &indices {
            row = P::project(&key.id, row, &events[index]);
        }
        let content = row.map(|row| content::<P>(&key.id, &row)).transpose()?;
        let position = indices.last().map_or(0, |&index| events[index].position);
        if let Some(stored) = &stored {
            folded.digest.remove(&key, &stored.data, stored.position);
        }
        if let Some(content) = &content {
            folded.digest.add(&key, &content.data, position);
        }
        let change = Change { key, content, position };
        match stored {
            Some(_) => folded.changes.push(change),
            None if change.content.is_some() => folded.born.push(change),
            None => {}
        }
    }
    Ok(folded)
}

/// Reads a stored row.
pub(crate) fn parse<P: Projection>(id: &str, data: &str) -> Result<P::Row, RowError> {
    serde_json::from_str(data).map_err(|error| row_error::<P>(id, &error))
}

fn content<P: Projection>(id: &str, row: &P::Row) -> Result<Content, RowError> {
    let data = serde_json::to_string(row).map_err(|error| row_error::<P>(id, &error))?;
    Ok(Content { data, columns: P::columns(row) })
}

fn row_error<P: Projection>(id: &str, error: &serde_json::Error) -> RowError {
    RowError { table: P::NAME, id: id.to_owned(), at: error.column() }
}
