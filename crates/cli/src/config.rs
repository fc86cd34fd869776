//! `tillstream.toml`: the only reader of configuration files and of the environment.
//!
//! Four layers, the later ones win: built-in defaults, the file, `TILLSTREAM_…` variables, flags.

mod access;
mod environment;
mod layers;
mod loyalty;
mod notifications;
mod privacy;
mod sections;
mod shops;

pub(crate) use self::access::Jwt;
pub(crate) use layers::{Flags, Loaded, Origin, load, without_password};
pub(crate) use notifications::{HttpProvider, Notifications, Smtp, SmtpTls};
pub(crate) use sections::{Config, Inventory, LogFormat, Nats, Server, Simulator, Sync};
pub(crate) use shops::{KnownShop, Secret};

/// The commented file that `config default` prints; a test holds it against the built-in defaults.
pub(crate) const DEFAULT_FILE: &str = include_str!("config/default.toml");

/// The file that is read when none is named.
pub(crate) const FILE_NAME: &str = "tillstream.toml";

#[cfg(test)]
mod tests;
