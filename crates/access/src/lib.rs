//! Who may ask, for what, and how often: the API keys of a shop, the tokens of an issuer, their rates.

mod issuer;
mod jwks;
mod keys;
mod rate;
mod scope;
mod signatures;
mod token;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use events::{Shop, Timestamp};

pub use issuer::{Issuer, IssuerError, IssuerSettings, JwksSource};
pub use keys::{DATABASE, KeyView, KeyWish, Keys};
pub use rate::Rate;
pub use scope::{Scope, Scopes};
pub use token::Token;

use rate::Rates;
use token::Digest;

/// For so long a key is believed without looking again: a revoked one is refused after it.
const BELIEVED: Duration = Duration::from_secs(5);
/// Keys believed at once.
const KNOWN: usize = 4_096;

/// The gate before reads and commands.
pub struct Access(Option<Guard>);

struct Guard {
    keys: Keys,
    issuer: Option<Issuer>,
    rates: Rates,
    known: Mutex<HashMap<Digest, (Caller, Instant)>>,
}

/// Somebody whose key or token is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// By which the rate is counted.
    pub(crate) id: String,
    pub(crate) shops: Vec<Shop>,
    pub(crate) scopes: Scopes,
    pub(crate) expires_at: Option<Timestamp>,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No key, or one that is not good, or not any more.
    #[error("no valid key")]
    Unknown,
    /// A good key, and it says nothing about this shop: to its holder there is no such shop.
    #[error("a key of another shop")]
    OtherShop,
    #[error("the key lacks the scope {0}")]
    Scope(Scope),
    /// More than the rate allows.
    #[error("too many requests")]
    TooMany { after: Duration },
    /// Nobody can tell just now.
    #[error("keys cannot be checked just now")]
    Unavailable,
}

impl Access {
    /// Nobody is asked anything. For an address that only this machine reaches.
    pub fn open() -> Self {
        Self(None)
    }

    /// Whether nobody is asked.
    pub fn is_open(&self) -> bool {
        self.0.is_none()
    }

    pub fn guarded(keys: Keys, issuer: Option<Issuer>, rate: Rate) -> Self {
        Self(Some(Guard { keys, issuer, rates: Rates::new(rate), known: Mutex::default() }))
    }

    /// Lets a request pass, or says why not. `shop` is none for a name that no shop can have.
    ///
    /// Who has no good key learns nothing of which shops there are.
    pub async fn admit(&self, token: Option<&str>, shop: Option<&Shop>, scope: Scope) -> Result<(), Denied> {
        let Some(guard) = &self.0 else { return Ok(()) };
        let caller = guard.caller(token.ok_or(Denied::Unknown)?).await?;
        guard.rates.take(&caller.id)?;
        match shop {
            Some(shop) if caller.shops.contains(shop) => {}
            _ => return Err(Denied::OtherShop),
        }
        if caller.scopes.contains(scope) { Ok(()) } else { Err(Denied::Scope(scope)) }
    }
}

impl Guard {
    async fn caller(&self, text: &str) -> Result<Caller, Denied> {
        let now = Timestamp::now();
        let caller = match (text.parse::<Token>(), &self.issuer) {
            (Ok(token), _) => self.holder(&token).await?,
            (Err(_), Some(issuer)) if text.contains('.') => issuer.caller(text).await?,
            _ => return Err(Denied::Unknown),
        };
        let expired = caller.expires_at.is_some_and(|end| end <= now);
        if expired { Err(Denied::Unknown) } else { Ok(caller) }
    }

    async fn holder(&self, token: &Token) -> Result<Caller, Denied> {
        let digest = token.digest();
        if let Some((caller, since)) = self.known().get(&digest)
            && since.elapsed() < BELIEVED
        {
            return Ok(caller.clone());
        }
        let found = self.keys.holder(token).await.map_err(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "a key cannot be checked");
            Denied::Unavailable
        })?;
        let mut known = self.known();
        known.remove(&digest);
        let caller = found.ok_or(Denied::Unknown)?;
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(digest, (caller.clone(), Instant::now()));
        Ok(caller)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Digest, (Caller, Instant)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
