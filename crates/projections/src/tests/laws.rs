//! One test for all read models: whatever the log holds, and however it is cut.

use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::ground::Ground;
use super::history::{Step, interleaved, log, steps};
use super::world::World;
use crate::ALL;

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_batches_with_crashes_and_restarts_between_give_the_rows_of_one_rebuild(
        steps in steps(),
        cuts in prop::collection::vec((1_usize..20, 0_u8..4), 1..40),
        ground in ground(),
    ) {
        Runtime::new().unwrap().block_on(async {
            let log = log(&steps);
            let mut rebuilt = World::on(ground).await;
            rebuilt.write(&log).await;

            let (mut live, mut rest) = (World::on(ground).await, log.as_slice());
            let mut cuts = cuts.iter().copied().cycle();
            while let Some((size, accident)) = cuts.next().filter(|_| !rest.is_empty()) {
                let (mut batch, later) = rest.split_at(size.min(rest.len()));
                match accident {
                    0 => live.crash(batch).await,
                    1 => live.restart().await,
                    // As when another projection, further behind, needs the events from the start.
                    2 => batch = &log[..log.len() - later.len()],
                    _ => {}
                }
                live.write(batch).await;
                rest = later;
            }
            prop_assert_eq!(live.rows().await, rebuilt.rows().await);
            prop_assert_eq!(live.checksums().await, rebuilt.checksums_of_rows().await);
            Ok(())
        })?;
    }

    #[test]
    fn what_was_folded_is_not_folded_again(steps in steps(), ground in ground()) {
        Runtime::new().unwrap().block_on(async {
            let log = log(&steps);
            let mut world = World::on(ground).await;
            world.write(&log).await;
            let once = world.rows().await;
            world.write(&log).await;
            world.restart().await;
            world.write(&log[log.len() / 2..]).await;
            prop_assert_eq!(world.rows().await, once);
            Ok(())
        })?;
    }

    #[test]
    fn the_order_between_aggregates_does_not_matter(
        steps in steps(),
        seed in any::<Vec<prop::sample::Index>>(),
        ground in ground(),
    ) {
        Runtime::new().unwrap().block_on(async {
            let (mut one, mut other) = (World::on(ground).await, World::on(ground).await);
            one.write(&log(&steps)).await;
            other.write(&log(&interleaved(&steps, &seed))).await;
            prop_assert_eq!(one.contents().await, other.contents().await);
            Ok(())
        })?;
    }

    #[test]
    fn a_fold_of_the_same_events_over_its_own_rows_changes_nothing(steps in steps()) {
        let log = log(&steps);
        for model in ALL {
            let once = model.fold(&log, model.touched(&log, 0), Vec::new()).unwrap().born;
            let held = once.iter().filter_map(super::history::stored).collect();
            let mut twice = model.fold(&log, model.touched(&log, 0), held).unwrap().changes;
            // A row that was removed and stays so is a change to nothing the first time.
            twice.retain(|change| change.content.is_some());
            let once: Vec<_> = once.into_iter().filter(|change| change.content.is_some()).collect();
            prop_assert_eq!(twice, once, "{}", model.name);
        }
    }
}

/// The one costs a file, the other a schema with all its tables.
fn ground() -> impl Strategy<Value = Ground> {
    prop_oneof![4 => Just(Ground::Sqlite), 1 => Just(Ground::Postgres)]
}

#[tokio::test]
async fn events_that_are_not_known_move_the_position_and_nothing_else() {
    let steps: Vec<Step> = (0..200).map(Step::from).collect();
    for ground in Ground::BOTH {
        let mut world = World::on(ground).await;
        world.write(&log(&steps)).await;
        let before = world.rows().await;
        assert!(before.iter().all(|(_, rows)| !rows.is_empty()), "the history reaches every model: {before:?}");

        let end = log(&steps).last().unwrap().position + 50;
        world.pass(end).await;
        assert_eq!(world.rows().await, before);
        let positions = world.db.checkpoints().await.unwrap();
        assert!(positions.iter().all(|checkpoint| checkpoint.position == end), "{positions:?}");
    }
}

#[tokio::test]
async fn both_databases_hold_the_same_rows_in_the_same_order() {
    let steps: Vec<Step> = (0..300).map(Step::from).collect();
    let [mut sqlite, mut postgres] = [World::on(Ground::Sqlite).await, World::on(Ground::Postgres).await];
    for world in [&mut sqlite, &mut postgres] {
        for batch in log(&steps).chunks(70) {
            world.write(batch).await;
        }
    }
    assert_eq!(sqlite.rows().await, postgres.rows().await);
}
