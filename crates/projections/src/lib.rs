//! Read models: what the events amount to, in rows that can be thrown away and folded again.
//!
//! A [`Projection`] is a pure fold by key; the [`Engine`] reads the log once for all projections
//! of a database and writes rows and positions in one transaction. Nothing here can decide or
//! cause anything, so a [`Rebuild`] does no harm.

mod engine;
mod fingerprint;
mod fold;
mod lineage;
mod past;
mod projection;
mod read;
mod rebuild;
mod rows;
mod tables;
#[cfg(test)]
mod tests;
mod wait;

pub use engine::{Engine, EngineError};
pub use fold::RowError;
pub use lineage::{RowEvent, lineage};
pub use projection::{Projection, ReadModel, ensure};
pub use read::{Found, Listed, PageRequest, ReadError, Seen, position};
pub use rebuild::{Comparison, Difference, DifferenceKind, Rebuild, ReplayProgress, switch};
pub use rows::rows_of;
pub use tables::*;
pub use wait::{WaitError, wait_for};
