//! The shops we take webhooks from, and their secrets.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use events::{Currency, Shop, StockAuthority};
use ingress::ShopKeys;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use shopify::SecretError;

use crate::failure::{Exit, Failure, OrExit, Outcome};

/// One `[[shops]]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShopConfig {
    #[serde(deserialize_with = "shop_of_domain", serialize_with = "domain_of_shop")]
    pub(crate) domain: Shop,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) secrets: Vec<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secrets_env: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secrets_file: Option<PathBuf>,
    #[serde(default)]
    pub(crate) stock_authority: StockAuthority,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) time_zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<Currency>,
    /// Whether its orders give points.
    #[serde(default = "yes")]
    pub(crate) loyalty: bool,
}

/// A shop with its secrets at hand, newest first, never none.
#[derive(Debug, Clone)]
pub(crate) struct KnownShop {
    pub(crate) shop: Shop,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) currency: Option<Currency>,
    pub(crate) stock_authority: StockAuthority,
    pub(crate) loyalty: bool,
    /// In which its days begin; UTC when not said.
    pub(crate) time_zone: TimeZone,
}

impl KnownShop {
    /// As the ingress needs it.
    pub(crate) fn keys(&self) -> Result<ShopKeys, SecretError> {
        let secrets =
            self.secrets.iter().map(|secret| shopify::Secret::new(secret.reveal())).collect::<Result<_, _>>()?;
        Ok(ShopKeys { shop: self.shop.clone(), secrets })
    }
}

/// A webhook secret. Prints as stars.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl ShopConfig {
    /// Reads the secrets from where they are kept.
    ///
    /// # Errors
    /// None or more than one place is named (usage), or the place cannot be read or is open to others (precondition).
    pub(crate) fn known(&self) -> Outcome<KnownShop> {
        let doing = |e: Failure| e.context(format!("shop {}", self.domain.domain()));
        let secrets = self.secrets().map_err(doing)?;
        let zone = self.time_zone.as_deref().map_or(Ok(TimeZone::UTC), TimeZone::get);
        Ok(KnownShop {
            shop: self.domain.clone(),
            secrets,
            currency: self.currency,
            stock_authority: self.stock_authority,
            loyalty: self.loyalty,
            time_zone: zone.or_exit(Exit::Usage).map_err(doing)?,
        })
    }

    fn secrets(&self) -> Outcome<Vec<Secret>> {
        let secrets = match (self.secrets.as_slice(), &self.secrets_env, &self.secrets_file) {
            ([_, ..], None, None) => self.secrets.clone(),
            ([], Some(name), None) => from_variable(name)?,
            ([], None, Some(path)) => from_file(path)?,
            _ => {
                let message = "exactly one of secrets, secrets_env and secrets_file is needed";
                return Err(Failure::new(Exit::Usage, message));
            }
        };
        if secrets.is_empty() { Err(Failure::new(Exit::Precondition, "no secret there")) } else { Ok(secrets) }
    }
}

fn from_variable(name: &str) -> Outcome<Vec<Secret>> {
    let value = std::env::var(name).or_exit(Exit::Precondition).map_err(|e| e.context(format!("variable {name}")))?;
    Ok(value.split(',').filter_map(|s| Secret::new(s.trim())).collect())
}

fn from_file(path: &Path) -> Outcome<Vec<Secret>> {
    let doing = |e: Failure| e.context(format!("secrets file {}", path.display()));
    refuse_public(path).map_err(doing)?;
    let text = fs::read_to_string(path).or_exit(Exit::Precondition).map_err(doing)?;
    Ok(text.lines().filter_map(|s| Secret::new(s.trim())).collect())
}

fn refuse_public(path: &Path) -> Outcome {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).or_exit(Exit::Precondition)?.permissions().mode();
    if mode & 0o007 == 0 {
        return Ok(());
    }
    let message = format!("mode {:04o} lets other users in", mode & 0o7777);
    Err(Failure::new(Exit::Precondition, message).hint(format!("chmod 600 {}", path.display())))
}

impl Secret {
    /// An empty secret would verify everybody's signature.
    pub(crate) fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text.trim()).ok_or_else(|| de::Error::custom("a secret must not be empty"))
    }
}

fn yes() -> bool {
    true
}

fn shop_of_domain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Shop, D::Error> {
    Shop::from_domain(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

fn domain_of_shop<S: Serializer>(shop: &Shop, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shop.domain())
}
