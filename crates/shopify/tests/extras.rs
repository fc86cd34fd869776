//! What of an order's prices is not paid for goods, from the body to the points.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use aggregates::{Command, Decider, LineWorth, LoyaltyAccount, Order, OrderCommand, Program, Reckoning};
use events::{OrderEvent, OrderExtras};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use shopify::{Delivery, Translation, translate};

/// Two tea pots for 2520.00 less 252.00, with 384.40 of tax; one of them refunded. A gift card, and a wrapping
/// that was taken off. Prices hold their tax.
fn order() -> Value {
    serde_json::from_str(include_str!("fixtures/order.json")).unwrap()
}

fn heard(body: &Value) -> (Order, Vec<OrderEvent>) {
    let (shop, body) = ("acme".parse().unwrap(), body.to_string());
    let delivery = Delivery {
        topic: Some("orders/updated"),
        shop: &shop,
        api_version: None,
        triggered_at: None,
        received_at: events::Timestamp::UNIX_EPOCH,
        body: body.as_bytes(),
    };
    let Translation::Commands(commands) = translate(&delivery).unwrap() else { panic!("it was kept") };
    let mut order = Order::default();
    let decide = |command| match command {
        Command::Order(_, command @ OrderCommand::Snapshot(_)) => order.decide(command).unwrap(),
        other => panic!("{other:?}"),
    };
    let events = commands.into_iter().flat_map(decide).collect();
    (order, events)
}

fn extras(events: &[OrderEvent]) -> Option<&OrderExtras> {
    events.iter().find_map(|event| match event {
        OrderEvent::ExtrasChanged(told) => Some(&told.extras),
        _ => None,
    })
}

fn tea_pot(order: &Order) -> LineWorth {
    order.worth().unwrap().lines.remove(0)
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn goods_are_worth_their_price_without_the_tax_in_it() {
    let (order, events) = heard(&order());
    let told = extras(&events).unwrap();
    assert_eq!((told.included_tax.len(), told.included_tax[0].tax.shop.amount()), (1, decimal("384.40")));
    let line = tea_pot(&order);
    assert_eq!((line.bought, line.refunded), (decimal("1883.60"), decimal("941.80")));
}

#[test]
fn where_prices_are_without_tax_there_is_nothing_to_take_off() {
    let mut body = order();
    body["taxes_included"] = json!(false);
    let (order, events) = heard(&body);
    assert_eq!((extras(&events), tea_pot(&order).bought), (None, decimal("2268.00")));
}

#[test]
fn a_tip_gives_no_points() {
    let program = Program::default();
    let points = |order: &Order| {
        let terms = LoyaltyAccount::default().terms("1".parse().unwrap(), &program);
        Reckoning::of(&order.worth().unwrap(), &terms).earned
    };
    let mut body = order();
    assert_eq!(points(&heard(&body).0), 1_883);
    body["line_items"][0]["tip"] = json!({"payment_gateway": "shopify_payments", "payment_method": "Visa"});
    let (order, events) = heard(&body);
    assert_eq!((extras(&events).unwrap().tips.len(), points(&order)), (1, 0));
}

#[test]
fn an_order_says_the_language_that_it_was_placed_in() {
    let mut body = order();
    body["customer_locale"] = json!("fr-CA");
    let (_, events) = heard(&body);
    assert!(
        matches!(&events[0], OrderEvent::Placed(placed) if placed.locale.as_deref() == Some("fr-CA")),
        "{events:?}"
    );
}
