//! Rebuilds beside a live engine, on both kinds of database.

use std::collections::BTreeSet;

use db::{BuildState, Change, Code, Content, Database, RowKey};
use events::{AggregateKey, AggregateKind, DomainEvents, Event, OrderEvent, OrderId, Recorded};
use testkit::{Fixture, RawPublisher};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::engine::{PATIENCE, append, engine};
use super::fixtures::{acme, placed};
use super::ground::{Ground, Place};
use super::history::{Step, log, recorded};
use super::world::{models, rows};
use crate::{Comparison, DifferenceKind, Engine, EngineError, ReadModel, Rebuild, lineage, orders, position, switch};

const EVENTS: u32 = 240;

/// A log, and a database in which an engine has folded it.
struct Scene {
    fixture: Fixture,
    publisher: RawPublisher,
    _place: Place,
    db: Database,
    engine: Engine,
}

impl Scene {
    async fn on(ground: Ground) -> Self {
        let fixture = Fixture::single(&[]).await;
        let publisher = RawPublisher::connect(&fixture.url()).await;
        for event in log(&(0..EVENTS).map(Step::from).collect::<Vec<_>>()) {
            append(&publisher, &event).await;
        }
        let place = ground.place();
        let db = place.open("live").await;
        let mut engine = engine(&db, &fixture.broker, &models()).await;
        engine.step().await.unwrap();
        Self { fixture, publisher, _place: place, db, engine }
    }

    async fn rebuild(&self) -> Rebuild {
        Rebuild::open(&self.db, &self.fixture.broker, &models()).await.unwrap().in_batches_of(16)
    }

    async fn verify(&self, models: &[ReadModel]) -> Vec<Comparison> {
        let mut rebuild = Rebuild::open_to_verify(&self.db, &self.fixture.broker, models).await.unwrap();
        rebuild.run(&mut |_| {}).await.unwrap();
        let comparisons = rebuild.compare(20).await.unwrap();
        rebuild.discard().await.unwrap();
        comparisons
    }

    async fn states(&self, name: &str) -> Vec<(u32, BuildState)> {
        let builds = self.db.builds().await.unwrap().into_iter().filter(|build| build.name == name);
        builds.map(|build| (build.number, build.state)).collect()
    }
}

#[tokio::test]
async fn a_rebuild_that_is_killed_again_and_again_ends_in_the_live_rows() {
    for ground in Ground::BOTH {
        let scene = Scene::on(ground).await;
        let live = rows(&scene.db).await;
        let mut reached = Vec::new();
        for batches in [2, 3, 1] {
            // It dies at the commit of some batch, and all that it knew with it.
            let mut rebuild = scene.rebuild().await;
            let (told, mut news) = tokio::sync::mpsc::unbounded_channel();
            let mut tell = move |progress| told.send(progress).unwrap();
            tokio::select! {
                ended = rebuild.run(&mut tell) => panic!("it came to its end: {ended:?}"),
                () = async { for _ in 0..batches { reached.push(news.recv().await.unwrap().position); } } => {}
            }
            assert_eq!(rows(&scene.db).await, live, "readers see the live build");
        }
        assert!(reached.windows(2).all(|pair| pair[0] < pair[1]), "it went on where it was: {reached:?}");

        let mut rebuild = scene.rebuild().await;
        assert!(rebuild.builds().iter().all(|build| build.number == 2 && build.state == BuildState::Replaying));
        rebuild.run(&mut |_| {}).await.unwrap();
        let comparisons = rebuild.compare(20).await.unwrap();
        assert!(comparisons.iter().all(|found| found.differences == 0 && found.checksum_holds), "{comparisons:?}");
        assert!(comparisons.iter().all(|found| found.rows == found.live_rows && found.rows > 0), "{comparisons:?}");
        rebuild.settle(&comparisons).await.unwrap();
        let builds = scene.db.builds().await.unwrap();
        for pair in builds.chunks(2) {
            assert_eq!((pair[0].digest, pair[0].position), (pair[1].digest, pair[1].position), "{}", pair[0].name);
        }
        assert_eq!(rows(&scene.db).await, live);
    }
}

