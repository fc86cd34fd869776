//! Earning, spending, refunding and expiring, one after another.

use aggregates::{LoyaltyCommand, Program, RedemptionError};
use events::{CustomerId, LoyaltyEvent};

use super::story::{Story, at, types};

#[test]
fn a_first_order_enrolls_and_earns_and_a_repetition_says_nothing() {
    let mut story = Story::default();
    assert_eq!(types(&story.order(1, 0, 10_050, 0)), ["loyalty.enrolled", "loyalty.points_earned"]);
    assert!(story.order(1, 1, 10_050, 0).is_empty());
    assert_eq!(story.balance(), (100, 0));
}

#[test]
fn an_order_that_gives_nothing_opens_no_account() {
    let mut story = Story::default();
    assert!(story.order(1, 0, 99, 0).is_empty());
    assert!(story.settle(2, None, 0).is_empty());
}

#[test]
fn a_purchase_spent_and_refunded_leaves_a_debt_that_the_next_purchase_pays() {
    let mut story = Story::default();
    story.order(1, 0, 10_000, 0);
    story.hold("a", 60, 1).unwrap();
    story.complete("a", 1).unwrap();
    story.order(1, 2, 10_000, 10_000);
    assert_eq!(story.balance(), (-60, 0));
    assert_eq!(story.hold("b", 1, 3), Err(RedemptionError::Insufficient { points: 1, available: -60 }));
    story.order(2, 4, 8_000, 0);
    assert_eq!((story.balance(), story.lots()), ((20, 0), vec![(1, 0), (2, 20)]));
}

#[test]
fn a_refund_is_taken_from_its_own_lot_and_then_from_others() {
    let mut story = Story::default();
    story.order(1, 0, 10_000, 0);
    story.order(2, 1, 10_000, 0);
    story.hold("a", 100, 2).unwrap();
    assert_eq!(story.lots(), [(1, 0), (2, 100)], "the first to expire is spent first");
    story.order(1, 3, 10_000, 3_000);
    assert_eq!(story.lots(), [(1, 0), (2, 70)]);
    story.order(2, 4, 10_000, 5_000);
    assert_eq!(story.lots(), [(1, 0), (2, 20)]);
}

#[test]
fn a_refund_in_the_pending_time_takes_pending_points() {
    let mut story = Story::with(Program { pending_days: 14, ..Program::default() });
    story.order(1, 0, 10_000, 0);
    assert_eq!(story.balance(), (0, 100));
    assert!(matches!(story.hold("a", 1, 1), Err(RedemptionError::Insufficient { available: 0, .. })));
    story.order(1, 2, 10_000, 2_500);
    assert_eq!(story.balance(), (0, 75));
    assert!(story.advance(13).is_empty());
    assert_eq!(types(&story.advance(14)), ["loyalty.points_activated"]);
    assert!(story.advance(14).is_empty());
    assert_eq!(story.balance(), (75, 0));
}

#[test]
fn points_expire_once_and_a_late_refund_does_not_take_them_again() {
    let mut story = Story::with(Program { validity_days: 30, ..Program::default() });
    story.order(1, 0, 10_000, 0);
    story.hold("a", 40, 1).unwrap();
    story.complete("a", 2).unwrap();
    assert_eq!(types(&story.advance(31)), ["loyalty.points_expired"]);
    assert!(story.advance(32).is_empty());
    assert_eq!(story.balance(), (0, 0));
    // 60 had expired: nobody has them. 40 were spent: they are owed.
    story.order(1, 33, 10_000, 10_000);
    assert_eq!(story.balance(), (-40, 0));
}

#[test]
fn a_hold_does_not_spend_what_has_expired_though_its_timer_is_late() {
    let mut story = Story::with(Program { validity_days: 30, ..Program::default() });
    story.order(1, 0, 10_000, 0);
    story.order(2, 10, 5_000, 0);
    assert!(matches!(story.hold("a", 60, 31), Err(RedemptionError::Insufficient { available: 50, .. })));
    assert_eq!(types(&story.hold("a", 50, 31).unwrap()), ["loyalty.points_expired", "loyalty.points_held"]);
}

#[test]
fn a_cancelled_redemption_gives_the_points_back_to_their_lots_with_their_old_expiry() {
    let mut story = Story::with(Program { validity_days: 30, ..Program::default() });
    story.order(1, 0, 10_000, 0);
    story.order(2, 10, 10_000, 0);
    story.hold("a", 150, 11).unwrap();
    assert_eq!(story.lots(), [(1, 0), (2, 50)]);
    story.cancel("a", 12).unwrap();
    assert_eq!(story.lots(), [(1, 100), (2, 100)]);
    story.advance(30);
    assert_eq!(story.lots(), [(1, 0), (2, 100)]);
}

