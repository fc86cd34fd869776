//! Opening: what is wrong with the surroundings is said in so many words.

use crate::scratch::Scratch;
use db::{Database, OpenError};

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
    for url in ["postgres://till:hunter2@db/till", "sqlite://", "till.db", ""] {
        let error = Database::open(url).await.unwrap_err();
        assert!(matches!(error, OpenError::Url), "{url}: {error}");
        assert!(!error.to_string().contains("hunter2"));
    }
}

async fn open(path: &str) -> OpenError {
    Database::open(&format!("sqlite://{path}")).await.unwrap_err()
}
