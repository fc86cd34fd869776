use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use db::Database;
use events::{AggregateKey, Piece, Sealed, Shop, Timestamp, Token};
use futures::FutureExt;
use futures::future::BoxFuture;
use streams::{SealError, Sealer};

use crate::body::Bodies;
use crate::cache::Cache;
use crate::cipher::CipherError;
use crate::kek::{Kek, Keks};
use crate::maker::Maker;
use crate::table::{KeyTable, Ledger, Standing};

/// Seals, opens and forgets. Cheap to clone; clones share their keys.
#[derive(Clone)]
pub struct Vault {
    pub(crate) table: Arc<KeyTable>,
    maker: Maker,
    cache: Arc<Mutex<Cache>>,
    pub(crate) bodies: Arc<Bodies>,
}

/// Why something could not be sealed or opened. What was destroyed is no error: it reads as nothing.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error(transparent)]
    Cipher(#[from] CipherError),
    #[error("a stored key cannot be read")]
    Row(#[from] serde_json::Error),
    #[error("there is no key of {0}, and none was destroyed: is this the right key database?")]
    NoKey(String),
    #[error("the key of {subject} is wrapped by the key-encryption key {kek}, which is not configured")]
    OtherKek { subject: String, kek: String },
    #[error("a name in the key database cannot be read")]
    Name,
    #[error("no key-encryption key is configured")]
    NoKek,
    #[error("the process is ending")]
    Closed,
    #[error(transparent)]
    Shared(#[from] Arc<VaultError>),
}

impl Vault {
    /// The first of `keks` wraps new keys, any of them opens. The database must wait for the disk.
    pub async fn open(database: Database, keks: Vec<Kek>) -> Result<Self, VaultError> {
        let keks = Keks::new(keks);
        let bodies = Arc::new(Bodies::open(database.clone(), keks.clone()).await?);
        let table = Arc::new(KeyTable::open(database, keks).await?);
        let maker = Maker::start(Arc::clone(&table));
        Ok(Self { table, maker, cache: Arc::default(), bodies })
    }

    /// Seals what is open, each under its own subject's key, which is made if there is none. What is said of somebody
    /// who is forgotten is dropped, and counted.
    pub async fn seal(&self, pieces: Vec<Piece<'_>>) -> Result<(), VaultError> {
        let mut known: Option<(AggregateKey, Standing)> = None;
        for Piece { subject, field, value } in pieces {
            let Some(Sealed::Open(text)) = value.as_ref() else { continue };
            // Pieces of one subject stand together.
            if known.as_ref().is_none_or(|(held, _)| *held != subject) {
                let standing = self.obtain(&subject).await?;
                if matches!(standing, Standing::Destroyed) {
                    metrics::counter!("tillstream_privacy_fenced_total").increment(1);
                    tracing::warn!(kind = subject.kind.as_str(), "told of somebody who is forgotten: not recorded");
                }
                known = Some((subject.clone(), standing));
            }
            *value = match &known {
                Some((_, Standing::Living(key))) => Some(Sealed::Shut(key.seal(&subject, field, text)?)),
                _ => None,
            };
        }
        Ok(())
    }

    /// None for what was nothing, for somebody who is forgotten, and for a token from elsewhere.
    pub async fn read(&self, shop: &Shop, value: Option<&Sealed>) -> Result<Option<String>, VaultError> {
        match value {
            None => Ok(None),
            Some(Sealed::Open(text) | Sealed::Clear(text)) => Ok(Some(text.clone())),
            Some(Sealed::Shut(token)) => self.unseal(shop, token).await,
        }
    }

    pub(crate) async fn unseal(&self, shop: &Shop, token: &Token) -> Result<Option<String>, VaultError> {
        let Some(subject) = token.subject(shop) else { return Ok(None) };
        match self.standing(&subject).await? {
            None if self.emptied_at(shop).await?.is_some() => Ok(None),
            None => Err(VaultError::NoKey(subject.to_string())),
            Some(Standing::Destroyed) => Ok(None),
            Some(Standing::Living(key)) => match key.open(&subject, token) {
                Ok(text) => Ok(Some(text)),
                // Sealed before the shop came back.
                Err(_) if self.emptied_at(shop).await?.is_some() => Ok(None),
                Err(_) => {
                    foreign(&subject);
                    Ok(None)
                }
            },
        }
    }

    /// From then on nobody can read their words, in this process at once, in others within half a minute. Again, it
    /// changes nothing. Gives how many keys there were.
    pub async fn destroy(&self, subjects: &[AggregateKey], at: Timestamp) -> Result<usize, VaultError> {
        let destroyed = self.table.destroy(subjects, at).await?;
        let mut cache = self.cache();
        subjects.iter().for_each(|subject| cache.forget(subject));
        Ok(destroyed)
    }

    /// Likewise of all people of a shop. They are not fenced: a shop that comes back has new keys.
    pub async fn destroy_shop(&self, shop: &Shop, at: Timestamp) -> Result<usize, VaultError> {
        let destroyed = self.table.empty(shop, at).await?;
        self.cache().forget_shop(shop);
        Ok(destroyed)
    }

    /// Whether what is still told of them is recorded without their words.
    pub async fn is_forgotten(&self, subject: &AggregateKey) -> Result<bool, VaultError> {
        Ok(matches!(self.standing(subject).await?, Some(Standing::Destroyed)))
    }

    /// When that last was.
    pub async fn emptied_at(&self, shop: &Shop) -> Result<Option<Timestamp>, VaultError> {
        self.table.emptied_at(shop).await
    }

    /// Up to which position of the log everything that it asks for is carried out here; 0 for a new database.
    pub async fn ledger(&self, part: Ledger) -> Result<u64, VaultError> {
        self.table.ledger(part).await
    }

    /// Notes how far the log is carried out.
    pub async fn keep_ledger(&self, part: Ledger, position: u64) -> Result<(), VaultError> {
        self.table.keep_ledger(part, position).await
    }

    /// Wraps the living keys of a shop by the first key-encryption key; `told` hears how many are done. Ended half way,
    /// it goes on where it was. Gives how many there were.
    pub async fn rotate(&self, shop: &Shop, told: &mut (dyn FnMut(usize) + Send)) -> Result<usize, VaultError> {
        self.table.rotate(shop, told).await
    }

    /// Notes that a record went up in another: who forgets that one forgets this one too.
    pub async fn absorb(&self, subject: &AggregateKey, heir: &AggregateKey) -> Result<(), VaultError> {
        self.table.absorb(subject, heir).await
    }

    /// All records that went up in this one, by whatever way.
    pub async fn absorbed_by(&self, heir: &AggregateKey) -> Result<Vec<AggregateKey>, VaultError> {
        self.table.absorbed_by(heir).await
    }

    async fn obtain(&self, subject: &AggregateKey) -> Result<Standing, VaultError> {
        if let Some(standing) = self.standing(subject).await? {
            return Ok(standing);
        }
        let standing = self.maker.obtain(subject).await?;
        self.cache().put(subject.clone(), standing.clone());
        Ok(standing)
    }

    async fn standing(&self, subject: &AggregateKey) -> Result<Option<Standing>, VaultError> {
        if let Some(standing) = self.cache().get(subject) {
            return Ok(Some(standing));
        }
        let found = self.table.find(subject).await?;
        if let Some(standing) = &found {
            self.cache().put(subject.clone(), standing.clone());
        }
        Ok(found)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn foreign(subject: &AggregateKey) {
    metrics::counter!("tillstream_privacy_unreadable_total").increment(1);
    tracing::warn!(kind = subject.kind.as_str(), "a sealed text does not open with its own key: it reads as nothing");
}

impl Sealer for Vault {
    fn seal<'a>(&'a self, pieces: Vec<Piece<'a>>) -> BoxFuture<'a, Result<(), SealError>> {
        Vault::seal(self, pieces).map(|sealed| sealed.map_err(|error| SealError::new(&error))).boxed()
    }
}