#[test]
fn points_that_come_back_after_their_expiry_expire_at_the_next_moment() {
    let mut story = Story::with(Program { validity_days: 30, hold_hours: 0, ..Program::default() });
    story.order(1, 0, 10_000, 0);
    story.hold("a", 100, 29).unwrap();
    assert!(story.advance(30).is_empty(), "held points do not expire");
    story.cancel("a", 31).unwrap();
    assert_eq!(story.account.due(super::story::order(1)), Some(at(30)));
    story.advance(31);
    assert_eq!(story.balance(), (0, 0));
}

#[test]
fn a_hold_that_nobody_ends_gives_its_points_back_when_its_time_is_over() {
    let mut story = Story::with(Program { hold_hours: 48, ..Program::default() });
    story.order(1, 0, 10_000, 0);
    story.hold("forgotten", 60, 1).unwrap();
    story.hold("spent", 30, 1).unwrap();
    story.complete("spent", 2).unwrap();
    let lapses_at = |key: &str| story.account.lapses_at(&super::story::redemption(key), &story.program);
    assert_eq!((lapses_at("forgotten"), lapses_at("spent")), (Some(at(3)), None));
    assert!(story.advance(2).is_empty());
    let lapsed = story.advance(5);
    assert!(matches!(&lapsed[..], [LoyaltyEvent::RedemptionReversed(told)] if told.at == at(3)), "{lapsed:?}");
    assert!(story.advance(6).is_empty());
    assert_eq!((story.balance(), story.complete("forgotten", 6)), ((70, 0), Err(RedemptionError::Cancelled)));
}

#[test]
fn points_expire_between_their_redemption_and_its_refund_and_are_not_taken_twice() {
    let mut story = Story::with(Program { validity_days: 30, hold_hours: 0, ..Program::default() });
    story.order(1, 0, 10_000, 0);
    story.hold("a", 40, 1).unwrap();
    story.advance(30);
    story.cancel("a", 31).unwrap();
    story.advance(31);
    story.order(1, 32, 10_000, 10_000);
    assert_eq!(story.balance(), (0, 0));
}

#[test]
fn every_phase_may_be_repeated_and_none_can_be_undone() {
    let mut story = Story::default();
    story.order(1, 0, 10_000, 0);
    for key in ["spent", "back"] {
        story.hold(key, 30, 1).unwrap();
        assert!(story.hold(key, 30, 2).unwrap().is_empty());
        assert_eq!(story.hold(key, 31, 2), Err(RedemptionError::Different));
    }
    assert_eq!(types(&story.complete("spent", 3).unwrap()), ["loyalty.points_redeemed"]);
    assert_eq!(types(&story.cancel("back", 3).unwrap()), ["loyalty.redemption_reversed"]);
    assert!(story.complete("spent", 4).unwrap().is_empty() && story.cancel("back", 4).unwrap().is_empty());
    assert_eq!(story.cancel("spent", 5), Err(RedemptionError::Completed));
    assert_eq!(story.complete("back", 5), Err(RedemptionError::Cancelled));
    assert_eq!(story.complete("unheard", 5), Err(RedemptionError::Unknown));
    assert_eq!(story.hold("none", 0, 5), Err(RedemptionError::Nothing));
    assert_eq!(story.balance(), (70, 0));
}

#[test]
fn the_terms_of_an_order_stay_those_of_its_first_points() {
    let mut story = Story::default();
    story.order(1, 0, 10_000, 0);
    story.program.rate = 5.into();
    assert!(story.order(1, 1, 10_000, 0).is_empty());
    story.order(1, 2, 10_000, 5_000);
    assert_eq!(story.balance(), (50, 0));
}

#[test]
fn a_merged_customer_takes_lots_holds_and_debts_along_once() {
    let (mut old, mut new) = (Story::default(), Story::default());
    old.order(1, 0, 10_000, 0);
    old.hold("done", 30, 1).unwrap();
    old.complete("done", 1).unwrap();
    old.hold("open", 20, 1).unwrap();
    new.order(2, 0, 1_000, 0);
    let customer = |id| CustomerId::new(id).unwrap();
    old.tell(LoyaltyCommand::Close { into: customer(8), at: at(2) }).unwrap();
    assert!(old.order(1, 3, 10_000, 10_000).is_empty(), "a closed account does not change");
    assert_eq!(old.hold("late", 1, 3), Err(RedemptionError::Closed { into: customer(8) }));
    let absorb = LoyaltyCommand::Absorb {
        from: customer(7),
        closed: Box::new(old.account.clone()),
        program: Program::default(),
        at: at(2),
    };
    let absorbed = new.tell(absorb.clone()).unwrap();
    assert!(matches!(&absorbed[..], [LoyaltyEvent::AccountAbsorbed(event)] if event.moved.points == 50));
    assert!(new.tell(absorb).unwrap().is_empty());
    assert_eq!(new.balance(), (60, 0));
    // The order is known here now: as it stands it changes nothing.
    assert!(new.order(1, 3, 10_000, 0).is_empty());
    new.cancel("open", 4).unwrap();
    assert_eq!(new.balance(), (80, 0));
    assert_eq!(new.cancel("done", 4), Err(RedemptionError::Completed));
}
