//! Against real SQLite files.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checkpoints;
mod open;
mod rows;
mod scratch;
