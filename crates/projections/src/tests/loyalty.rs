use events::*;
use rust_decimal::Decimal;
use serde_json::{Value, json, to_value};

use super::fixtures::*;
use super::history::Step;
use super::world::World;
use crate::loyalty;

#[tokio::test]
async fn an_account_is_shown_with_its_lots_and_movements() {
    let mut world = World::new().await;
    let early = lot(1, 100, 30);
    let late = lot(2, 40, 60);
    world
        .tell(
            5,
            [
                LoyaltyEvent::from(LoyaltyEnrolled { at: minute(0) }),
                earned(1, vec![lot(1, 100, 30)], (100, 0)),
                earned(2, vec![Lot { pending: true, ..lot(2, 40, 60) }], (100, 40)),
                held(60, vec![Lot { remaining: 40, ..early.clone() }], (40, 40)),
                LoyaltyPointsActivated {
                    at: minute(20),
                    order_id: order(2),
                    points: 40,
                    lots: vec![late],
                    balance: balance((80, 0)),
                }
                .into(),
            ],
        )
        .await;
    let shown = shown(&world, 5).await;
    assert_eq!((&shown["points"], &shown["pending"], &shown["tier"]), (&json!(80), &json!(0), &Value::Null));
    let lots: Vec<_> = shown["lots"].as_array().unwrap().iter().map(|lot| (&lot["order_id"], &lot["points"])).collect();
    assert_eq!(lots, [(&json!("1"), &json!(40)), (&json!("2"), &json!(40))], "the first to expire comes first");
    let entries = shown["entries"].as_array().unwrap();
    let entries: Vec<_> = entries.iter().map(|entry| (entry["kind"].as_str().unwrap(), &entry["points"])).collect();
    let wanted = [
        ("points_earned", json!(100)),
        ("points_earned", json!(40)),
        ("points_held", json!(-60)),
        ("points_activated", json!(0)),
    ];
    assert_eq!(entries, wanted.each_ref().map(|(kind, points)| (*kind, points)));
    assert_eq!(shown["entries"][0]["order_id"], "1");
}

#[tokio::test]
async fn a_spent_lot_is_not_shown_and_a_debt_is() {
    let mut world = World::new().await;
    world.tell(5, [earned(1, vec![lot(1, 100, 30)], (100, 0))]).await;
    world.tell(5, [held(100, vec![Lot { remaining: 0, ..lot(1, 100, 30) }], (0, 0))]).await;
    assert_eq!(shown(&world, 5).await["lots"], json!([]));
    let back = LoyaltyPointsClawedBack {
        at: minute(3),
        order_id: order(1),
        points: 100,
        expired: 0,
        lines: Vec::new(),
        lots: vec![Lot { granted: 0, remaining: -100, ..lot(1, 100, 30) }],
        balance: balance((-100, 0)),
    };
    world.tell(5, [LoyaltyEvent::from(back)]).await;
    let shown = shown(&world, 5).await;
    assert_eq!((&shown["points"], &shown["lots"][0]["points"]), (&json!(-100), &json!(-100)));
}

#[tokio::test]
async fn a_known_customer_without_points_has_an_empty_account_and_an_unknown_one_has_none() {
    let mut world = World::new().await;
    world.tell(1, [OrderEvent::from(placed(0, Some(5)))]).await;
    let empty = shown(&world, 5).await;
    assert_eq!((&empty["points"], &empty["lots"], &empty["entries"]), (&json!(0), &json!([]), &json!([])));
    assert_eq!(shown(&world, 6).await, Value::Null);
}

#[tokio::test]
async fn a_merged_account_holds_nothing_and_names_its_heir() {
    let mut world = World::new().await;
    let closed = LoyaltyAccountClosed { at: minute(2), into: CustomerId::new(8).unwrap() };
    world.tell(5, [earned(1, vec![lot(1, 100, 30)], (100, 0)), closed.into()]).await;
    let shown = shown(&world, 5).await;
    assert_eq!((&shown["points"], &shown["lots"], &shown["merged_into"]), (&json!(0), &json!([]), &json!("8")));
}

/// For the laws: any event, some of which no account would record.
pub(super) fn event(step: Step) -> LoyaltyEvent {
    let (what, part, amount) = step.numbers();
    let (at, id) = (minute(part.into()), 1 + u64::from(part % 3));
    let lots = vec![lot(id, amount.into(), part.into()), lot(4, i64::from(part) - 100, 1)];
    let balance = balance((amount.into(), part.into()));
    let (points, order_id, lines) = (i64::from(amount), order(id), Vec::new());
    match what % 8 {
        0 => LoyaltyEnrolled { at }.into(),
        1 => LoyaltyPointsEarned { at, order_id, points, lines, lots, balance }.into(),
        2 => LoyaltyPointsClawedBack { at, order_id, points, expired: 0, lines, lots, balance }.into(),
        3 => LoyaltyPointsExpired { at, order_id, points, lots, balance }.into(),
        4 => held(points, lots, (points, 0)),
        5 => {
            let to = amount.is_multiple_of(2).then(|| format!("tier-{part}"));
            LoyaltyTierChanged { at, from: None, to, qualifying: points, review_at: Some(at) }.into()
        }
        6 => LoyaltyTierKept { at, tier: "gold".to_owned(), qualifying: points, review_at: at }.into(),
        _ => LoyaltyAccountClosed { at, into: CustomerId::new(9).unwrap() }.into(),
    }
}

fn earned(id: u64, lots: Vec<Lot>, after: (i64, i64)) -> LoyaltyEvent {
    let points = lots.iter().map(|lot| lot.granted).sum();
    let (at, order_id, balance) = (minute(1), order(id), balance(after));
    LoyaltyPointsEarned { at, order_id, points, lines: Vec::new(), lots, balance }.into()
}

fn held(points: i64, lots: Vec<Lot>, after: (i64, i64)) -> LoyaltyEvent {
    let redemption = Redemption {
        id: "r-1".parse().unwrap(),
        points,
        state: RedemptionState::Held,
        order_id: None,
        reason: None,
        draws: Vec::new(),
    };
    LoyaltyPointsHeld { at: minute(2), redemption, lots, balance: balance(after) }.into()
}

fn balance((points, pending): (i64, i64)) -> PointsBalance {
    PointsBalance { points, pending }
}

fn order(id: u64) -> OrderId {
    OrderId::new(id).unwrap()
}

fn lot(id: u64, granted: i64, expires: i64) -> Lot {
    Lot {
        order_id: order(id),
        granted,
        remaining: granted,
        expired: 0,
        pending: false,
        earned_at: minute(0),
        active_at: minute(0),
        expires_at: Some(minute(expires)),
        terms: Terms {
            rate: Decimal::ONE,
            multiplier: Decimal::ONE,
            rounding: Rounding::Floor,
            include_shipping: false,
            include_tax: false,
            include_gift_cards: false,
        },
    }
}

async fn shown(world: &World, id: u64) -> Value {
    to_value(loyalty::get(&world.db, &acme(), CustomerId::new(id).unwrap()).await.unwrap()).unwrap()
}
