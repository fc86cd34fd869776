//! Opening: what is wrong with the surroundings is said in so many words.

use crate::scratch::{Scratch, TABLE};
use db::{Database, Error, OpenError};
use testkit::PostgresServer;

#[tokio::test]
async fn a_missing_directory_is_named_and_not_made() {
    let scratch = Scratch::new();
    let missing = scratch.path("nowhere");
    let error = open(&missing.join("till.db").display().to_string()).await;
    assert!(matches!(&error, OpenError::NoDirectory(named) if *named == missing), "{error}");
    assert!(!missing.exists());
}

#[tokio::test]
async fn a_directory_is_not_a_database_file() {
    let scratch = Scratch::new();
    let error = open(&scratch.path("").display().to_string()).await;
    assert!(matches!(error, OpenError::IsDirectory(_)), "{error}");
}

#[tokio::test]
async fn garbage_is_recognised_and_left_as_it_is() {
    let scratch = Scratch::new();
    let path = scratch.path("till.db");
    let garbage = "this is no database ".repeat(500);
    std::fs::write(&path, &garbage).unwrap();
    let error = open(&path.display().to_string()).await;
    assert!(matches!(&error, OpenError::NotADatabase(named) if *named == path), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), garbage);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    // Not even root makes files there.
    let error = open("/proc/till.db").await;
    assert!(matches!(&error, OpenError::NotWritable { path, .. } if path.ends_with("till.db")), "{error}");
}

#[tokio::test]
async fn a_newer_layout_is_left_to_a_newer_binary() {
    let scratch = Scratch::new();
    scratch.open().await.close().await;
    let path = scratch.path("test.db");
    // The user version is the four bytes at offset 60 of the file: https://www.sqlite.org/fileformat.html
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[60..64].copy_from_slice(&9_u32.to_be_bytes());
    std::fs::write(&path, bytes).unwrap();
    let error = open(&path.display().to_string()).await;
    assert!(matches!(error, OpenError::Newer { layout: 9, .. }), "{error}");
}

#[tokio::test]
async fn another_kind_of_url_is_refused_without_its_password() {
    for url in ["mysql://till:hunter2@db/till", "postgres://till:hunter2@db:x/till", "sqlite://", "till.db", ""] {
        let error = Database::open(url).await.unwrap_err();
        assert!(matches!(error, OpenError::Url), "{url}: {error}");
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[tokio::test]
async fn a_schema_is_a_database_of_its_own() {
    let url = PostgresServer::database();
    let [one, other] = ["one", "other"].map(|schema| format!("{url}?schema={schema}"));
    let (one, other) = (Database::open(&one).await.unwrap(), Database::open(&other).await.unwrap());
    one.ensure(&TABLE).await.unwrap();
    let acme = "acme".parse().unwrap();
    assert_eq!(one.get(&TABLE, &acme, "1").await.unwrap(), None);
    let asked = other.get(&TABLE, &acme, "1").await;
    assert!(matches!(asked, Err(Error::NoTable(_))), "{asked:?}");
}

#[tokio::test]
async fn processes_that_start_together_make_the_same_tables_once() {
    let url = PostgresServer::database();
    let started = (0..8).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { Database::open(&url).await.unwrap().ensure(&TABLE).await.unwrap() })
    });
    for one in started.collect::<Vec<_>>() {
        one.await.unwrap();
    }
}

#[tokio::test]
async fn a_schema_that_is_no_plain_word_is_refused() {
    for schema in ["a;b", "A", "\"", "", "a b", &"a".repeat(49)] {
        let url = format!("{}?schema={schema}", "postgres://till@127.0.0.1:1/till");
        let error = Database::open(&url).await.unwrap_err();
        assert!(matches!(error, OpenError::Schema(_)), "{schema:?}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_without_the_password() {
    let error = Database::open("postgres://till:hunter2@127.0.0.1:1/till").await.unwrap_err();
    assert!(matches!(error, OpenError::Server(_)), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

async fn open(path: &str) -> OpenError {
    Database::open(&format!("sqlite://{path}")).await.unwrap_err()
}
