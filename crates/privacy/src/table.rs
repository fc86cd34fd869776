//! The keys as they are kept: wrapped, or a stone where one was destroyed.

use db::{Change, Column, Content, Database, Document, Order, RowKey, Select, Table, Value};
use events::{AggregateKey, AggregateKind, Shop, Timestamp, subject};
use serde::{Deserialize, Serialize};

use crate::VaultError;
use crate::cipher::{CipherError, DataKey, KEY};
use crate::kek::{Kek, Keks, Wrapped};
use crate::reports::REPORTS;

const DATA_KEYS: Table = Table { name: "data_keys", version: 1, columns: &[], indexes: &[] };
/// Shops whose keys were destroyed together. They may come back with new ones.
const SHOPS: Table = Table { name: "emptied_shops", version: 1, columns: &[], indexes: &[] };
/// How far the log is carried out here; a row for each part, of no shop.
const LEDGER: Table = Table { name: "ledger", version: 1, columns: &[], indexes: &[] };
const ANY: &str = "ledger";
/// Keys that are destroyed in one transaction.
const TOGETHER: u32 = 5_000;
/// Who went up in whom.
const HEIRS: Table = Table { name: "heirs", version: 1, columns: &[Column::text("heir")], indexes: &[&["heir"]] };

/// What the log asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ledger {
    /// To destroy keys of people.
    Keys,
    /// To forget bodies in which they are named: only who may read them can.
    Bodies,
}

impl Ledger {
    const fn id(self) -> &'static str {
        match self {
            Self::Keys => ANY,
            Self::Bodies => "bodies",
        }
    }
}

/// What has become of somebody's key.
#[derive(Clone)]
pub(crate) enum Standing {
    Living(Box<DataKey>),
    /// Nobody gets another one: what is still told of them is recorded without their words.
    Destroyed,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Row {
    Wrapped(Wrapped),
    Destroyed { at: Timestamp },
}

/// The table, and what opens it.
pub(crate) struct KeyTable {
    pub(crate) db: Database,
    pub(crate) keks: Keks,
}

impl KeyTable {
    pub(crate) async fn open(db: Database, keks: Keks) -> Result<Self, VaultError> {
        db.ensure(&DATA_KEYS).await?;
        db.ensure(&HEIRS).await?;
        db.ensure(&SHOPS).await?;
        db.ensure(&LEDGER).await?;
        db.ensure(&REPORTS).await?;
        Ok(Self { db, keks })
    }

    pub(crate) async fn find(&self, subject: &AggregateKey) -> Result<Option<Standing>, VaultError> {
        let found = self.db.get(&DATA_KEYS, &subject.shop, &row_id(subject)).await?;
        found.map(|document| self.read(subject, &document)).transpose()
    }

    /// Gives each a key unless it has one, or had one. Whoever asks for the same gets the same, from any process.
    pub(crate) async fn obtain(&self, subjects: &[AggregateKey]) -> Result<Vec<Standing>, VaultError> {
        let keys: Vec<RowKey> = subjects.iter().map(row_key).collect();
        let mut batch = self.db.begin().await?;
        let mut wanted = Vec::with_capacity(subjects.len());
        for subject in subjects {
            wanted.push(change(subject, &self.wrapped(subject, &DataKey::generate()?)?)?);
        }
        batch.add(&DATA_KEYS, wanted).await?;
        let found = batch.load(&DATA_KEYS, &keys).await?;
        batch.commit().await?;
        let standing = |subject: &AggregateKey| {
            let key = row_key(subject);
            let document = found.iter().find(|document| document.key == key);
            document.map(|document| self.read(subject, document)).transpose()
        };
        let standings =
            subjects.iter().map(|subject| standing(subject)?.ok_or_else(|| VaultError::NoKey(subject.to_string())));
        standings.collect()
    }

