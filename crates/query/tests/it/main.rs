//! The reads as a client sees them, on a real nats-server and a real SQLite file.
#![allow(clippy::unwrap_used, reason = "tests")]

mod notifications;
mod openapi;
mod operations;
mod reads;
mod refusals;
mod world;
