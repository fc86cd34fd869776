//! Up at once, down at a review.

use aggregates::{Decider, LoyaltyCommand, Program, Tier, TierBasis};
use events::{CustomerId, LoyaltyEvent, LoyaltyTierChanged};

use super::story::{Story, at, types};

fn program() -> Program {
    let tier = |name: &str, from, multiplier: &str| Tier {
        name: name.to_owned(),
        from,
        multiplier: multiplier.parse().unwrap(),
    };
    let tiers = vec![tier("bronze", 0, "1"), tier("silver", 100, "1.5"), tier("gold", 1_000, "2")];
    Program { tiers, validity_days: 0, tier_window_days: 100, ..Program::default() }
}

fn last_change(story: &Story) -> LoyaltyTierChanged {
    let change =
        |event: &LoyaltyEvent| if let LoyaltyEvent::TierChanged(event) = event { Some(event.clone()) } else { None };
    story.log.iter().rev().find_map(change).unwrap()
}

#[test]
fn a_tier_is_reached_at_once_and_holds_for_orders_that_come_after() {
    let mut story = Story::with(program());
    story.order(1, 0, 10_000, 0);
    assert_eq!((story.account.tier(), story.balance().0), (Some("silver"), 100), "the first order still at 1");
    story.order(2, 1, 1_000, 0);
    assert_eq!(story.balance().0, 115);
    assert_eq!(last_change(&story).review_at, Some(at(100)));
}

#[test]
fn the_multiplier_of_an_order_stays_that_of_its_first_points() {
    let mut story = Story::with(program());
    story.order(1, 0, 5_000, 0);
    story.order(2, 1, 100_000, 0);
    assert_eq!(story.account.tier(), Some("gold"));
    // Edited: twice as much, and still at 1.
    story.order(1, 2, 10_000, 0);
    assert_eq!(story.account.lot(super::story::order(1)).unwrap().granted, 100);
}

#[test]
fn a_refund_takes_a_tier_only_at_the_review() {
    let mut story = Story::with(program());
    story.order(1, 0, 10_000, 0);
    story.order(1, 10, 10_000, 10_000);
    assert_eq!(story.account.tier(), Some("silver"));
    assert!(story.advance(99).is_empty());
    story.advance(100);
    let change = last_change(&story);
    assert_eq!((change.from.as_deref(), change.to.as_deref(), change.qualifying), (Some("silver"), Some("bronze"), 0));
    assert!(story.advance(100).is_empty());
}

#[test]
fn a_tier_that_is_still_deserved_is_kept_until_the_next_review() {
    let mut story = Story::with(program());
    story.order(1, 0, 10_000, 0);
    story.order(2, 90, 20_000, 0);
    assert_eq!(types(&story.advance(100)), ["loyalty.tier_kept"]);
    assert_eq!(story.account.review_at(), Some(at(200)));
    // 300 points of order 2 are out of the window by then.
    story.advance(200);
    assert_eq!(last_change(&story).to.as_deref(), Some("bronze"));
}

#[test]
fn a_tier_that_the_program_no_longer_has_is_replaced_at_the_next_order() {
    let mut story = Story::with(program());
    story.order(1, 0, 10_000, 0);
    story.program.tiers.remove(1);
    story.order(2, 1, 100, 0);
    assert_eq!(story.account.tier(), Some("bronze"));
}

fn by_money() -> Program {
    let tier = |name: &str, from| Tier { name: name.to_owned(), from, multiplier: 1.into() };
    let tiers = vec![tier("silver", 100), tier("gold", 500)];
    Program { tiers, tier_by: TierBasis::Spent, rate: "0.01".parse().unwrap(), ..program() }
}

#[test]
fn a_tier_by_money_goes_by_what_was_spent_and_not_by_points() {
    let mut story = Story::with(by_money());
    story.order(1, 0, 9_999, 0);
    assert_eq!((story.account.tier(), story.balance().0), (None, 0), "not a whole point, and money all the same");
    story.order(2, 1, 1, 0);
    assert_eq!(story.account.tier(), Some("silver"));
    assert!(story.order(2, 2, 1, 0).is_empty(), "said again");
    story.order(3, 3, 50_000, 10_000);
    assert_eq!((story.account.tier(), last_change(&story).qualifying), (Some("gold"), 500));
}

#[test]
fn a_refund_takes_a_tier_by_money_at_the_review_and_old_orders_leave_the_window() {
    let mut story = Story::with(by_money());
    story.order(1, 0, 60_000, 0);
    story.order(1, 10, 60_000, 30_000);
    assert_eq!(story.account.tier(), Some("gold"));
    story.advance(100);
    let change = last_change(&story);
    assert_eq!((change.from.as_deref(), change.to.as_deref(), change.qualifying), (Some("gold"), Some("silver"), 300));
    story.advance(200);
    assert_eq!((last_change(&story).to, last_change(&story).qualifying), (None, 0));
}

#[test]
fn what_was_spent_goes_along_when_customers_are_merged() {
    let (mut old, mut new) = (Story::with(by_money()), Story::with(by_money()));
    old.order(1, 0, 6_000, 0);
    new.order(2, 0, 5_000, 0);
    let (from, into) = (CustomerId::new(7).unwrap(), CustomerId::new(8).unwrap());
    old.tell(LoyaltyCommand::Close { into, at: at(1) }).unwrap();
    let absorb = |old: &Story| LoyaltyCommand::Absorb {
        from,
        closed: Box::new(old.account.clone()),
        program: by_money(),
        at: at(1),
    };
    // Cut off after any of its events, it is told again.
    let decided = new.account.clone().decide(absorb(&old)).unwrap();
    for kept in 0..decided.len() {
        let mut account = new.account.clone();
        decided[..kept].iter().cloned().for_each(|event| cqrs_es::Aggregate::apply(&mut account, event));
        let rest = account.decide(absorb(&old)).unwrap();
        assert_eq!([&decided[..kept], &rest[..]].concat(), decided, "after {kept} events");
    }
    new.tell(absorb(&old)).unwrap();
    assert_eq!(new.account.tier(), Some("silver"));
}
