//! `[access]`: who may read and command over HTTP.

use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Secret;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Access {
    pub(crate) open: bool,
    pub(crate) per_second: NonZeroU32,
    pub(crate) burst: NonZeroU32,
    /// What this program's own reads show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jwt: Option<Jwt>,
}

impl Default for Access {
    fn default() -> Self {
        let (fifty, hundred) = (NonZeroU32::MIN.saturating_add(49), NonZeroU32::MIN.saturating_add(99));
        Self { open: false, per_second: fifty, burst: hundred, key: None, jwt: None }
    }
}

/// The issuer whose tokens are taken beside keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Jwt {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jwks_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jwks_file: Option<PathBuf>,
}
