//! The keys of bodies as they are kept: one per stream, shop and day.

use std::sync::Arc;

use db::{Change, Column, Content, Database, Document, Filter, Order, RowKey, Select, Table};
use events::{Shop, Timestamp, subject};
use serde::{Deserialize, Serialize};
use streams::Stream;

use crate::VaultError;
use crate::cipher::CipherError;
use crate::kek::{Kek, Keks, Wrapped};
use crate::puncture::Puncturable;

const BODY_KEYS: Table = Table {
    name: "body_keys",
    version: 1,
    columns: &[Column::text(HOLDER), Column::integer(LAST_DAY)],
    indexes: &[&[HOLDER], &[LAST_DAY]],
};
/// Whose bodies they are.
const HOLDER: &str = "holder";
/// Until when the stream may hold what they seal.
const LAST_DAY: &str = "last_day";
/// Bodies may come in for no shop of ours, so all rows are under one name.
const EVERY_SHOP: &str = "every-shop";
/// Keys that are wrapped anew in one transaction.
const TOGETHER: usize = 500;
/// For so long a stone says that a key was there.
const STONES: i64 = 60;

/// Which bodies a key is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DayOf {
    pub(crate) stream: Stream,
    pub(crate) shop: Option<Shop>,
    /// Since 1970, UTC.
    pub(crate) day: i64,
}

#[derive(Clone)]
pub(crate) enum DayKey {
    Living(Arc<Puncturable>),
    Destroyed,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Row {
    Wrapped(Wrapped),
    Destroyed {},
}

impl DayOf {
    pub(crate) fn of(stream: Stream, shop: Option<Shop>, at: Timestamp) -> Self {
        Self { stream, shop, day: day(at) }
    }

    pub(crate) fn holder(&self) -> String {
        subject::encode(self.shop.as_ref().map_or("", Shop::as_str))
    }

    /// The last day on which the stream holds what was sealed on this one, and one more for what is under way.
    pub(crate) fn last_day(&self) -> i64 {
        self.day + if self.stream == Stream::Quarantine { 91 } else { 15 }
    }

    fn id(&self) -> String {
        format!("{}/{}/{}", self.stream, self.holder(), self.day)
    }

    fn of_row(id: &str) -> Option<Self> {
        let mut parts = id.split('/');
        let (stream, holder, day) = (parts.next()?, parts.next()?, parts.next()?);
        let shop = subject::decode(holder)?;
        let shop = if shop.is_empty() { None } else { Some(shop.parse().ok()?) };
        Some(Self { stream: Stream::from_name(stream)?, shop, day: day.parse().ok()? })
    }
}

pub(crate) fn day(at: Timestamp) -> i64 {
    at.as_second().div_euclid(24 * 60 * 60)
}

pub(crate) struct BodyTable {
    db: Database,
    keks: Keks,
    /// Of all rows.
    every: Shop,
}

impl BodyTable {
    pub(crate) async fn open(db: Database, keks: Keks) -> Result<Self, VaultError> {
        db.ensure(&BODY_KEYS).await?;
        Ok(Self { db, keks, every: EVERY_SHOP.parse().map_err(|_| VaultError::Name)? })
    }

    pub(crate) async fn find(&self, of: &DayOf) -> Result<Option<DayKey>, VaultError> {
        let found = self.db.get(&BODY_KEYS, &self.every, &of.id()).await?;
        found.map(|document| self.read(of, &document)).transpose()
    }

    /// Whoever asks for the same gets the same, from any process.
    pub(crate) async fn obtain(&self, of: &DayOf) -> Result<DayKey, VaultError> {
        let mut batch = self.db.begin().await?;
        batch.add(&BODY_KEYS, vec![self.change(of, &self.wrapped(of, &Puncturable::generate()?)?)?]).await?;
        let found = batch.load(&BODY_KEYS, &[self.row_key(of)]).await?;
        batch.commit().await?;
        let document = found.first().ok_or_else(|| VaultError::NoKey(of.id()))?;
        self.read(of, document)
    }

    /// Of these messages of one day.
    pub(crate) async fn forget(&self, of: &DayOf, numbers: &[u64]) -> Result<usize, VaultError> {
        let mut batch = self.db.begin().await?;
        let held = batch.load_to_change(&BODY_KEYS, &[self.row_key(of)]).await?;
        let mut forgotten = 0;
        if let Some(document) = held.first()
            && let DayKey::Living(key) = self.read(of, document)?
        {
            let mut key = Puncturable::clone(&key);
            forgotten = numbers.iter().filter(|number| key.forget(**number)).count();
            let row = self.wrapped(of, &key)?;
            batch.save(&BODY_KEYS, vec![self.change(of, &row)?]).await?;
        }
        batch.commit().await?;
        // Nothing of the old one is left behind in what the database has not written over yet.
        self.db.checkpoint().await?;
        Ok(forgotten)
    }

