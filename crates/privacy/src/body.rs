//! Whole bodies, as they come in: nobody knows yet whose they are.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305};
use db::Database;
use events::{Shop, Timestamp, subject};
use futures::FutureExt;
use futures::future::BoxFuture;
use streams::{BodySealer, Opened, SealError, SealedBody, Stream};
use tokio::time::Instant;

use crate::body_table::{BodyTable, DayKey, DayOf, day};
use crate::cipher::{self, CipherError, KEY};
use crate::kek::Keks;
use crate::puncture::Puncturable;
use crate::{Vault, VaultError};

/// A message that another process forgets is readable here for so long at most.
const LIFE: Duration = Duration::from_secs(30);
const CAPACITY: usize = 10_000;
const NEXT_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Seals, opens and forgets bodies.
pub(crate) struct Bodies {
    table: BodyTable,
    cache: Mutex<HashMap<DayOf, (Instant, DayKey)>>,
    /// One asks for a key that is not known, the others wait for what it finds.
    asking: tokio::sync::Mutex<()>,
}

/// Names a body's own key: which day's, and the message's number in it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seal {
    of: DayOf,
    number: u64,
}

impl Bodies {
    pub(crate) async fn open(database: Database, keks: Keks) -> Result<Self, VaultError> {
        let table = BodyTable::open(database, keks).await?;
        Ok(Self { table, cache: Mutex::default(), asking: tokio::sync::Mutex::default() })
    }

    async fn seal(&self, stream: Stream, shop: Option<Shop>, body: &[u8]) -> Result<SealedBody, VaultError> {
        let of = DayOf::of(stream, shop, Timestamp::now());
        let DayKey::Living(key) = self.obtain(&of).await? else { return Err(VaultError::NoKey(of.holder())) };
        let (number, own) = loop {
            let number = Puncturable::number()?;
            if let Some(own) = key.key_of(number) {
                break (number, own);
            }
        };
        let seal = Seal { of, number }.to_string();
        let bytes = cipher::wrap(&cipher_of(&own), body, &seal)?;
        Ok(SealedBody { seal, bytes: bytes.into() })
    }

    async fn unseal(&self, seal: &str, body: &[u8]) -> Result<Opened, VaultError> {
        let Ok(Seal { of, number }) = seal.parse() else { return Ok(Opened::Foreign) };
        let key = match self.find(&of).await? {
            Some(DayKey::Living(key)) => key,
            Some(DayKey::Destroyed) => return Ok(Opened::Forgotten),
            None if of.last_day() < day(Timestamp::now()) => return Ok(Opened::Forgotten),
            None => return Ok(Opened::Lost),
        };
        let Some(own) = key.key_of(number) else { return Ok(Opened::Forgotten) };
        match cipher::decrypt(&cipher_of(&own), body, seal) {
            Ok(body) => Ok(Opened::Body(body.into())),
            Err(_) => {
                metrics::counter!("tillstream_privacy_unreadable_total").increment(1);
                tracing::error!(seal, "a sealed body does not open with its own key");
                Ok(Opened::Foreign)
            }
        }
    }

    async fn forget(&self, seals: &[String]) -> Result<usize, VaultError> {
        let mut days: BTreeMap<DayOf, Vec<u64>> = BTreeMap::new();
        for Seal { of, number } in seals.iter().filter_map(|seal| seal.parse().ok()) {
            days.entry(of).or_default().push(number);
        }
        let mut forgotten = 0;
        for (of, numbers) in days {
            forgotten += self.table.forget(&of, &numbers).await?;
            self.cache().remove(&of);
        }
        Ok(forgotten)
    }

