//! The notifications service against a real broker, a real mail server and a real HTTP interface.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod hooks;
mod once;
mod providers;
mod recipients;
mod stages;
mod world;
