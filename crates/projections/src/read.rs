use std::fmt::Display;

use db::{Cursor, Database, Document, Page, RowKey, Select};
use events::Shop;
use schemars::JsonSchema;
use serde::Serialize;

use crate::fold::parse;
use crate::{Projection, RowError};

/// A row as it is shown, and the position of the event that last reached it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Found<V> {
    #[serde(flatten)]
    pub view: V,
    pub position: u64,
}

impl<V> Found<V> {
    /// What is shown of a row, if it is shown.
    pub(crate) fn show<W>(self, view: impl FnOnce(V) -> Option<W>) -> Option<Found<W>> {
        let position = self.position;
        view(self.view).map(|view| Found { view, position })
    }
}

/// What a read model says of one thing, and how far it has come; both of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen<V> {
    pub position: u64,
    pub found: Option<Found<V>>,
}

impl<V> Seen<V> {
    /// What is shown of a row, if it is shown.
    pub(crate) fn show<W>(self, view: impl FnOnce(V) -> Option<W>) -> Seen<W> {
        Seen { position: self.position, found: self.found.and_then(|found| found.show(view)) }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Listed<V> {
    pub data: Vec<Found<V>>,
    /// None on the last page; a [`Cursor`] in text.
    pub next_cursor: Option<String>,
}

/// Which part of a list.
#[derive(Debug, Clone)]
pub struct PageRequest {
    pub limit: u32,
    /// The last page's end; none for the first page.
    pub after: Option<Cursor>,
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error(transparent)]
    Row(#[from] RowError),
}

/// How far all of these projections have come, by name.
///
/// Ask before reading: what is then read is at least as new.
pub async fn position(db: &Database, names: &[&str]) -> Result<u64, db::Error> {
    let mut least = u64::MAX;
    for name in names {
        least = least.min(db.live_position(name).await?);
    }
    Ok(if least == u64::MAX { 0 } else { least })
}

pub(crate) async fn one<P: Projection>(
    db: &Database,
    shop: &Shop,
    id: impl Display,
) -> Result<Option<Found<P::Row>>, ReadError> {
    let document = db.get(&P::TABLE, shop, &id.to_string()).await?;
    Ok(document.as_ref().map(row::<P>).transpose()?)
}

pub(crate) async fn see<P: Projection>(
    db: &Database,
    shop: &Shop,
    id: impl Display,
) -> Result<Seen<P::Row>, ReadError> {
    let (position, document) = db.see(&P::TABLE, shop, &id.to_string()).await?;
    Ok(Seen { position, found: document.as_ref().map(row::<P>).transpose()? })
}

/// Those there are, by shop and id.
pub(crate) async fn each<P: Projection>(
    db: &Database,
    keys: &[RowKey],
) -> Result<Vec<(RowKey, Found<P::Row>)>, ReadError> {
    let documents = db.get_all(&P::TABLE, keys).await?;
    let found = documents.into_iter().map(|document| row::<P>(&document).map(|row| (document.key, row)));
    Ok(found.collect::<Result<_, _>>()?)
}

pub(crate) async fn every<P: Projection>(db: &Database, select: Select<'_>) -> Result<Vec<Found<P::Row>>, ReadError> {
    let page = db.select(&P::TABLE, select).await?;
    Ok(page.documents.iter().map(row::<P>).collect::<Result<_, _>>()?)
}

/// A page of rows; those that `view` does not show are left out.
pub(crate) async fn page<P: Projection, V>(
    db: &Database,
    select: Select<'_>,
    view: impl Fn(P::Row) -> Option<V>,
) -> Result<Listed<V>, ReadError> {
    let Page { documents, next } = db.select(&P::TABLE, select).await?;
    let mut data = Vec::with_capacity(documents.len());
    for document in &documents {
        data.extend(row::<P>(document)?.show(&view));
    }
    Ok(Listed { data, next_cursor: next.map(|cursor| cursor.to_string()) })
}

pub(crate) fn row<P: Projection>(document: &Document) -> Result<Found<P::Row>, RowError> {
    Ok(Found { view: parse::<P>(&document.key.id, &document.data)?, position: document.position })
}
