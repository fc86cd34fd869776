//! Where a test keeps its rows: every law holds on both kinds of database.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use db::Database;
use tempfile::TempDir;
use testkit::PostgresServer;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    Sqlite,
    Postgres,
}

impl Ground {
    pub(super) const BOTH: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// A place of a test's own, for as many databases as it wants.
    pub(super) fn place(self) -> Place {
        static SERVER: OnceLock<String> = OnceLock::new();
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::tempdir().unwrap();
        let prefix = match self {
            Self::Sqlite => format!("sqlite://{}/", folder.path().display()),
            Self::Postgres => {
                let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
                format!("{}?schema=t{number}_", SERVER.get_or_init(PostgresServer::database))
            }
        };
        Place { prefix, _folder: folder }
    }
}

pub(super) struct Place {
    prefix: String,
    _folder: TempDir,
}

impl Place {
    /// The database of that name.
    pub(super) async fn open(&self, name: &str) -> Database {
        Database::open(&format!("{}{name}", self.prefix)).await.unwrap()
    }
}
