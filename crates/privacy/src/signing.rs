//! The key that certificates are signed with: one of the house, kept and wrapped like the others.

use db::{Change, Content, RowKey, Table};
use events::Shop;

use crate::certificate::{Certificate, Erasure, Signer};
use crate::cipher::{self, CipherError, KEY};
use crate::{Vault, VaultError};

const SIGNING_KEYS: Table = Table { name: "signing_keys", version: 1, columns: &[], indexes: &[] };
const HOUSE: &str = "house";
const BOUND: &str = "signing key";

impl Vault {
    /// Signs it.
    pub async fn certify(&self, erasure: Erasure) -> Result<Certificate, VaultError> {
        Ok(self.signer().await?.certify(erasure)?)
    }

    /// By which certificates of this house are checked, in base64.
    pub async fn public_key(&self) -> Result<String, VaultError> {
        Ok(self.signer().await?.public_key())
    }

    /// Wraps the signing key by the first key-encryption key.
    pub async fn rotate_signer(&self) -> Result<(), VaultError> {
        let (_, seed) = self.seed().await?;
        self.write(&seed, true).await.map(drop)
    }

    async fn signer(&self) -> Result<Signer, VaultError> {
        let (signer, _) = self.seed().await?;
        Ok(signer)
    }

    /// Of several processes that make it, all get the one that was first.
    async fn seed(&self) -> Result<(Signer, [u8; KEY]), VaultError> {
        self.table.db.ensure(&SIGNING_KEYS).await?;
        let held = self.table.db.get(&SIGNING_KEYS, &house()?, HOUSE).await?;
        let data = match held {
            Some(document) => document.data,
            None => self.write(&cipher::random()?, false).await?,
        };
        let seed = self.table.keks.unwrap(&serde_json::from_str(&data)?, BOUND)?;
        let seed: [u8; KEY] = seed.try_into().map_err(|_| CipherError::Foreign)?;
        Ok((Signer::from_seed(&seed).ok_or(CipherError::Foreign)?, seed))
    }

    /// Gives the row that is there afterwards.
    async fn write(&self, seed: &[u8; KEY], over: bool) -> Result<String, VaultError> {
        let row = self.table.keks.wrap(seed, BOUND)?;
        let key = RowKey { shop: house()?, id: HOUSE.to_owned() };
        let content = Content { data: serde_json::to_string(&row)?, columns: Vec::new() };
        let change = vec![Change { key: key.clone(), content: Some(content), position: 0 }];
        let mut batch = self.table.db.begin().await?;
        if over {
            batch.save(&SIGNING_KEYS, change).await?;
        } else {
            batch.add(&SIGNING_KEYS, change).await?;
        }
        let found = batch.load(&SIGNING_KEYS, &[key]).await?;
        batch.commit().await?;
        let document = found.into_iter().next().ok_or_else(|| VaultError::NoKey(BOUND.to_owned()))?;
        self.table.db.checkpoint().await?;
        Ok(document.data)
    }
}

fn house() -> Result<Shop, VaultError> {
    HOUSE.parse().map_err(|_| VaultError::Name)
}
