use events::LineId;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::Program;

fn money(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

fn line(id: u64, bought: i64, refunded: i64) -> LineWorth {
    let line_id = LineId::new(id).unwrap();
    LineWorth { line_id, gift_card: false, tip: false, bought: money(bought), refunded: money(refunded) }
}

fn worth(lines: Vec<LineWorth>) -> OrderWorth {
    let placed_at = "2026-03-01T12:00:00Z".parse().unwrap();
    OrderWorth { placed_at, customer_id: None, counts: true, lines, shipping: money(500), tax: money(1000) }
}

fn terms() -> Terms {
    Program::default().terms(None)
}

fn points(worth: &OrderWorth, terms: &Terms) -> (i64, i64) {
    let reckoning = Reckoning::of(worth, terms);
    (reckoning.earned, reckoning.clawed_back)
}

#[test]
fn an_order_is_rounded_once_and_not_line_by_line() {
    let order = worth(vec![line(1, 1050, 0), line(2, 1050, 0)]);
    assert_eq!(points(&order, &terms()), (21, 0));
}

#[test]
fn each_rounding_rounds_its_own_way() {
    let of = |rounding, cents| points(&worth(vec![line(1, cents, 0)]), &Terms { rounding, ..terms() }).0;
    let table = [(Rounding::Floor, [2, 2]), (Rounding::HalfEven, [2, 3]), (Rounding::HalfUp, [3, 3])];
    for (rounding, [half, most]) in table {
        assert_eq!((of(rounding, 250), of(rounding, 299)), (half, most), "{rounding:?}");
    }
    assert_eq!(of(Rounding::Ceil, 201), 3);
}

#[test]
fn rate_and_multiplier_are_decimals_and_multiply_before_the_rounding() {
    let terms = Terms { rate: "0.1".parse().unwrap(), multiplier: "1.5".parse().unwrap(), ..terms() };
    // 66.60 × 0.1 × 1.5 = 9.99; rounded after the rate it would be 9.
    assert_eq!(points(&worth(vec![line(1, 6660, 0)]), &terms).0, 9);
    assert_eq!(points(&worth(vec![line(1, 6670, 0)]), &terms).0, 10);
}

#[test]
fn three_refunds_by_a_third_give_back_exactly_what_was_earned() {
    let clawed = |refunded| points(&worth(vec![line(1, 10_000, refunded)]), &terms()).1;
    // What a line of three units at 33.33⅓ gives back: whole cents.
    let cumulated = [3333, 6667, 10_000].map(clawed);
    assert_eq!(cumulated, [33, 67, 100]);
}

#[test]
fn gift_cards_shipping_and_tax_earn_only_when_the_program_says_so() {
    let mut order = worth(vec![line(1, 10_000, 0), line(2, 5_000, 0)]);
    order.lines[1].gift_card = true;
    let with = |shipping, tax, cards| {
        let (include_shipping, include_tax, include_gift_cards) = (shipping, tax, cards);
        points(&order, &Terms { include_shipping, include_tax, include_gift_cards, ..terms() }).0
    };
    assert_eq!(with(false, false, false), 100);
    assert_eq!(with(true, false, false), 105);
    assert_eq!(with(false, true, false), 110);
    assert_eq!(with(false, false, true), 150);
}

#[test]
fn tax_goes_back_with_the_goods_and_shipping_with_the_last_of_them() {
    let terms = Terms { include_shipping: true, include_tax: true, ..terms() };
    let clawed = |refunded| points(&worth(vec![line(1, 10_000, refunded)]), &terms);
    assert_eq!(clawed(5_000), (115, 55));
    assert_eq!(clawed(10_000), (115, 115));
}

#[test]
fn what_does_not_count_gives_nothing() {
    let order = OrderWorth { counts: false, ..worth(vec![line(1, 10_000, 0)]) };
    assert_eq!(Reckoning::of(&order, &terms()), Reckoning::default());
}

#[test]
fn an_absurd_amount_is_capped() {
    let order = worth(vec![LineWorth { bought: Decimal::MAX, ..line(1, 0, 0) }, line(2, 1, 0)]);
    let terms = Terms { rate: Decimal::from(1000), ..terms() };
    assert_eq!(points(&order, &terms).0, MOST_POINTS);
}

fn lines() -> impl Strategy<Value = Vec<LineWorth>> {
    vec((0_i64..100_000, 0_i64..=100), 1..8).prop_map(|lines| {
        let line = |(id, (bought, percent)): (u64, (i64, i64))| line(id, bought, bought * percent / 100);
        (1..).zip(lines).map(line).collect()
    })
}

proptest! {
    #[test]
    fn the_lines_together_give_what_the_order_gives(lines in lines(), rate in 1_i64..5_000) {
        let terms = Terms { rate: Decimal::new(rate, 3), ..terms() };
        let reckoning = Reckoning::of(&worth(lines), &terms);
        prop_assert_eq!(reckoning.lines.iter().map(|line| line.points).sum::<i64>(), reckoning.points());
        prop_assert!(reckoning.lines.iter().all(|line| line.points > 0));
    }

    #[test]
    fn refunds_take_no_more_than_was_earned_and_in_the_end_all_of_it(lines in lines(), steps in vec(0_usize..8, 1..20)) {
        let mut order = worth(lines.into_iter().map(|line| LineWorth { refunded: Decimal::ZERO, ..line }).collect());
        let earned = Reckoning::of(&order, &terms()).earned;
        let mut before = 0;
        for step in steps {
            let count = order.lines.len();
            let line = &mut order.lines[step % count];
            line.refunded = (line.refunded + money(777)).min(line.bought);
            let reckoning = Reckoning::of(&order, &terms());
            prop_assert_eq!(reckoning.earned, earned);
            prop_assert!((before..=earned).contains(&reckoning.clawed_back));
            before = reckoning.clawed_back;
        }
        order.lines.iter_mut().for_each(|line| line.refunded = line.bought);
        prop_assert_eq!(Reckoning::of(&order, &terms()).points(), 0);
    }
}