#[tokio::test]
async fn what_was_rebuilt_is_followed_switched_to_and_back() {
    for ground in Ground::BOTH {
        let mut scene = Scene::on(ground).await;
        let mut rebuild = scene.rebuild().await;
        rebuild.run(&mut |_| {}).await.unwrap();
        let comparisons = rebuild.compare(0).await.unwrap();
        rebuild.settle(&comparisons).await.unwrap();

        append(&scene.publisher, &order(501)).await;
        let mut engine = engine(&scene.db, &scene.fixture.broker, &models()).await;
        let head = engine.step().await.unwrap();
        for build in rebuild.builds() {
            scene.db.switch(build, false).await.unwrap();
        }
        assert_eq!(scene.states("orders").await, [(1, BuildState::Warm), (2, BuildState::Live)]);
        assert_eq!(position(&scene.db, orders::READS).await.unwrap(), head, "it was kept up to date before");
        assert!(found(&scene.db, 501).await);

        append(&scene.publisher, &order(502)).await;
        engine.step().await.unwrap();
        let there = rows(&scene.db).await;
        for build in scene.db.builds().await.unwrap().iter().filter(|build| build.state == BuildState::Warm) {
            scene.db.switch(build, false).await.unwrap();
        }
        assert_eq!(rows(&scene.db).await, there, "the old one was kept warm");
        assert!(found(&scene.db, 502).await);
        assert_eq!(scene.states("orders").await, [(1, BuildState::Live), (2, BuildState::Warm)]);
        scene.engine = engine;
        assert!(scene.verify(&models()).await.iter().all(|found| found.differences == 0));
        assert_eq!(
            scene.states("orders").await,
            [(1, BuildState::Live), (2, BuildState::Warm)],
            "nothing is left of it"
        );
    }
}

#[tokio::test]
async fn a_row_changed_by_hand_is_found_and_named_with_the_events_behind_it() {
    for ground in Ground::BOTH {
        let scene = Scene::on(ground).await;
        let model = *models().iter().find(|model| model.name == "orders").unwrap();
        assert!(scene.verify(&[model]).await[0].checksum_holds);
        let victim = rows(&scene.db).await.into_iter().find(|(name, _)| *name == "orders").unwrap().1.remove(0);
        let content = Content { data: victim.data.replace(':', ": "), columns: vec![db::Value::Null; 5] };
        let stranger = RowKey { id: "9999".to_owned(), ..victim.key.clone() };
        let changes = [victim.key.clone(), stranger.clone()];
        let changes = changes.map(|key| Change { key, content: Some(content.clone()), position: victim.position });
        let mut batch = scene.db.begin().await.unwrap();
        batch.save(&model.table.build(1), changes.into()).await.unwrap();
        batch.commit().await.unwrap();

        let found = scene.verify(&[model]).await.remove(0);
        assert_eq!((found.differences, found.checksum_holds), (2, false));
        let named: Vec<&RowKey> = found.shown.iter().map(|difference| &difference.key).collect();
        assert!(named.contains(&&victim.key) && named.contains(&&stranger), "{named:?}");
        for difference in &found.shown {
            match &difference.kind {
                DifferenceKind::Surplus => assert_eq!(difference.key, stranger),
                DifferenceKind::Other(fields) => assert!(fields.contains(&"column visible".to_owned()), "{fields:?}"),
                DifferenceKind::Missing => panic!("{difference:?}"),
            }
        }
        let keys = BTreeSet::from([victim.key.clone(), stranger.clone()]);
        let behind = lineage(&scene.fixture.broker, &model, &keys, found.position).await.unwrap();
        let events = &behind[&victim.key];
        assert_eq!(events.last().unwrap().position, victim.position);
        assert!(events.iter().all(|event| event.aggregate == format!("order/{}", victim.key.id)), "{events:?}");
        assert!(behind[&stranger].is_empty());
    }
}

