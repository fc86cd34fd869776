//! The binary from outside: real processes, a real nats-server, real files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod exit_codes;
mod notify;
mod operators;
mod process;
mod quarantine;
mod rebuild;
mod scarcity;
mod shopify_side;
mod trace;
mod up;
