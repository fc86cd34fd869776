//! `[notifications]`: what is told to whom, and who carries it.

use std::num::NonZeroU32;
use std::path::PathBuf;

use events::{Channel, Shop};
use handlers::notifications::Rule;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Notifications {
    pub(crate) enabled: bool,
    pub(crate) rules: Vec<Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operations: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) templates: Option<PathBuf>,
    pub(crate) locale: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quiet_hours: Option<String>,
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::required")]
    pub(crate) expires_after: SignedDuration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) smtp: Option<Smtp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) http: Vec<HttpProvider>,
    /// The one shop that they are on for; none means all of them.
    #[serde(skip)]
    pub(crate) only: Option<Shop>,
}

impl Default for Notifications {
    fn default() -> Self {
        Self {
            enabled: false,
            rules: Rule::ALL.into(),
            operations: None,
            templates: None,
            locale: "en".to_owned(),
            quiet_hours: None,
            expires_after: SignedDuration::from_hours(72),
            smtp: None,
            http: Vec::new(),
            only: None,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smtp {
    pub(crate) host: String,
    /// 587, or 465 with `tls = "tls"`, or 25 without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    #[serde(default)]
    pub(crate) tls: SmtpTls,
    pub(crate) from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) username_env: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password_env: Option<String>,
    /// As many as the provider takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) per_second: Option<NonZeroU32>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SmtpTls {
    #[default]
    StartTls,
    Tls,
    None,
}

/// One `[[notifications.http]]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpProvider {
    pub(crate) name: String,
    pub(crate) channel: Channel,
    pub(crate) url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_env: Option<String>,
    #[serde(default)]
    pub(crate) rules: Vec<Rule>,
    /// As many as the provider takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) per_second: Option<NonZeroU32>,
}

impl Notifications {
    /// For a demo: nobody carries anything, and what would have been sent is recorded.
    pub(crate) fn of_demo(shop: Shop) -> Self {
        Self { enabled: true, only: Some(shop), ..Self::default() }
    }
}
