//! A database of a test's own.

use db::{Column, Database, Table};
use tempfile::TempDir;
use testkit::PostgresServer;

pub(crate) const TABLE: Table = Table {
    name: "things",
    version: 1,
    columns: &[Column::integer("size"), Column::text("colour")],
    indexes: &[&["size"], &["colour"]],
};

pub(crate) struct Scratch {
    folder: TempDir,
    pub(crate) url: String,
}

impl Scratch {
    /// A SQLite file.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self { folder, url }
    }

    /// One of each kind of database.
    pub(crate) fn both() -> [Self; 2] {
        let postgres = Self { folder: tempfile::tempdir().unwrap(), url: PostgresServer::database() };
        [Self::new(), postgres]
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn open(&self) -> Database {
        Database::open(&self.url).await.unwrap()
    }
}
