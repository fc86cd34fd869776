//! What ends a checkout and an installation, decided in the moment.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use aggregates::{Checkout, CheckoutCommand, CheckoutSnapshot, Decider, ShopCommand, ShopState};
use events::{AsOf, CheckoutContent, DomainEvents, Money, OrderId, ShopProfile, Timestamp};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn as_of(second: i64) -> AsOf {
    AsOf { updated_at: at(second), triggered_at: None, digest: String::new() }
}

fn seen(second: i64) -> CheckoutCommand {
    let content = CheckoutContent {
        cart_token: None,
        customer_id: None,
        email: None,
        phone: None,
        locale: None,
        accepts_marketing: false,
        total: Money::zero("EUR".parse().unwrap()),
        lines: Vec::new(),
        recovery_url: None,
    };
    let snapshot = CheckoutSnapshot { as_of: as_of(second), created_at: at(0), completed_at: None, content };
    CheckoutCommand::Snapshot(Box::new(snapshot))
}

fn waited(last_seen: i64) -> CheckoutCommand {
    CheckoutCommand::Abandon { at: at(last_seen + 100), last_seen_at: at(last_seen) }
}

fn ordered(second: i64) -> CheckoutCommand {
    CheckoutCommand::Complete { at: at(second), order_id: OrderId::new(7).unwrap() }
}

/// The events of all commands, one after the other.
fn told<A: Decider>(commands: impl IntoIterator<Item = A::Command>) -> Vec<&'static str> {
    let mut state = A::default();
    let mut types = Vec::new();
    for command in commands {
        types.extend(state.decide(command).unwrap().iter().map(DomainEvents::wire_type));
    }
    types
}

#[test]
fn a_checkout_is_given_up_once_and_recovered_by_a_later_order() {
    let story = told::<Checkout>([seen(1), waited(1), waited(1), seen(200), waited(200), ordered(300), ordered(300)]);
    assert_eq!(story, ["checkout.started", "checkout.abandoned", "checkout.touched", "checkout.recovered"]);
}

#[test]
fn a_timer_that_was_moved_gives_nothing_up() {
    assert_eq!(told::<Checkout>([seen(1), seen(50), waited(1)]), ["checkout.started", "checkout.touched"]);
    assert_eq!(told::<Checkout>([seen(1), ordered(40), waited(1)]), ["checkout.started", "checkout.completed"]);
    assert_eq!(told::<Checkout>([waited(1)]), [""; 0], "nobody knows of it");
}

#[test]
fn an_order_from_before_the_wait_ended_completes_however_late_it_is_told() {
    let story = told::<Checkout>([seen(1), waited(1), ordered(40)]);
    assert_eq!(story, ["checkout.started", "checkout.abandoned", "checkout.completed"]);
}

#[test]
fn an_uninstallation_from_before_the_app_came_back_changes_nothing() {
    let profile = |name: &str| ShopProfile { name: name.to_owned(), ..ShopProfile::default() };
    let shop = |second| ShopCommand::Snapshot { as_of: as_of(second), profile: Box::new(profile("tea")) };
    let gone = |second| ShopCommand::Uninstall { at: at(second) };
    let story = told::<ShopState>([shop(1), gone(2), gone(2), shop(3), gone(2), gone(1), gone(4)]);
    let life =
        ["shop.changed", "shop.installed", "shop.uninstalled", "shop.touched", "shop.installed", "shop.uninstalled"];
    assert_eq!(story, life);
}
