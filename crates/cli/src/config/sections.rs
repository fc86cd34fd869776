//! The sections of the file. A field is a key; its default is what holds when no layer names it.

use std::net::SocketAddr;
use std::path::PathBuf;

use events::LocationId;
use handlers::inventory::Rule;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::access::Access;
use super::loyalty::Loyalty;
use super::notifications::Notifications;
use super::privacy::Privacy;
use super::shops::ShopConfig;

/// The whole configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) server: Server,
    pub(crate) access: Access,
    pub(crate) data: Data,
    pub(crate) nats: Nats,
    pub(crate) database: DatabaseConfig,
    pub(crate) ingress: Ingress,
    pub(crate) webhooks: Webhooks,
    pub(crate) inventory: Inventory,
    pub(crate) loyalty: Loyalty,
    pub(crate) checkouts: Checkouts,
    pub(crate) notifications: Notifications,
    pub(crate) privacy: Privacy,
    pub(crate) simulator: Simulator,
    pub(crate) log: Log,
    pub(crate) telemetry: Telemetry,
    pub(crate) shops: Vec<ShopConfig>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    pub(crate) max_connections: usize,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), max_connections: 4096 }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Data {
    pub(crate) dir: PathBuf,
}

impl Default for Data {
    fn default() -> Self {
        Self { dir: "data".into() }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Nats {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    pub(crate) sync: Sync,
    pub(crate) replicas: usize,
    pub(crate) max_bytes: u64,
}

impl Default for Nats {
    fn default() -> Self {
        Self { url: None, sync: Sync::default(), replicas: 1, max_bytes: 8 << 30 }
    }
}

/// When our own nats-server flushes to disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sync {
    #[default]
    Always,
    Interval,
}

impl Sync {
    /// As in the configuration.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Interval => "interval",
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DatabaseConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Ingress {
    pub(crate) max_body_bytes: usize,
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::required")]
    pub(crate) deadline: SignedDuration,
}

impl Default for Ingress {
    fn default() -> Self {
        Self { max_body_bytes: 8 << 20, deadline: SignedDuration::from_millis(2500) }
    }
}

/// How Shopify is asked to deliver; see `tillstream shopify toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Webhooks {
    pub(crate) uri: String,
    pub(crate) include_fields: Vec<String>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { uri: "/webhooks/shopify".to_owned(), include_fields: Vec::new() }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Inventory {
    pub(crate) rules: Vec<Rule>,
    pub(crate) priority: Vec<LocationId>,
    /// `<source>=<location id>` each.
    pub(crate) pinned: Vec<String>,
    /// `<location id>=<country>/<province>/<postal code>` each.
    pub(crate) addresses: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) low_at: Option<i64>,
}

impl Default for Inventory {
    fn default() -> Self {
        let rules = vec![Rule::Pinned, Rule::Priority, Rule::MinimizeSplits, Rule::HighestStock];
        Self { rules, priority: Vec::new(), pinned: Vec::new(), addresses: Vec::new(), low_at: None }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Checkouts {
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::required")]
    pub(crate) abandoned_after: SignedDuration,
}

impl Default for Checkouts {
    fn default() -> Self {
        Self { abandoned_after: SignedDuration::from_hours(10) }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Simulator {
    pub(crate) deliveries_per_second: u32,
}

impl Default for Simulator {
    fn default() -> Self {
        Self { deliveries_per_second: 5 }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info,async_nats=warn".to_owned(), format: LogFormat::default() }
    }
}

/// Where traces go.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Telemetry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) otlp_endpoint: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}
