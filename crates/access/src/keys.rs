//! The keys of the shops, in a database of their own: unlike read models, they cannot be made again.

use db::{Change, Column, Content, Database, Document, Order, RowKey, Select, Table};
use events::{Shop, Timestamp};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::token::NoRandomness;
use crate::{Caller, Scopes, Token};

/// The name of the database.
pub const DATABASE: &str = "access";

const NO_COLUMNS: &[Column] = &[];
const TABLE: Table = Table { name: "api_keys", version: 1, columns: NO_COLUMNS, indexes: &[] };

/// Makes, finds and revokes keys.
#[derive(Debug, Clone)]
pub struct Keys(Database);

/// What is asked of a new key.
#[derive(Debug, Clone)]
pub struct KeyWish {
    /// What it is for, in its owner's words.
    pub name: String,
    pub scopes: Scopes,
    pub expires_at: Option<Timestamp>,
    /// Why it is made.
    pub reason: String,
}

/// A key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyView {
    pub id: String,
    pub shop: Shop,
    #[serde(flatten)]
    pub row: KeyRow,
}

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    pub name: String,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    pub reason: String,
    /// None: not by itself.
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub revoked_because: Option<String>,
}

/// The row with what is never shown.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    row: KeyRow,
    /// SHA-256 of the whole token, in hex.
    digest: String,
}

/// Why keys could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    #[error("a stored key cannot be read")]
    Row(#[from] serde_json::Error),
}

impl Keys {
    pub async fn open(database: Database) -> Result<Self, KeysError> {
        database.ensure(&TABLE).await?;
        Ok(Self(database))
    }

    /// Makes a key. The token is known now and never again.
    pub async fn create(&self, shop: &Shop, wish: KeyWish) -> Result<Token, KeysError> {
        let token = Token::new(shop.clone())?;
        let KeyWish { name, scopes, expires_at, reason } = wish;
        let created_at = Timestamp::now();
        let row = KeyRow { name, scopes, created_at, reason, expires_at, revoked_at: None, revoked_because: None };
        self.save(shop, &token.id, &Kept { row, digest: hex::encode(token.digest()) }).await?;
        Ok(token)
    }

    /// All keys of a shop, revoked ones too.
    pub async fn list(&self, shop: &Shop) -> Result<Vec<KeyView>, KeysError> {
        let select = Select { shop, filters: Vec::new(), order: Order::Id, after: None, limit: u32::MAX };
        let page = self.0.select(&TABLE, select).await?;
        page.documents.iter().map(view).collect()
    }

    /// One key of a shop.
    pub async fn get(&self, shop: &Shop, id: &str) -> Result<Option<KeyView>, KeysError> {
        self.0.get(&TABLE, shop, id).await?.as_ref().map(view).transpose()
    }

    /// Takes a key's power; `None` when the shop has no such key. One that is revoked already stays as it is.
    pub async fn revoke(&self, shop: &Shop, id: &str, reason: &str) -> Result<Option<KeyView>, KeysError> {
        let Some(document) = self.0.get(&TABLE, shop, id).await? else { return Ok(None) };
        let mut kept: Kept = serde_json::from_str(&document.data)?;
        if kept.row.revoked_at.is_none() {
            kept.row.revoked_at = Some(Timestamp::now());
            kept.row.revoked_because = Some(reason.to_owned());
            self.save(shop, id, &kept).await?;
        }
        self.get(shop, id).await
    }

    /// Whose token it is, if it is a good one.
    pub(crate) async fn holder(&self, token: &Token) -> Result<Option<Caller>, KeysError> {
        let Some(document) = self.0.get(&TABLE, &token.shop, &token.id).await? else { return Ok(None) };
        let Kept { row, digest } = serde_json::from_str(&document.data)?;
        let same = bool::from(digest.as_bytes().ct_eq(hex::encode(token.digest()).as_bytes()));
        let KeyRow { scopes, expires_at, revoked_at, .. } = row;
        let caller = Caller { id: token.id.clone(), shops: vec![token.shop.clone()], scopes, expires_at };
        Ok((same && revoked_at.is_none()).then_some(caller))
    }

    async fn save(&self, shop: &Shop, id: &str, kept: &Kept) -> Result<(), KeysError> {
        let content = Content { data: serde_json::to_string(kept)?, columns: Vec::new() };
        let key = RowKey { shop: shop.clone(), id: id.to_owned() };
        let mut batch = self.0.begin().await?;
        batch.save(&TABLE, vec![Change { key, content: Some(content), position: 0 }]).await?;
        Ok(batch.commit().await?)
    }
}

fn view(document: &Document) -> Result<KeyView, KeysError> {
    let kept: Kept = serde_json::from_str(&document.data)?;
    Ok(KeyView { id: document.key.id.clone(), shop: document.key.shop.clone(), row: kept.row })
}
