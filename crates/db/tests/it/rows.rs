//! Rows: written in batches, read by key, by column and by page.

use std::time::Duration;

use crate::scratch::{Scratch, TABLE};
use db::{Change, Content, Cursor, Database, Error, Filter, Order, RowKey, Select, Table, Value};
use events::Shop;
use futures::future::join_all;
use tokio::time::timeout;

#[tokio::test]
async fn a_committed_row_is_found_by_key_and_a_dropped_batch_never_was() {
    for (_scratch, db) in ready().await {
        let mut batch = db.begin().await.unwrap();
        batch.save(&TABLE, vec![row("acme", "1", 10, "red")]).await.unwrap();
        drop(batch);
        assert_eq!(db.get(&TABLE, &shop("acme"), "1").await.unwrap(), None);

        save(&db, vec![row("acme", "1", 10, "red")]).await;
        let found = db.get(&TABLE, &shop("acme"), "1").await.unwrap().unwrap();
        assert_eq!((found.data.as_str(), found.position), (r#"{"id":"1"}"#, 10));
        assert_eq!(db.get(&TABLE, &shop("other"), "1").await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_batch_loads_only_the_rows_there_are_of_every_shop() {
    for (_scratch, db) in ready().await {
        save(&db, (0..120).map(|n| row("acme", &n.to_string(), n, "red")).collect()).await;
        save(&db, vec![row("other", "7", 7, "red")]).await;
        let mut batch = db.begin().await.unwrap();
        let keys = [key("acme", "5"), key("acme", "119"), key("acme", "none"), key("other", "7"), key("other", "5")];
        let mut found: Vec<RowKey> = batch.load(&TABLE, &keys).await.unwrap().into_iter().map(|row| row.key).collect();
        found.sort();
        assert_eq!(found, [key("acme", "119"), key("acme", "5"), key("other", "7")]);
    }
}

#[tokio::test]
async fn a_change_overwrites_the_columns_and_none_removes_the_row() {
    for (_scratch, db) in ready().await {
        save(&db, vec![row("acme", "1", 1, "red"), row("acme", "2", 1, "red")]).await;
        let removed = Change { key: key("acme", "2"), content: None, position: 3 };
        save(&db, vec![row("acme", "1", 3, "blue"), removed]).await;
        assert_eq!(ids(&db, vec![Filter::Equals("colour", "red".into())]).await, [""; 0]);
        assert_eq!(ids(&db, vec![Filter::Equals("colour", "blue".into())]).await, ["1"]);
        assert_eq!(ids(&db, Vec::new()).await, ["1"]);
    }
}

#[tokio::test]
async fn pages_show_every_row_once_and_the_greatest_first() {
    for (_scratch, db) in ready().await {
        // Many equal values: the id decides between them.
        save(&db, (0..25).map(|n| row("acme", &format!("{n:02}"), n / 10, "red")).collect()).await;
        let (acme, mut seen, mut after) = (shop("acme"), Vec::new(), None::<Cursor>);
        loop {
            let select = Select { order: Order::Descending("size"), after, limit: 4, ..every(&acme) };
            let page = db.select(&TABLE, select).await.unwrap();
            assert!(page.documents.len() <= 4);
            seen.extend(page.documents.into_iter().map(|row| row.key.id));
            let Some(next) = page.next else { break };
            after = Some(next.to_string().parse().unwrap());
        }
        let mut expected: Vec<String> = (0..25).map(|n| format!("{n:02}")).collect();
        expected.reverse();
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn filters_bind_hostile_text_as_text() {
    for (_scratch, db) in ready().await {
        let hostile = "100%_o'; DROP TABLE things_v1; --";
        save(&db, vec![row("acme", "1", 1, hostile), row("acme", "2", 2, "plain 100"), row("acme", "3", 3, "100x")])
            .await;
        assert_eq!(ids(&db, vec![Filter::Equals("colour", hostile.into())]).await, ["1"]);
        assert_eq!(ids(&db, vec![Filter::AtLeast("size", 2), Filter::Below("size", 3)]).await, ["2"]);
        assert_eq!(ids(&db, vec![Filter::Equals("colour", Value::Null)]).await, [""; 0]);
    }
}

#[tokio::test]
async fn rows_of_many_keys_and_of_many_numbers_are_found_at_once() {
    for (_scratch, db) in ready().await {
        save(&db, vec![row("acme", "1", 1, "red"), row("acme", "2", 2, "red"), row("acme", "3", 2, "red")]).await;
        save(&db, vec![row("other", "1", 1, "red")]).await;
        let keys = [key("acme", "1"), key("acme", "none"), key("other", "1"), key("other", "2")];
        let mut found: Vec<RowKey> = db.get_all(&TABLE, &keys).await.unwrap().into_iter().map(|row| row.key).collect();
        found.sort();
        assert_eq!(found, [key("acme", "1"), key("other", "1")]);
        assert_eq!(ids(&db, vec![Filter::Among("size", vec![2, 9])]).await, ["2", "3"]);
        assert_eq!(ids(&db, vec![Filter::Among("size", Vec::new())]).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_column_that_is_not_declared_is_refused() {
    for (_scratch, db) in ready().await {
        let filters = vec![Filter::AtLeast("position", 0)];
        let asked = db.select(&TABLE, Select { filters, ..every(&shop("acme")) }).await;
        assert!(matches!(asked, Err(Error::NoColumn { column: "position", .. })), "{asked:?}");
    }
}

#[tokio::test]
async fn other_columns_need_another_version() {
    for (_scratch, db) in ready().await {
        let differs = Table { columns: &[], indexes: &[], ..TABLE };
        assert!(matches!(db.ensure(&differs).await, Err(Error::TableDiffers(name)) if name == "things_v1"));
        db.ensure(&Table { version: 2, ..differs }).await.unwrap();
    }
}

#[tokio::test]
async fn a_table_that_was_never_made_has_an_error_of_its_own() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        let asked = db.get(&TABLE, &shop("acme"), "1").await;
        assert!(matches!(&asked, Err(Error::NoTable(name)) if name == "things_v1"), "{asked:?}");
    }
}

#[tokio::test]
async fn rows_are_there_after_a_restart_on_the_same_file() {
    for (scratch, db) in ready().await {
        save(&db, vec![row("acme", "1", 1, "red")]).await;
        // Not closed: as after kill -9.
        let again = scratch.open().await;
        again.ensure(&TABLE).await.unwrap();
        assert!(again.get(&TABLE, &shop("acme"), "1").await.unwrap().is_some());
    }
}

/// More of them at once than there are connections, and most are given up halfway.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_that_are_given_up_take_nothing_from_the_others() {
    for (_scratch, db) in ready().await {
        save(&db, (0..3_000).map(|n| row("acme", &n.to_string(), n, "red")).collect()).await;
        let acme = shop("acme");
        for round in 0..40_u64 {
            let all = (0..24).map(|n| timeout(Duration::from_micros(n * 250), db.select(&TABLE, every(&acme))));
            for done in join_all(all).await.into_iter().flatten() {
                assert_eq!(done.unwrap().documents.len(), 3_000);
            }
            let id = (round * 71).to_string();
            let found = timeout(Duration::from_secs(10), db.get(&TABLE, &acme, &id)).await.unwrap().unwrap();
            assert_eq!(found.map(|row| row.data), Some(format!(r#"{{"id":"{id}"}}"#)));
        }
    }
}

#[tokio::test]
async fn a_read_of_a_closed_database_is_an_error() {
    for (_scratch, db) in ready().await {
        let other = db.clone();
        tokio::join!(db.close(), other.close());
        let read = timeout(Duration::from_secs(10), db.get(&TABLE, &shop("acme"), "1")).await.unwrap();
        assert!(read.is_err(), "{read:?}");
    }
}

/// One of each kind of database, with the table.
async fn ready() -> Vec<(Scratch, Database)> {
    let mut ready = Vec::new();
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        db.ensure(&TABLE).await.unwrap();
        ready.push((scratch, db));
    }
    ready
}

async fn save(db: &Database, changes: Vec<Change>) {
    let mut batch = db.begin().await.unwrap();
    batch.save(&TABLE, changes).await.unwrap();
    batch.commit().await.unwrap();
}

async fn ids(db: &Database, filters: Vec<Filter>) -> Vec<String> {
    let page = db.select(&TABLE, Select { filters, ..every(&shop("acme")) }).await.unwrap();
    page.documents.into_iter().map(|row| row.key.id).collect()
}

fn every(shop: &Shop) -> Select<'_> {
    Select { shop, filters: Vec::new(), order: Order::Id, after: None, limit: u32::MAX }
}

fn shop(name: &str) -> Shop {
    name.parse().unwrap()
}

fn key(shop: &str, id: &str) -> RowKey {
    RowKey { shop: shop.parse().unwrap(), id: id.to_owned() }
}

fn row(shop: &str, id: &str, size: u64, colour: &str) -> Change {
    let columns = vec![Value::Integer(size.cast_signed()), colour.into()];
    let content = Some(Content { data: format!(r#"{{"id":"{id}"}}"#), columns });
    Change { key: key(shop, id), content, position: size }
}
