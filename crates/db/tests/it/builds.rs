//! Builds: several tables of a read model beside each other, of which readers see one.

use crate::scratch::{Scratch, TABLE};
use db::{Advance, Build, BuildState, Change, Code, Content, Database, Digest, Error, Log, RowKey, Table};

const LIVE: Table = Table { version: Table::LIVE, ..TABLE };

#[tokio::test]
async fn the_first_build_is_live_and_adopted_again() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        let first = db.adopt(&LIVE, &code(1)).await.unwrap();
        assert_eq!((first.number, first.state), (1, BuildState::Live));
        let again = scratch.open().await;
        assert_eq!(again.adopt(&LIVE, &code(2)).await.unwrap(), first, "whose code it is, is for the engine to judge");
        assert_eq!(db.live_position("things").await.unwrap(), 0);
    }
}

#[tokio::test]
async fn readers_see_another_build_from_the_switch_on_and_the_old_one_stays_for_the_way_back() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        let old = db.adopt(&LIVE, &code(1)).await.unwrap();
        write(&db, &old, "old", 5).await;
        let mut new = db.prepare(&LIVE, &code(1)).await.unwrap();
        write(&db, &new, "new", 5).await;
        assert_eq!(seen(&db).await, "old");
        assert!(matches!(db.switch(&new, false).await, Err(Error::NotReady { .. })), "it was not compared");

        db.compared(&mut new, 3).await.unwrap();
        db.switch(&new, false).await.unwrap();
        assert_eq!(seen(&db).await, "new");
        assert_eq!(states(&db).await, [BuildState::Warm, BuildState::Live]);
        assert_eq!(db.builds().await.unwrap()[1].differences, Some(3));
        db.switch(&old, false).await.unwrap();
        assert_eq!(seen(&db).await, "old");

        assert!(matches!(db.discard(&old).await, Err(Error::NotReady { .. })), "what readers see is not removed");
        db.discard(&new).await.unwrap();
        assert_eq!(states(&db).await, [BuildState::Live]);
    }
}

#[tokio::test]
async fn a_row_is_seen_with_the_position_of_the_build_that_has_it() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        let acme = "acme".parse().unwrap();
        let old = db.adopt(&LIVE, &code(1)).await.unwrap();
        assert_eq!(db.see(&LIVE, &acme, "1").await.unwrap(), (0, None));
        write(&db, &old, "old", 5).await;
        let mut new = db.prepare(&LIVE, &code(1)).await.unwrap();
        write(&db, &new, "new", 8).await;
        let what = |(position, row): (u64, Option<db::Document>)| (position, row.map(|row| row.data));
        let row = seen(&db).await;
        assert_eq!(what(db.see(&LIVE, &acme, "1").await.unwrap()), (5, Some(row)));
        assert_eq!(db.see(&LIVE, &acme, "2").await.unwrap(), (5, None), "where it is not is a position too");
        db.compared(&mut new, 1).await.unwrap();
        db.switch(&new, false).await.unwrap();
        assert_eq!(db.see(&LIVE, &acme, "1").await.unwrap().0, 8);
    }
}

#[tokio::test]
async fn time_does_not_run_backwards_for_readers() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        let live = db.adopt(&LIVE, &code(1)).await.unwrap();
        write(&db, &live, "live", 9).await;
        let mut lagging = db.prepare(&LIVE, &code(1)).await.unwrap();
        write(&db, &lagging, "lagging", 8).await;
        db.compared(&mut lagging, 0).await.unwrap();
        assert!(matches!(db.switch(&lagging, false).await, Err(Error::Behind { position: 8, live: 9, .. })));
        assert_eq!(seen(&db).await, "live");
        db.switch(&lagging, true).await.unwrap();
        assert_eq!(seen(&db).await, "lagging");
    }
}

#[tokio::test]
async fn one_way_back_is_kept() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        db.adopt(&LIVE, &code(1)).await.unwrap();
        for _ in 0..3 {
            let mut next = db.prepare(&LIVE, &code(1)).await.unwrap();
            db.compared(&mut next, 0).await.unwrap();
            db.switch(&next, false).await.unwrap();
        }
        let builds = db.builds().await.unwrap();
        let kept: Vec<(u32, BuildState)> = builds.iter().map(|build| (build.number, build.state)).collect();
        assert_eq!(kept, [(3, BuildState::Warm), (4, BuildState::Live)]);
        let dropped = db.get(&TABLE.build(2), &"acme".parse().unwrap(), "1").await;
        assert!(matches!(dropped, Err(Error::NoTable(_))), "{dropped:?}");
    }
}

