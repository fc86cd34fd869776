//! Real servers for tests: a nats-server of a test's own, a cluster of three, both provisioned, a
//! PostgreSQL server, a mail server, and a line between two that can be cut.
//!
//! Whatever cannot be set up panics with what to do about it: a test is never skipped.

mod binary;
mod cluster;
mod fixture;
mod mail_server;
mod port;
mod postgres;
mod proxy;
mod raw_publisher;
pub mod schema;
mod server;
mod unsealed;

pub use cluster::NatsCluster;
pub use fixture::{Fixture, topology_settings};
pub use mail_server::{Mail, MailManners, MailServer};
pub use port::free_port;
pub use postgres::PostgresServer;
pub use proxy::Proxy;
pub use raw_publisher::RawPublisher;
pub use server::{NatsServer, SyncInterval};
pub use unsealed::Unsealed;
