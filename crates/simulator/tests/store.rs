//! The store keeps Shopify's own laws.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shopify::{Secret, Translation, translate, verify};
use simulator::{Delivery, Expectation, Expected, Settings, Store, Truth};

fn settings(seed: u64) -> Settings {
    Settings::new("acme".parse().unwrap(), Secret::new("hush").unwrap(), seed)
}

fn history(seed: u64, orders: usize) -> (Store, Vec<Delivery>) {
    let mut store = Store::new(&settings(seed));
    let mut deliveries = store.open();
    deliveries.extend(store.live(orders));
    (store, deliveries)
}

fn bytes(deliveries: &[Delivery]) -> Vec<u8> {
    let one = |delivery: &Delivery| {
        let headers = delivery.headers().map(|(name, value)| format!("{name}: {value}\r\n")).concat();
        [headers.as_bytes(), &delivery.body].concat()
    };
    deliveries.iter().flat_map(one).collect()
}

fn body(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_the_same_truth() {
    let ((store, deliveries), (again, repeated)) = (history(7, 60), history(7, 60));
    assert!(bytes(&deliveries) == bytes(&repeated));
    assert_eq!(store.truth(), again.truth());
    assert!(bytes(&deliveries) != bytes(&history(8, 60).1));
}

#[test]
fn every_delivery_is_signed() {
    let (secret, other) = (Secret::new("hush").unwrap(), Secret::new("loud").unwrap());
    for delivery in history(1, 20).1 {
        assert!(verify(&delivery.body, &delivery.signature(), std::slice::from_ref(&secret)));
        assert!(!verify(&delivery.body, &delivery.signature(), std::slice::from_ref(&other)));
    }
}

#[test]
fn stock_is_conserved_at_every_step() {
    let mut store = Store::new(&settings(3));
    assert!(store.is_consistent());
    for step in 0..1_500 {
        store.step();
        assert!(store.is_consistent(), "step {step}");
    }
}

#[test]
fn every_body_can_be_read() {
    let deliveries: Vec<Delivery> = (11..15).flat_map(|seed| history(seed, 250).1).collect();
    let mut read = BTreeSet::new();
    for delivery in &deliveries {
        let translation = translate(&shopify::Delivery {
            topic: Some(delivery.topic),
            shop: &delivery.shop,
            api_version: None,
            triggered_at: Some(delivery.triggered_at),
            received_at: delivery.triggered_at,
            body: &delivery.body,
        });
        match translation {
            Ok(Translation::Commands(commands)) => assert!(!commands.is_empty(), "{}", delivery.topic),
            Ok(Translation::Kept(reason)) => {
                assert!(!shopify::Topic::find(delivery.topic).unwrap().is_translated(), "{}: {reason}", delivery.topic);
            }
            Err(unreadable) => panic!("{}: {unreadable}\n{}", delivery.topic, String::from_utf8_lossy(&delivery.body)),
        }
        read.insert(delivery.topic);
    }
    let typed = shopify::Topic::all().filter(|topic| matches!(topic.end, shopify::End::Typed(_)));
    let spoken: BTreeSet<&str> = typed.map(|topic| topic.name).collect();
    let silent: Vec<_> = spoken.difference(&read).collect();
    assert_eq!(silent, SILENT.iter().collect::<Vec<_>>());
    let seen: BTreeSet<&str> = deliveries.iter().map(|one| shopify::Topic::find(one.topic).unwrap().resource).collect();
    for resource in ["collection", "company", "dispute", "draft_order", "location", "subscription_contract"] {
        assert!(seen.contains(resource), "{resource}");
    }
}

/// What the simulated shop never says: what happens to apps, what a law asks for, and what needs a fulfilment
/// service. The recorder's law has histories of these too.
const SILENT: [&str; 23] = [
    "app/uninstalled",
    "customers/data_request",
    "customers/merge",
    "customers/redact",
    "fulfillment_orders/cancellation_request_accepted",
    "fulfillment_orders/cancellation_request_rejected",
    "fulfillment_orders/cancellation_request_submitted",
    "fulfillment_orders/cancelled",
    "fulfillment_orders/fulfillment_request_accepted",
    "fulfillment_orders/fulfillment_request_rejected",
    "fulfillment_orders/fulfillment_request_submitted",
    "fulfillment_orders/fulfillment_service_failed_to_complete",
    "fulfillment_orders/line_items_prepared_for_local_delivery",
    "fulfillment_orders/line_items_prepared_for_pickup",
    "fulfillment_orders/manually_reported_progress_stopped",
    "fulfillment_orders/merged",
    "fulfillment_orders/progress_reported",
    "fulfillment_orders/rescheduled",
    "fulfillment_orders/scheduled_fulfillment_order_ready",
    "fulfillment_orders/split",
    "returns/update",
    "reverse_deliveries/attach_deliverable",
    "shop/redact",
];

#[test]
fn deliveries_of_one_action_share_its_id_and_none_the_deliverys() {
    let (_, deliveries) = history(5, 100);
    let own: BTreeSet<&str> = deliveries.iter().map(|delivery| delivery.webhook_id.as_str()).collect();
    assert_eq!(own.len(), deliveries.len());
    let placed = deliveries.iter().find(|delivery| delivery.topic == "orders/create").unwrap();
    let action: Vec<&str> =
        deliveries.iter().filter(|other| other.event_id == placed.event_id).map(|other| other.topic).collect();
    assert!(action.contains(&"orders/updated") && action.contains(&"orders/create"), "{action:?}");
    assert!(deliveries.windows(2).all(|pair| pair[0].triggered_at < pair[1].triggered_at));
}

#[test]
fn a_level_is_never_older_than_the_order_that_moved_it() {
    let (_, deliveries) = history(6, 200);
    let mut actions: BTreeMap<&str, Vec<&Delivery>> = BTreeMap::new();
    deliveries.iter().for_each(|delivery| actions.entry(&delivery.event_id).or_default().push(delivery));
    let updated = |delivery: &&&Delivery| body(delivery)["updated_at"].as_str().unwrap().to_owned();
    let mut compared = 0;
    for action in actions.values() {
        let orders = action.iter().filter(|delivery| delivery.topic == "orders/updated").map(|d| updated(&d)).max();
        let levels = action.iter().filter(|d| d.topic == "inventory_levels/update").map(|d| updated(&d)).min();
        if let (Some(order), Some(level)) = (orders, levels) {
            assert!(level >= order, "{level} {order}");
            compared += 1;
        }
    }
    assert!(compared > 100);
}

#[test]
fn quick_changes_of_a_level_all_show_the_last_value() {
    let (_, deliveries) = history(6, 300);
    let levels = deliveries.iter().filter(|delivery| delivery.topic == "inventory_levels/update").map(body);
    let levels: Vec<Value> = levels.collect();
    let late = levels.windows(2).filter(|pair| {
        let same = |key: &str| pair[0][key] == pair[1][key];
        same("inventory_item_id") && same("location_id") && same("available") && !same("updated_at")
    });
    assert!(late.count() > 0);
}

#[test]
fn a_life_has_all_that_can_happen() {
    let (_, deliveries) = history(2, 600);
    let bodies: Vec<(&str, Value)> = deliveries.iter().map(|delivery| (delivery.topic, body(delivery))).collect();
    let orders: Vec<&Value> =
        bodies.iter().filter(|(topic, _)| *topic == "orders/updated").map(|(_, body)| body).collect();
    let seen = |key: &str| orders.iter().map(|order| order[key].to_string()).collect::<BTreeSet<_>>();
    for status in ["pending", "authorized", "paid", "partially_paid", "partially_refunded", "refunded", "voided"] {
        assert!(seen("financial_status").contains(&format!("{status:?}")), "{status}");
    }
    for status in ["null", "\"partial\"", "\"fulfilled\"", "\"restocked\""] {
        assert!(seen("fulfillment_status").contains(status), "{status}");
    }
    assert!(seen("test").len() == 2 && seen("presentment_currency").len() == 5);
    assert!(
        orders.iter().any(|order| order["customer"].is_null())
            && orders.iter().any(|order| order["company"].is_object())
    );
    let refunds = bodies.iter().filter(|(topic, _)| *topic == "refunds/create").map(|(_, body)| body);
    let lines = |refund: &Value| refund["refund_line_items"].as_array().unwrap().clone();
    let kinds: BTreeSet<String> = refunds
        .clone()
        .flat_map(lines)
        .map(|line| format!("{} {}", line["restock_type"].as_str().unwrap(), line["location_id"].is_null()))
        .collect();
    for kind in ["cancel true", "cancel false", "return true", "return false", "no_restock true"] {
        assert!(kinds.contains(kind), "{kind}");
    }
    assert!(refunds.clone().any(|refund| !refund["refund_shipping_lines"].as_array().unwrap().is_empty()));
    let levels = bodies.iter().filter(|(topic, _)| *topic == "inventory_levels/update");
    assert!(levels.filter(|(_, body)| body["available"].as_i64() < Some(0)).count() > 0, "nothing was oversold");
    let edited = |order: &&&Value| {
        let lines = order["line_items"].as_array().unwrap();
        let less = |line: &Value| line["current_quantity"].as_u64() < line["quantity"].as_u64();
        order["refunds"].as_array().unwrap().is_empty() && lines.iter().any(less)
    };
    assert!(orders.iter().filter(edited).count() > 0, "no edit took units off");
}

/// The rows of a kind that are there.
fn rows<'a>(truth: &'a Truth, kind: &str) -> Vec<&'a Value> {
    let expected = truth.paths(kind).filter_map(|path| truth.expected(path));
    let row = |expected: &'a Expected| match expected {
        Expected::Row(row) => Some(row),
        _ => None,
    };
    expected.filter_map(row).collect()
}