#[tokio::test]
async fn a_live_system_is_compared_and_switched_without_being_stopped() {
    for ground in Ground::BOTH {
        let Scene { fixture, publisher, db, engine, _place } = Scene::on(ground).await;
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(engine.run(shutdown.clone()));
        let load = tokio::spawn(async move {
            for id in 1_000.. {
                append(&publisher, &order(id)).await;
                sleep(std::time::Duration::from_millis(2)).await;
            }
        });
        let before = position(&db, orders::READS).await.unwrap();
        let mut rebuild = Rebuild::open_to_verify(&db, &fixture.broker, &models()).await.unwrap();
        rebuild.run(&mut |_| {}).await.unwrap();
        let comparisons = rebuild.compare(20).await.unwrap();
        assert!(comparisons.iter().all(|found| found.differences == 0 && found.checksum_holds), "{comparisons:?}");
        let last = comparisons.iter().map(|found| found.position).max().unwrap();
        assert!(last > before, "the live one went on meanwhile: {before} {last}");

        rebuild.settle(&comparisons).await.unwrap();
        for build in rebuild.builds() {
            switch(&db, build, false).await.unwrap();
        }
        crate::wait_for(&db, orders::READS, last + 20, PATIENCE).await.unwrap();
        load.abort();
        shutdown.cancel();
        timeout(PATIENCE, running).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn rows_of_other_code_of_the_same_version_are_not_gone_on_with() {
    let fixture = Fixture::single(&[]).await;
    let place = Ground::Sqlite.place();
    let db = place.open("live").await;
    let model = ReadModel::of::<orders::Orders>();
    let code = Code { fingerprint: "other".to_owned(), ..model.code() };
    db.adopt(&model.table, &code).await.unwrap();
    let refused = Engine::open(db.clone(), fixture.broker.clone(), &[model]).await.err().unwrap();
    assert!(matches!(refused, db::Error::OtherCode { .. }), "{refused}");
    assert!(refused.to_string().contains("tillstream projections rebuild orders --switch"));

    let mut rebuild = Rebuild::open(&db, &fixture.broker, &[model]).await.unwrap();
    rebuild.run(&mut |_| {}).await.unwrap();
    let comparisons = rebuild.compare(0).await.unwrap();
    rebuild.settle(&comparisons).await.unwrap();
    db.switch(&rebuild.builds()[0], false).await.unwrap();
    Engine::open(db, fixture.broker.clone(), &[model]).await.unwrap();
}

#[tokio::test]
async fn rows_of_a_newer_version_are_left_to_a_newer_binary() {
    let fixture = Fixture::single(&[]).await;
    let place = Ground::Sqlite.place();
    let db = place.open("live").await;
    let model = ReadModel::of::<orders::Orders>();
    db.adopt(&model.table, &Code { version: model.version + 1, ..model.code() }).await.unwrap();
    let refused = Engine::open(db, fixture.broker.clone(), &[model]).await.err().unwrap();
    assert!(matches!(refused, db::Error::NewerCode { .. }), "{refused}");
}

#[tokio::test]
async fn a_new_version_is_made_beside_the_old_one_and_shown_when_it_is_whole() {
    for ground in Ground::BOTH {
        let fixture = Fixture::single(&[]).await;
        let publisher = RawPublisher::connect(&fixture.url()).await;
        append(&publisher, &order(1)).await;
        let place = ground.place();
        let db = place.open("live").await;
        let model = ReadModel::of::<orders::Orders>();
        db.adopt(&model.table, &Code { version: 0, ..model.code() }).await.unwrap();
        let shutdown = CancellationToken::new();
        let engine = Engine::open(db.clone(), fixture.broker.clone(), &[model]).await.unwrap();
        let running = tokio::spawn(engine.run(shutdown.clone()));
        let renewed = async {
            while !(found(&db, 1).await && db.live("orders").await.unwrap().unwrap().code == model.code()) {
                sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, renewed).await.unwrap();
        append(&publisher, &order(2)).await;
        crate::wait_for(&db, orders::READS, 2, PATIENCE).await.unwrap();
        assert!(found(&db, 2).await);
        shutdown.cancel();
        timeout(PATIENCE, running).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_rebuild_that_is_aborted_ends_and_leaves_the_live_one_alone() {
    let scene = Scene::on(Ground::Sqlite).await;
    let live = rows(&scene.db).await;
    let mut rebuild = scene.rebuild().await;
    let victim = rebuild.builds()[0].clone();
    let db = scene.db.clone();
    let (told, mut news) = tokio::sync::mpsc::unbounded_channel();
    let mut tell = move |progress| told.send(progress).unwrap();
    let abort = async {
        news.recv().await.unwrap();
        let mut builds = db.builds().await.unwrap().into_iter();
        let build = builds.rfind(|build| build.name == victim.name).unwrap();
        db.abort(&build).await.unwrap();
    };
    let (ended, ()) = tokio::join!(rebuild.run(&mut tell), abort);
    assert!(matches!(ended, Err(EngineError::Database(_))), "{ended:?}");
    assert_eq!(rows(&scene.db).await, live);
    assert_eq!(scene.states(&victim.name).await, [(1, BuildState::Live), (2, BuildState::Aborted)]);
    scene.rebuild().await.run(&mut |_| {}).await.unwrap();
}

/// `order.placed`.
fn order(id: u64) -> Recorded<Event> {
    let key = AggregateKey::new(AggregateKind::Order, &acme(), id);
    recorded(10_000 + id, key, OrderEvent::from(placed(0, None)).into_event())
}

async fn found(db: &Database, id: u64) -> bool {
    orders::get(db, &acme(), OrderId::new(id).unwrap()).await.unwrap().is_some()
}