    /// To seal with: when the database is away, the key that is known will do, for it forgets nothing that is still
    /// to come.
    async fn obtain(&self, of: &DayOf) -> Result<DayKey, VaultError> {
        let known = match self.known(of) {
            Some((true, key)) => return Ok(key),
            Some((false, key)) => Some(key),
            None => None,
        };
        let _turn = self.asking.lock().await;
        if let Some((true, key)) = self.known(of) {
            return Ok(key);
        }
        let found = match self.table.find(of).await {
            Ok(Some(key)) => Ok(key),
            Ok(None) => self.table.obtain(of).await,
            Err(error) => Err(error),
        };
        match (found, known) {
            (Ok(key), _) => {
                self.keep(of, &key);
                Ok(key)
            }
            (Err(error), Some(known)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "bodies are sealed with the key that is known"
                );
                self.keep(of, &known);
                Ok(known)
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn find(&self, of: &DayOf) -> Result<Option<DayKey>, VaultError> {
        if let Some((true, key)) = self.known(of) {
            return Ok(Some(key));
        }
        let found = self.table.find(of).await?;
        if let Some(key) = &found {
            self.keep(of, key);
        }
        Ok(found)
    }

    /// And whether it was looked at lately.
    fn known(&self, of: &DayOf) -> Option<(bool, DayKey)> {
        self.cache().get(of).map(|(since, key)| (since.elapsed() < LIFE, key.clone()))
    }

    fn keep(&self, of: &DayOf, key: &DayKey) {
        let mut cache = self.cache();
        if cache.len() >= CAPACITY {
            cache.retain(|_, (since, _)| since.elapsed() < LIFE);
        }
        cache.insert(of.clone(), (Instant::now(), key.clone()));
    }

    fn cache(&self) -> MutexGuard<'_, HashMap<DayOf, (Instant, DayKey)>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cipher_of(own: &[u8; KEY]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(Key::from_slice(own))
}

impl Vault {
    /// For those who keep bodies, or read them.
    pub fn for_bodies(&self) -> streams::Bodies {
        streams::Bodies::sealed_by(Arc::new(self.clone()))
    }

    /// Makes the keys of a shop for that day and the next one, so that neither its first delivery nor a day that begins
    /// while the database is away waits for one.
    pub async fn prepare_bodies(&self, shop: &Shop, at: Timestamp) -> Result<(), VaultError> {
        for at in [at, at + NEXT_DAY] {
            self.bodies.obtain(&DayOf::of(Stream::Inbox, Some(shop.clone()), at)).await?;
        }
        Ok(())
    }

    /// Nobody can read these bodies from then on, in this process at once, in others within half a minute; each is
    /// named by its seal. Again, it changes nothing. Gives how many were readable.
    pub async fn forget_bodies(&self, seals: &[String]) -> Result<usize, VaultError> {
        self.bodies.forget(seals).await
    }

    /// Likewise of all of a shop that came before the day that was yesterday at that time: what came later, another
    /// process may still be about to seal with the same key.
    pub async fn forget_days(&self, shop: &Shop, at: Timestamp) -> Result<usize, VaultError> {
        let destroyed = self.bodies.table.empty(shop, day(at) - 1).await?;
        self.bodies.cache().clear();
        Ok(destroyed)
    }

    /// Destroys the keys of bodies that no stream holds any more; gives how many.
    pub async fn expire_bodies(&self, now: Timestamp) -> Result<usize, VaultError> {
        let destroyed = self.bodies.table.expire(day(now)).await?;
        self.bodies.cache().clear();
        Ok(destroyed)
    }

    /// Wraps the keys of all bodies by the first key-encryption key; gives how many.
    pub async fn rotate_bodies(&self) -> Result<usize, VaultError> {
        self.bodies.table.rotate().await
    }
}

impl BodySealer for Vault {
    fn seal_body(
        &self,
        stream: Stream,
        shop: Option<Shop>,
        body: Bytes,
    ) -> BoxFuture<'_, Result<SealedBody, SealError>> {
        async move { self.bodies.seal(stream, shop, &body).await.map_err(|error| SealError::new(&error)) }.boxed()
    }

    fn open_body<'a>(&'a self, seal: &'a str, body: Bytes) -> BoxFuture<'a, Result<Opened, SealError>> {
        async move { self.bodies.unseal(seal, &body).await.map_err(|error| SealError::new(&error)) }.boxed()
    }
}

const VERSION: &str = "1";

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}.{}.{}.{}.{:x}", self.of.stream, self.of.holder(), self.of.day, self.number)
    }
}

impl FromStr for Seal {
    type Err = CipherError;

    fn from_str(text: &str) -> Result<Self, CipherError> {
        let read = || {
            let mut parts = text.split('.');
            let [version, stream, holder, day, number] = std::array::from_fn(|_| parts.next());
            let shop = subject::decode(holder?)?;
            let shop = if shop.is_empty() { None } else { Some(shop.parse().ok()?) };
            let of = DayOf { stream: Stream::from_name(stream?)?, shop, day: day?.parse().ok()? };
            let seal = Self { of, number: u64::from_str_radix(number?, 16).ok()? };
            // One body has one name.
            (version? == VERSION && seal.to_string() == text).then_some(seal)
        };
        read().ok_or(CipherError::Foreign)
    }
}
