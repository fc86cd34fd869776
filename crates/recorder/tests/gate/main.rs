//! Which deliveries are believed, what becomes of the others, and how one finds out; on a real broker.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod house;
mod identity;
mod kept;
mod quarantine;
mod trace;
