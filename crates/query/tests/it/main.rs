//! The reads as a client sees them, on a real nats-server and a real SQLite file.
#![allow(clippy::unwrap_used, reason = "tests")]

mod changes;
mod keys;
mod limits;
mod notifications;
mod openapi;
mod operations;
mod past;
mod privacy;
mod reads;
mod refusals;
mod reports;
mod world;
