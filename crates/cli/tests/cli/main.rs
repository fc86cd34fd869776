//! The binary from outside: real processes, a real nats-server, real files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod backup;
mod exit_codes;
mod keys;
mod notify;
mod operators;
mod permissions;
mod process;
mod quarantine;
mod rebuild;
mod roles;
mod scarcity;
mod shopify_side;
mod trace;
mod up;