    /// Puts a stone in the place of each key, also where there was none yet; gives how many keys there were.
    pub(crate) async fn destroy(&self, subjects: &[AggregateKey], at: Timestamp) -> Result<usize, VaultError> {
        let keys: Vec<RowKey> = subjects.iter().map(row_key).collect();
        let mut batch = self.db.begin().await?;
        let held = batch.load(&DATA_KEYS, &keys).await?;
        let done = |subject: &AggregateKey| {
            let key = row_key(subject);
            held.iter().any(|document| document.key == key && is_stone(document))
        };
        let stones =
            subjects.iter().filter(|subject| !done(subject)).map(|subject| change(subject, &Row::Destroyed { at }));
        let stones = stones.collect::<Result<Vec<_>, _>>()?;
        let living = held.iter().filter(|document| !is_stone(document)).count();
        batch.save(&DATA_KEYS, stones).await?;
        batch.commit().await?;
        // Nothing of a key is left behind in what the database has not written over yet.
        self.db.checkpoint().await?;
        Ok(living)
    }

    /// Removes all keys of a shop that there are; stones stay. First it is noted, for from then on a key that is not
    /// there is no loss.
    pub(crate) async fn empty(&self, shop: &Shop, at: Timestamp) -> Result<usize, VaultError> {
        let key = RowKey { shop: shop.clone(), id: "shop".to_owned() };
        let content = Content { data: serde_json::to_string(&Row::Destroyed { at })?, columns: Vec::new() };
        let mut batch = self.db.begin().await?;
        batch.save(&SHOPS, vec![Change { key, content: Some(content), position: 0 }]).await?;
        batch.commit().await?;
        let (mut after, mut destroyed) = (None, 0);
        loop {
            let select = Select { shop, filters: Vec::new(), order: Order::Id, after, limit: TOGETHER };
            let page = self.db.select(&DATA_KEYS, select).await?;
            let living = page.documents.into_iter().filter(|document| !is_stone(document));
            let gone: Vec<Change> = living.map(|held| Change { key: held.key, content: None, position: 0 }).collect();
            destroyed += gone.len();
            let mut batch = self.db.begin().await?;
            batch.save(&DATA_KEYS, gone).await?;
            batch.commit().await?;
            after = page.next;
            if after.is_none() {
                self.db.checkpoint().await?;
                return Ok(destroyed);
            }
        }
    }

    /// When the shop's keys were last destroyed together.
    pub(crate) async fn emptied_at(&self, shop: &Shop) -> Result<Option<Timestamp>, VaultError> {
        let Some(document) = self.db.get(&SHOPS, shop, "shop").await? else { return Ok(None) };
        match serde_json::from_str(&document.data)? {
            Row::Destroyed { at } => Ok(Some(at)),
            Row::Wrapped(_) => Ok(None),
        }
    }

    /// Wraps a shop's keys by the first key-encryption key, those that another one wraps; gives how many.
    pub(crate) async fn rotate(&self, shop: &Shop, told: &mut (dyn FnMut(usize) + Send)) -> Result<usize, VaultError> {
        let (mut after, mut wrapped) = (None, 0);
        loop {
            let select = Select { shop, filters: Vec::new(), order: Order::Id, after, limit: TOGETHER };
            let page = self.db.select(&DATA_KEYS, select).await?;
            wrapped += self.wrap_anew(page.documents).await?;
            told(wrapped);
            after = page.next;
            if after.is_none() {
                self.db.checkpoint().await?;
                return Ok(wrapped);
            }
        }
    }

    async fn wrap_anew(&self, page: Vec<Document>) -> Result<usize, VaultError> {
        let first = self.keks.first()?;
        let keys: Vec<RowKey> = page.into_iter().filter(|held| is_outdated(held, first)).map(|held| held.key).collect();
        let mut batch = self.db.begin().await?;
        let mut changes = Vec::with_capacity(keys.len());
        // As they are now: one may have been destroyed since, and must not come back.
        for document in batch.load_to_change(&DATA_KEYS, &keys).await?.iter().filter(|held| is_outdated(held, first)) {
            let subject = subject_of(&document.key.shop, &document.key.id).ok_or(VaultError::Name)?;
            if let Standing::Living(key) = self.read(&subject, document)? {
                changes.push(change(&subject, &self.wrapped(&subject, &key)?)?);
            }
        }
        let wrapped = changes.len();
        batch.save(&DATA_KEYS, changes).await?;
        batch.commit().await?;
        Ok(wrapped)
    }

