//! One file per command.

pub(crate) mod bench;
pub(crate) mod config;
pub(crate) mod dead_letters;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod healthcheck;
mod instance;
pub(crate) mod inventory;
pub(crate) mod keys;
pub(crate) mod loyalty;
pub(crate) mod notify;
pub(crate) mod privacy;
pub(crate) mod projections;
pub(crate) mod quarantine;
pub(crate) mod replay;
pub(crate) mod role;
pub(crate) mod schemas;
pub(crate) mod shopify;
pub(crate) mod status;
pub(crate) mod streams;
pub(crate) mod subscribers;
pub(crate) mod up;
