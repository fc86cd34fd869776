//! Checkpoints: moved with the rows, by one engine, on one log.

use crate::scratch::Scratch;
use db::{Advance, Database, Error, Log, ResumeError};

#[tokio::test]
async fn a_projection_starts_at_zero_and_goes_on_where_it_was_committed() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        assert_eq!(db.resume("orders", 1, &log("a", 9)).await.unwrap(), 0);
        advance(&db, 0, 7).await.unwrap();

        let mut dropped = db.begin().await.unwrap();
        dropped.advance(&[Advance { name: "orders", version: 1, from: 7 }], 9).await.unwrap();
        drop(dropped);

        let again = scratch.open().await;
        assert_eq!(again.resume("orders", 1, &log("a", 9)).await.unwrap(), 7);
        assert_eq!(again.position("orders", 1).await.unwrap(), 7);
        assert_eq!(again.resume("orders", 2, &log("a", 9)).await.unwrap(), 0, "another version is another table");
    }
}

#[tokio::test]
async fn of_two_engines_the_one_that_lags_is_refused() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        db.resume("orders", 1, &log("a", 9)).await.unwrap();
        advance(&db, 0, 5).await.unwrap();
        assert!(matches!(advance(&db, 0, 3).await, Err(Error::Moved(name)) if name == "orders"));
        assert_eq!(db.position("orders", 1).await.unwrap(), 5);
    }
}

#[tokio::test]
async fn several_checkpoints_move_together_or_not_at_all() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        for name in ["orders", "stock"] {
            db.resume(name, 1, &log("a", 9)).await.unwrap();
        }
        advance(&db, 0, 5).await.unwrap();
        let both = |orders| {
            [Advance { name: "orders", version: 1, from: orders }, Advance { name: "stock", version: 1, from: 0 }]
        };

        let mut refused = db.begin().await.unwrap();
        let moved = refused.advance(&both(4), 7).await;
        assert!(matches!(&moved, Err(Error::Moved(names)) if names == "orders, stock"), "{moved:?}");
        drop(refused);
        assert_eq!((db.position("orders", 1).await.unwrap(), db.position("stock", 1).await.unwrap()), (5, 0));

        let mut batch = db.begin().await.unwrap();
        batch.advance(&both(5), 7).await.unwrap();
        batch.commit().await.unwrap();
        assert_eq!((db.position("orders", 1).await.unwrap(), db.position("stock", 1).await.unwrap()), (7, 7));
    }
}

#[tokio::test]
async fn another_log_is_refused_with_what_to_do() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        db.resume("orders", 1, &log("a", 9)).await.unwrap();
        advance(&db, 0, 5).await.unwrap();

        let other = db.resume("orders", 1, &log("b", 9)).await;
        assert!(matches!(other, Err(ResumeError::OtherLog { .. })), "{other:?}");
        let cut = db.resume("orders", 1, &log("a", 4)).await;
        assert!(matches!(cut, Err(ResumeError::AheadOfLog { position: 5, head: 4, .. })), "{cut:?}");
        for refused in [other, cut] {
            assert!(refused.unwrap_err().to_string().contains("delete the database to rebuild"));
        }
        assert_eq!(db.resume("orders", 1, &log("a", 5)).await.unwrap(), 5);
    }
}

#[tokio::test]
async fn a_heartbeat_moves_without_events_and_an_error_shows_until_the_next_step() {
    for scratch in Scratch::both() {
        let db = scratch.open().await;
        db.resume("orders", 1, &log("a", 9)).await.unwrap();
        let before = db.checkpoints().await.unwrap().remove(0);
        assert_eq!((before.name.as_str(), before.version, before.position, before.error), ("orders", 1, 0, None));

        db.beat(&[("orders", 1)], Some("the broker is gone")).await.unwrap();
        let standing = db.checkpoints().await.unwrap().remove(0);
        assert!(standing.heartbeat_at > before.heartbeat_at);
        assert_eq!(standing.error.as_deref(), Some("the broker is gone"));

        advance(&db, 0, 1).await.unwrap();
        assert_eq!(db.checkpoints().await.unwrap().remove(0).error, None);
    }
}

async fn advance(db: &Database, from: u64, to: u64) -> Result<(), Error> {
    let mut batch = db.begin().await?;
    batch.advance(&[Advance { name: "orders", version: 1, from }], to).await?;
    batch.commit().await
}

fn log(epoch: &str, head: u64) -> Log {
    Log { epoch: epoch.to_owned(), head }
}