    /// Destroys the keys of a shop that are of days before this one.
    pub(crate) async fn empty(&self, shop: &Shop, before: i64) -> Result<usize, VaultError> {
        let holder = subject::encode(shop.as_str());
        self.destroy(Filter::Equals(HOLDER, holder.into()), |of| of.day < before).await
    }

    /// Destroys the keys of what the streams no longer hold; gives how many.
    pub(crate) async fn expire(&self, today: i64) -> Result<usize, VaultError> {
        let destroyed = self.destroy(Filter::Below(LAST_DAY, today), |_| true).await?;
        let stones = self.rows(Some(Filter::Below(LAST_DAY, today - STONES))).await?;
        let gone = stones.into_iter().map(|held| Change { key: held.key, content: None, position: 0 });
        let mut batch = self.db.begin().await?;
        batch.save(&BODY_KEYS, gone.collect()).await?;
        batch.commit().await?;
        Ok(destroyed)
    }

    async fn destroy(&self, filter: Filter, chosen: impl Fn(&DayOf) -> bool) -> Result<usize, VaultError> {
        let living = self.rows(Some(filter)).await?.into_iter().filter(|held| !is_stone(held));
        let days = living.filter_map(|held| DayOf::of_row(&held.key.id)).filter(chosen);
        let stones = days.map(|of| self.change(&of, &Row::Destroyed {})).collect::<Result<Vec<_>, _>>()?;
        let destroyed = stones.len();
        if destroyed > 0 {
            let mut batch = self.db.begin().await?;
            batch.save(&BODY_KEYS, stones).await?;
            batch.commit().await?;
            self.db.checkpoint().await?;
        }
        Ok(destroyed)
    }

    /// Wraps by the first key-encryption key what another one wraps; gives how many.
    pub(crate) async fn rotate(&self) -> Result<usize, VaultError> {
        let first = self.keks.first()?;
        let rows = self.rows(None).await?.into_iter().filter(|held| is_outdated(held, first));
        let keys: Vec<RowKey> = rows.map(|held| held.key).collect();
        let mut wrapped = 0;
        for keys in keys.chunks(TOGETHER) {
            let mut batch = self.db.begin().await?;
            let mut changes = Vec::with_capacity(keys.len());
            // As they are now: messages may have been forgotten since, and must not come back.
            for document in batch.load_to_change(&BODY_KEYS, keys).await?.iter().filter(|held| is_outdated(held, first))
            {
                let of = DayOf::of_row(&document.key.id).ok_or(VaultError::Name)?;
                if let DayKey::Living(key) = self.read(&of, document)? {
                    changes.push(self.change(&of, &self.wrapped(&of, &key)?)?);
                }
            }
            wrapped += changes.len();
            batch.save(&BODY_KEYS, changes).await?;
            batch.commit().await?;
        }
        self.db.checkpoint().await?;
        Ok(wrapped)
    }

    async fn rows(&self, filter: Option<Filter>) -> Result<Vec<Document>, VaultError> {
        let filters = filter.into_iter().collect();
        let select = Select { shop: &self.every, filters, order: Order::Id, after: None, limit: u32::MAX };
        Ok(self.db.select(&BODY_KEYS, select).await?.documents)
    }

    fn wrapped(&self, of: &DayOf, key: &Puncturable) -> Result<Row, VaultError> {
        Ok(Row::Wrapped(self.keks.wrap(&key.to_bytes(), &of.id())?))
    }

    fn read(&self, of: &DayOf, document: &Document) -> Result<DayKey, VaultError> {
        let Row::Wrapped(held) = serde_json::from_str(&document.data)? else { return Ok(DayKey::Destroyed) };
        let key = Puncturable::from_bytes(&self.keks.unwrap(&held, &of.id())?).ok_or(CipherError::Foreign)?;
        Ok(DayKey::Living(Arc::new(key)))
    }

    fn change(&self, of: &DayOf, row: &Row) -> Result<Change, VaultError> {
        let columns = vec![of.holder().into(), of.last_day().into()];
        let content = Content { data: serde_json::to_string(row)?, columns };
        Ok(Change { key: self.row_key(of), content: Some(content), position: 0 })
    }

    fn row_key(&self, of: &DayOf) -> RowKey {
        RowKey { shop: self.every.clone(), id: of.id() }
    }
}

fn is_outdated(document: &Document, first: &Kek) -> bool {
    matches!(serde_json::from_str(&document.data), Ok(Row::Wrapped(held)) if !held.is_by(first))
}

fn is_stone(document: &Document) -> bool {
    matches!(serde_json::from_str(&document.data), Ok(Row::Destroyed {}))
}
