//! Against real SQLite files and a real PostgreSQL server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod builds;
mod checkpoints;
mod open;
mod rows;
mod scratch;
mod words;
