//! Rows found by words, in whichever build readers see.

use crate::scratch::Scratch;
use db::{Build, Change, Code, Column, Content, Database, Filter, Order, RowKey, Select, Table, Words};
use sqlx::Connection;

const TABLE: Table = Table { name: "goods", version: Table::LIVE, columns: &[Column::words("search")], indexes: &[] };

#[tokio::test]
async fn rows_are_found_by_all_words_and_the_beginning_of_the_last() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        let live = db.adopt(&TABLE, &code()).await.unwrap();
        write(&db, &live, &[("1", "Blaue TASSE, f\u{fc}r \u{d6}l"), ("2", "blue cupboard CUP-7"), ("3", "Caf\u{e9}")])
            .await;
        for (text, ids) in [
            ("tasse", vec!["1"]),
            ("TAS", vec!["1"]),
            ("tas blaue", vec![]),
            ("blaue tas", vec!["1"]),
            ("oL", vec!["1"]),
            ("bl", vec!["1", "2"]),
            ("cup-7", vec!["2"]),
            ("7 cup", vec!["2"]),
            ("cafe\u{301}", vec!["3"]),
            ("asse", vec![]),
            ("blaue cupboard", vec![]),
        ] {
            assert_eq!(found(&db, text).await, ids, "{text:?}");
        }
    }
}

#[tokio::test]
async fn nothing_in_a_text_is_syntax() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        let live = db.adopt(&TABLE, &code()).await.unwrap();
        write(&db, &live, &[("1", "not near or and")]).await;
        for text in ["NOT", "near(", "or'", "AND\"", "search:not*", "-not", "not & or | !", "^not", "no*"] {
            let expected: &[&str] = if text.starts_with("search") { &[] } else { &["1"] };
            assert_eq!(found(&db, text).await, expected, "{text:?}");
        }
        for text in ["", " ", "%", "'", "\"", "\\", "*", "()", ":*", "\0", "\u{1f600}", "'; DROP TABLE goods; --"] {
            assert_eq!(found(&db, text).await, [""; 0], "{text:?}");
        }
        let long = vec!["x".repeat(300); 500].join(" ");
        assert_eq!(found(&db, &long).await, [""; 0]);
    }
}

#[tokio::test]
async fn words_change_and_go_with_their_rows() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        let live = db.adopt(&TABLE, &code()).await.unwrap();
        write(&db, &live, &[("1", "red"), ("2", "red")]).await;
        write(&db, &live, &[("1", "blue")]).await;
        let mut batch = db.begin().await.unwrap();
        batch
            .save(&TABLE.build(live.number), vec![Change { key: key("2"), content: None, position: 2 }])
            .await
            .unwrap();
        batch.commit().await.unwrap();
        assert_eq!(found(&db, "red").await, [""; 0]);
        assert_eq!(found(&db, "blue").await, ["1"]);
    }
}

#[tokio::test]
async fn a_search_is_in_the_build_that_readers_see() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        let old = db.adopt(&TABLE, &code()).await.unwrap();
        write(&db, &old, &[("1", "old")]).await;
        let mut new = db.prepare(&TABLE, &code()).await.unwrap();
        write(&db, &new, &[("1", "new")]).await;
        // Indexes are made after the rows, and whoever was killed meanwhile asks for them again.
        db.index(&TABLE.build(new.number)).await.unwrap();
        db.index(&TABLE.build(new.number)).await.unwrap();
        assert_eq!((found(&db, "old").await, found(&db, "new").await), (vec!["1".to_owned()], vec![]));
        db.compared(&mut new, 1).await.unwrap();
        db.switch(&new, false).await.unwrap();
        assert_eq!((found(&db, "old").await, found(&db, "new").await), (vec![], vec!["1".to_owned()]));
        db.discard(&old).await.unwrap();
        assert_eq!(found(&db, "new").await, ["1"]);
    }
}

#[tokio::test]
async fn words_stay_with_their_rows_when_sqlite_is_vacuumed() {
    let scratch = Scratch::new();
    let db = scratch.open().await;
    let live = db.adopt(&TABLE, &code()).await.unwrap();
    write(&db, &live, &[("1", "red"), ("2", "green"), ("3", "blue")]).await;
    let mut batch = db.begin().await.unwrap();
    batch.save(&TABLE.build(live.number), vec![Change { key: key("1"), content: None, position: 2 }]).await.unwrap();
    batch.commit().await.unwrap();
    let mut operator = sqlx::SqliteConnection::connect(&scratch.url).await.unwrap();
    sqlx::query("VACUUM").execute(&mut operator).await.unwrap();
    write(&db, &live, &[("2", "yellow")]).await;
    assert_eq!(found(&db, "blue").await, ["3"]);
    assert_eq!((found(&db, "yellow").await, found(&db, "green").await), (vec!["2".to_owned()], vec![]));
}

async fn write(db: &Database, build: &Build, rows: &[(&str, &str)]) {
    let change = |(id, text): &(&str, &str)| {
        let content = Content { data: "{}".to_owned(), columns: vec![Words::of(text).column().into()] };
        Change { key: key(id), content: Some(content), position: 1 }
    };
    let mut batch = db.begin().await.unwrap();
    batch.save(&TABLE.build(build.number), rows.iter().map(change).collect()).await.unwrap();
    batch.commit().await.unwrap();
}

async fn found(db: &Database, text: &str) -> Vec<String> {
    let shop = "acme".parse().unwrap();
    let filters = vec![Filter::Words("search", Words::of(text))];
    let select = Select { shop: &shop, filters, order: Order::Id, after: None, limit: 10 };
    db.select(&TABLE, select).await.unwrap().documents.into_iter().map(|row| row.key.id).collect()
}

fn key(id: &str) -> RowKey {
    RowKey { shop: "acme".parse().unwrap(), id: id.to_owned() }
}

fn code() -> Code {
    Code { version: 1, fingerprint: "one".to_owned() }
}
