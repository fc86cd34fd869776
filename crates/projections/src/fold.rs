use std::collections::HashMap;
use std::sync::Arc;

use db::{Advance, Batch, Change, Content, Database, Document, RowKey};
use events::{Event, Recorded};
use tokio::task::spawn_blocking;

use crate::projection::Touched;
use crate::{EngineError, Projection, ReadModel};

/// A stored row that this code cannot read, or a row that cannot be stored.
#[derive(Debug, thiserror::Error)]
#[error("row {id} of {table} does not fit this binary at byte {at}: raise the projection's version")]
pub struct RowError {
    pub table: &'static str,
    pub id: String,
    /// Where in the row; what stands there may be personal, so the cause itself is not kept.
    pub at: usize,
}

/// A read model and how far it has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    pub(crate) model: ReadModel,
    pub(crate) position: u64,
}

/// A stretch of the log.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    /// In order; those that no projection can know are left out.
    pub(crate) events: Arc<Vec<Recorded<Event>>>,
    /// The position of its end.
    pub(crate) end: u64,
}

/// Folds a stretch into every model that has not seen it, rows and positions in one transaction.
pub(crate) async fn write(db: &Database, models: &mut [Progress], stretch: &Stretch) -> Result<(), EngineError> {
    stage(db, models, stretch).await?.commit().await?;
    for progress in models {
        progress.position = progress.position.max(stretch.end);
    }
    Ok(())
}

/// All of [`write`] but the commit.
pub(crate) async fn stage(db: &Database, models: &[Progress], stretch: &Stretch) -> Result<Batch, EngineError> {
    let mut batch = db.begin().await?;
    let mut folding = Vec::with_capacity(models.len());
    for &Progress { model, position } in models.iter().filter(|progress| progress.position < stretch.end) {
        let touched = model.touched(&stretch.events, position);
        let keys: Vec<RowKey> = touched.keys().cloned().collect();
        let held = batch.load(&model.table, &keys).await?;
        let events = Arc::clone(&stretch.events);
        // Beside the loading of the next model, and off the threads that serve requests.
        folding.push((model, position, spawn_blocking(move || model.fold(&events, touched, held))));
    }
    for (model, from, changes) in folding {
        batch.save(&model.table, changes.await??).await?;
        batch.advance(Advance { name: model.name, version: model.version, from, to: stretch.end }).await?;
    }
    Ok(batch)
}

/// Folds events into the rows they reach, each row once however many events reach it.
pub(crate) fn fold<P: Projection>(
    events: &[Recorded<Event>],
    touched: Touched,
    held: Vec<Document>,
) -> Result<Vec<Change>, RowError> {
    let mut held: HashMap<RowKey, String> = held.into_iter().map(|row| (row.key, row.data)).collect();
    let mut changes = Vec::with_capacity(touched.len());
    for (key, indices) in touched {
        let stored = held.remove(&key);
        let was_stored = stored.is_some();
        let mut row = stored.map(|data| parse::<P>(&key.id, &data)).transpose()?;
        for &index in &indices {
            row = P::project(&key.id, row, &events[index]);
        }
        let content = row.map(|row| content::<P>(&key.id, &row)).transpose()?;
        if was_stored || content.is_some() {
            let position = indices.last().map_or(0, |&index| events[index].position);
            changes.push(Change { key, content, position });
        }
    }
    Ok(changes)
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