fn cents(money: &Value) -> i64 {
    money["amount"].as_str().unwrap().replace('.', "").parse().unwrap()
}

#[test]
fn the_sums_of_the_truth_agree() {
    let truth = history(4, 200).0.truth();
    let orders = rows(&truth, "orders");
    for order in &orders {
        let refunds = order["refunds"].as_array().unwrap().iter().map(|refund| cents(&refund["amount"]));
        assert_eq!(refunds.sum::<i64>(), cents(&order["refunded"]));
        let parts = cents(&order["subtotal"]) + cents(&order["total_tax"]) + cents(&order["total_shipping"]);
        assert_eq!(parts, cents(&order["total"]));
        for line in order["lines"].as_array().unwrap() {
            let units = |key: &str| line[key].as_u64().unwrap();
            assert!(units("current_quantity") <= units("quantity") && units("fulfilled_quantity") <= units("quantity"));
        }
    }
    let counted = orders.iter().filter(|order| !order["customer_id"].is_null() && order["test"] == false).count();
    let told = rows(&truth, "customers").iter().map(|customer| customer["orders_count"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(told, counted as u64);
    assert!(truth.expectations().any(|expectation| *expectation.expected == Expected::Gone));
}

#[test]
fn an_answer_that_is_not_the_truth_is_told() {
    let truth = history(4, 60).0.truth();
    let is_order = |expectation: &Expectation<'_>| expectation.path.contains("/orders/");
    let order = truth.expectations().find(is_order).unwrap();
    let Expected::Row(row) = order.expected else { panic!("{order:?}") };
    let mut answer = row.clone();
    answer["position"] = 7.into();
    assert_eq!(order.differences(200, &answer), Vec::<String>::new());
    answer["lines"][0]["current_quantity"] = 99.into();
    answer["tags"] = vec!["other"; 9].into();
    assert_eq!(order.differences(200, &answer).len(), 2);
    assert_eq!(order.differences(404, &Value::Null).len(), 1);
    let gone = Expectation { expected: &Expected::Gone, ..order };
    assert_eq!((gone.differences(404, &Value::Null).len(), gone.differences(200, &answer).len()), (0, 1));
}