#[tokio::test]
async fn a_build_that_moved_on_is_not_moved_by_those_who_saw_it_before() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        let mut one = db.prepare(&LIVE, &code(1)).await.unwrap();
        let mut other = one.clone();
        db.enter(&mut one, BuildState::Replaying).await.unwrap();
        assert!(matches!(db.enter(&mut other, BuildState::Failed).await, Err(Error::Moved(_))));
        db.abort(&one).await.unwrap();
        assert!(matches!(db.enter(&mut one, BuildState::CatchingUp).await, Err(Error::Moved(_))));
        assert_eq!(states(&db).await, [BuildState::Aborted]);
    }
}

#[tokio::test]
async fn a_snapshot_stays_at_its_moment_while_rows_are_written() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        let build = db.adopt(&LIVE, &code(1)).await.unwrap();
        write(&db, &build, "before", 1).await;
        let mut then = db.snapshot().await.unwrap();
        db.discard(&db.prepare(&LIVE, &code(1)).await.unwrap()).await.unwrap();
        let table = TABLE.build(build.number);
        let mut batch = db.begin().await.unwrap();
        batch.save(&table, vec![row("1", "after", 2), row("2", "after", 2)]).await.unwrap();
        batch.commit().await.unwrap();
        let seen = then.scan(&table, None, 10).await.unwrap();
        assert_eq!(seen.iter().map(|row| row.document.data.as_str()).collect::<Vec<_>>(), ["before"]);
        assert_eq!(then.build("things", build.number).await.unwrap().unwrap().position, 1);
        drop(then);
        let mut now = db.snapshot().await.unwrap();
        let first = now.scan(&table, None, 1).await.unwrap().remove(0);
        let rest = now.scan(&table, Some(&first.document.key), 10).await.unwrap();
        assert_eq!((first.document.key.id.as_str(), rest.len()), ("1", 1));
        assert_eq!(rest[0].columns, [db::Value::Integer(7), "red".into()]);
    }
}

#[test]
fn a_checksum_does_not_care_for_the_order_and_cares_for_everything_else() {
    let of = |rows: &[(&str, &str, u64)]| {
        let mut digest = Digest::default();
        rows.iter().for_each(|(id, data, position)| digest.add(&key(id), data, *position));
        digest
    };
    let both = of(&[("1", "a", 1), ("2", "b", 2)]);
    assert_eq!(both, of(&[("2", "b", 2), ("1", "a", 1)]));
    for other in [[("1", "b", 1), ("2", "a", 2)], [("1", "a", 2), ("2", "b", 1)], [("12", "a", 1), ("", "b", 2)]] {
        assert_ne!(both, of(&other), "{other:?}");
    }
    let mut less = both;
    less.remove(&key("2"), "b", 2);
    assert_eq!(less, of(&[("1", "a", 1)]));
}

async fn write(db: &Database, build: &Build, data: &str, position: u64) {
    let log = Log { epoch: "test".to_owned(), head: u64::MAX };
    db.resume(&build.name, build.number, &log).await.unwrap();
    let mut batch = db.begin().await.unwrap();
    batch.save(&TABLE.build(build.number), vec![row("1", data, position)]).await.unwrap();
    batch.advance(&[Advance { name: &build.name, version: build.number, from: 0 }], position).await.unwrap();
    batch.commit().await.unwrap();
}

async fn seen(db: &Database) -> String {
    db.get(&LIVE, &"acme".parse().unwrap(), "1").await.unwrap().unwrap().data
}

async fn states(db: &Database) -> Vec<BuildState> {
    db.builds().await.unwrap().into_iter().map(|build| build.state).collect()
}

fn code(version: u32) -> Code {
    Code { version, fingerprint: "f".to_owned() }
}

fn key(id: &str) -> RowKey {
    RowKey { shop: "acme".parse().unwrap(), id: id.to_owned() }
}

fn row(id: &str, data: &str, position: u64) -> Change {
    let content = Content { data: data.to_owned(), columns: vec![db::Value::Integer(7), "red".into()] };
    Change { key: key(id), content: Some(content), position }
}
