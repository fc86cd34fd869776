//! Searches while the rows are still those of a version that had no index of words.

use db::{Column, Database, Value};
use events::{
    AggregateKey, AggregateKind, DomainEvents, Event, ProductCreated, ProductDescription, ProductEvent, Recorded,
};
use testkit::{Fixture, RawPublisher};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::engine::{PATIENCE, append, engine};
use super::fixtures::{acme, as_of, minute, page};
use super::ground::Ground;
use super::history::recorded;
use crate::products::{self, Products};
use crate::{Projection, ReadModel};

/// `products` as its first version was.
struct OldProducts;

impl Projection for OldProducts {
    const NAME: &'static str = Products::NAME;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] =
        &[Column::integer("visible"), Column::integer("product_id"), Column::text("search")];
    const INDEXES: &'static [&'static [&'static str]] = Products::INDEXES;
    const KINDS: &'static [AggregateKind] = Products::KINDS;

    type Row = <Products as Projection>::Row;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        Products::keys(event)
    }

    fn project(id: &str, row: Option<Self::Row>, event: &Recorded<Event>) -> Option<Self::Row> {
        Products::project(id, row, event)
    }

    fn columns(row: &Self::Row) -> Vec<Value> {
        let mut columns = Products::columns(row);
        columns[2] = Value::from("caf\u{e9} cup\nthe potter");
        columns
    }
}

const TITLES: [&str; 5] = ["Caf\u{e9} cup", "Saucer", "Cup for caf\u{e9}s", "Cup", "CAFE-CUP 7"];

#[tokio::test]
async fn products_are_found_before_and_while_and_after_the_index_is_made() {
    for ground in Ground::BOTH {
        let fixture = Fixture::single(&[]).await;
        let publisher = RawPublisher::connect(&fixture.url()).await;
        for (id, title) in (1..).zip(TITLES) {
            append(&publisher, &created(id, title)).await;
        }
        let place = ground.place();
        let db = place.open("live").await;
        engine(&db, &fixture.broker, &[ReadModel::of::<OldProducts>()]).await.step().await.unwrap();
        assert_answers(&db).await;

        let model = ReadModel::of::<Products>();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(engine(&db, &fixture.broker, &[model]).await.run(shutdown.clone()));
        let renewed = async {
            while db.live(Products::NAME).await.unwrap().unwrap().code != model.code() {
                assert_answers(&db).await;
            }
        };
        timeout(PATIENCE, renewed).await.unwrap();
        assert_answers(&db).await;
        shutdown.cancel();
        timeout(PATIENCE, running).await.unwrap().unwrap();
    }
}

async fn assert_answers(db: &Database) {
    for (text, ids) in [
        ("cafe", vec!["5", "3", "1"]),
        ("cup caf\u{e9}", vec!["5", "3", "1"]),
        ("cup", vec!["5", "4", "3", "1"]),
        ("sau", vec!["2"]),
        ("aucer", vec![]),
        ("%", vec![]),
    ] {
        assert_eq!(found(db, text, 10).await.concat(), ids, "{text}");
        let pages = found(db, text, 2).await;
        assert_eq!(pages.concat(), ids, "{text}");
        assert!(pages.iter().all(|page| page.len() <= 2) && pages.len() <= ids.len().div_ceil(2).max(1), "{pages:?}");
    }
}

/// Page by page.
async fn found(db: &Database, text: &str, limit: u32) -> Vec<Vec<String>> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let listed = products::search(db, &acme(), Some(text), page(limit, after)).await.unwrap();
        pages.push(listed.data.into_iter().map(|product| product.view.product.id).collect());
        after = listed.next_cursor;
        if after.is_none() {
            return pages;
        }
    }
}

fn created(id: u64, title: &str) -> Recorded<Event> {
    let description = ProductDescription { title: title.to_owned(), ..ProductDescription::default() };
    let created = ProductCreated { at: minute(0), as_of: as_of(0), description };
    recorded(id, AggregateKey::new(AggregateKind::Product, &acme(), id), ProductEvent::from(created).into_event())
}