    pub(crate) async fn ledger(&self, part: Ledger) -> Result<u64, VaultError> {
        let found = self.db.get(&LEDGER, &any()?, part.id()).await?;
        Ok(found.map_or(0, |document| document.position))
    }

    pub(crate) async fn keep_ledger(&self, part: Ledger, position: u64) -> Result<(), VaultError> {
        let key = RowKey { shop: any()?, id: part.id().to_owned() };
        let content = Content { data: "{}".to_owned(), columns: Vec::new() };
        let mut batch = self.db.begin().await?;
        batch.save(&LEDGER, vec![Change { key, content: Some(content), position }]).await?;
        Ok(batch.commit().await?)
    }

    /// Notes that `subject` went up in `heir`.
    pub(crate) async fn absorb(&self, subject: &AggregateKey, heir: &AggregateKey) -> Result<(), VaultError> {
        let content = Content { data: "{}".to_owned(), columns: vec![Value::Text(row_id(heir))] };
        let mut batch = self.db.begin().await?;
        let change = Change { key: row_key(subject), content: Some(content), position: 0 };
        batch.save(&HEIRS, vec![change]).await?;
        Ok(batch.commit().await?)
    }

    /// Those who went up in `heir`, and who went up in them.
    pub(crate) async fn absorbed_by(&self, heir: &AggregateKey) -> Result<Vec<AggregateKey>, VaultError> {
        let mut found: Vec<AggregateKey> = Vec::new();
        let mut next = vec![heir.clone()];
        while let Some(heir) = next.pop() {
            let select = Select::all_with(&heir.shop, "heir", Value::Text(row_id(&heir)));
            for document in self.db.select(&HEIRS, select).await?.documents {
                let subject = subject_of(&heir.shop, &document.key.id).ok_or(VaultError::Name)?;
                // Two may have gone up in each other, as Shopify tells it.
                if !found.contains(&subject) {
                    next.push(subject.clone());
                    found.push(subject);
                }
            }
        }
        Ok(found)
    }

    fn wrapped(&self, subject: &AggregateKey, key: &DataKey) -> Result<Row, VaultError> {
        Ok(Row::Wrapped(self.keks.wrap(key.raw(), &subject.to_string())?))
    }

    fn read(&self, subject: &AggregateKey, document: &Document) -> Result<Standing, VaultError> {
        match serde_json::from_str(&document.data)? {
            Row::Destroyed { .. } => Ok(Standing::Destroyed),
            Row::Wrapped(held) => {
                let raw = self.keks.unwrap(&held, &subject.to_string())?;
                let raw: [u8; KEY] = raw.try_into().map_err(|_| CipherError::Foreign)?;
                Ok(Standing::Living(Box::new(DataKey::from(raw))))
            }
        }
    }
}

fn any() -> Result<Shop, VaultError> {
    ANY.parse().map_err(|_| VaultError::Name)
}

fn is_outdated(document: &Document, first: &Kek) -> bool {
    matches!(serde_json::from_str(&document.data), Ok(Row::Wrapped(held)) if !held.is_by(first))
}

fn is_stone(document: &Document) -> bool {
    matches!(serde_json::from_str(&document.data), Ok(Row::Destroyed { .. }))
}

fn change(subject: &AggregateKey, row: &Row) -> Result<Change, VaultError> {
    let content = Content { data: serde_json::to_string(row)?, columns: Vec::new() };
    Ok(Change { key: row_key(subject), content: Some(content), position: 0 })
}

fn row_key(subject: &AggregateKey) -> RowKey {
    RowKey { shop: subject.shop.clone(), id: row_id(subject) }
}

fn row_id(subject: &AggregateKey) -> String {
    format!("{}/{}", subject.kind, subject::encode(&subject.id))
}

/// Reads a row's id back.
fn subject_of(shop: &Shop, id: &str) -> Option<AggregateKey> {
    let (kind, id) = id.split_once('/')?;
    let kind: AggregateKind = kind.parse().ok()?;
    Some(AggregateKey { kind, shop: shop.clone(), id: subject::decode(id)? })
}
