//! Rows and positions in a database; the only crate that opens a pool.
//!
//! A read model is a document table: key `(shop, id)`, the row as JSON, the position of the event
//! that last reached it, and the columns by which it is found. How far a projection has come is a
//! checkpoint, moved in the transaction that writes the rows: so each event counts exactly once.
//! Of a read model several builds may stand beside each other; readers see one of them, through a view.
//!
//! No SQL and no driver type crosses this border. Behind it are SQLite and PostgreSQL; what both
//! understand is written once, in `sqlite` and `postgres` is only what differs.

mod batch;
mod bench;
mod build;
mod builds;
mod checkpoint;
mod database;
mod definition;
mod digest;
mod error;
mod postgres;
mod progress;
mod read;
mod select;
mod snapshot;
mod sqlite;
mod table;
mod words;

pub use batch::Batch;
pub use bench::BareReads;
pub use build::{Build, BuildState, Code, UnknownState};
pub use checkpoint::{Advance, Checkpoint, Log};
pub use database::Database;
pub use digest::Digest;
pub use error::{Error, OpenError, ResumeError};
pub use select::{Cursor, CursorError, Filter, Order, Page, Select};
pub use snapshot::{Snapshot, Stored};
pub use table::{Change, Column, ColumnKind, Content, Document, RowKey, Table, Value};
pub use words::Words;
