//! A database file of a test's own.

use db::{Column, Database, Table};
use tempfile::TempDir;

pub(crate) const TABLE: Table = Table {
    name: "things",
    version: 1,
    columns: &[Column::integer("size"), Column::text("colour")],
    indexes: &[&["size"], &["colour"]],
};

pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.path("test.db").display())
    }

    pub(crate) async fn open(&self) -> Database {
        Database::open(&self.url()).await.unwrap()
    }
}
