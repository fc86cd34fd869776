//! The binary from outside: real processes, a real nats-server, real files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod backup;
mod exit_codes;
mod inventory;
mod keys;
mod loyalty;
mod marks;
mod notify;
mod operators;
mod permissions;
mod privacy;
mod process;
mod quarantine;
mod rebuild;
mod replay;
mod reports;
mod roles;
mod scarcity;
mod secrets;
mod service;
mod shop;
mod shopify_side;
mod trace;
mod traces;
mod up;
