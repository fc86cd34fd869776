//! Webhooks of one order, and of what belongs to it.

use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};

use super::{Webhook, any_of, news, second, time, webhook};

fn transaction(id: u32) -> impl Strategy<Value = Value> {
    (prop::sample::select(vec!["pending", "success", "failure"]), second()).prop_map(move |(status, at)| {
        json!({"id": id, "order_id": 1, "kind": "refund", "status": status, "amount": "1.50", "currency": "EUR",
               "gateway": "bogus", "processed_at": at})
    })
}

/// A refund never changes, but its transactions do. Of every restock type, and often of more than is left.
fn refund() -> impl Strategy<Value = Value> {
    (1_u32..6).prop_flat_map(|id| {
        transaction(id).prop_map(move |transaction| {
            let (line, restock, location) = [
                (1, "cancel", None),
                (2, "cancel", None),
                (1, "return", Some(7)),
                (1, "no_restock", None),
                (2, "legacy_restock", Some(7)),
            ][id as usize - 1];
            json!({"id": id, "order_id": 1, "created_at": time(id), "refund_line_items": [
                {"line_item_id": line, "quantity": 1 + id % 3, "restock_type": restock, "location_id": location}
            ], "transactions": [transaction]})
        })
    })
}

fn fulfillment() -> impl Strategy<Value = Value> {
    let status = prop::sample::select(vec!["pending", "success", "cancelled"]);
    (1_u32..3, status, second(), prop::option::of("[AB]")).prop_map(|(id, status, at, tracking)| {
        json!({"id": id, "order_id": 1, "status": status, "created_at": time(1), "updated_at": at,
               "location_id": 7, "tracking_number": tracking, "line_items": [{"id": id, "quantity": 1}]})
    })
}

/// An edit never changes.
fn edit() -> impl Strategy<Value = Value> {
    (1_u32..4).prop_map(|id| {
        json!({"order_edit": {"id": id, "order_id": 1, "committed_at": time(10 + id), "line_items": {
            "additions": [{"id": id, "delta": 2}], "removals": [{"id": 3, "delta": 1}]
        }}})
    })
}

/// Mostly so few that a refund takes off more than is left.
fn line() -> impl Strategy<Value = Value> {
    (1_u32..5, 0_u32..5).prop_map(|(quantity, left)| {
        let left = left.min(quantity);
        json!({"title": "x", "quantity": quantity, "current_quantity": left, "price": "2.00",
               "variant_id": 5, "variant_inventory_management": "shopify"})
    })
}

fn order() -> impl Strategy<Value = Value> {
    let lines = (subsequence(vec![1, 2, 3], 0..=3), prop::collection::vec(line(), 3));
    let parts = (prop::collection::vec(refund(), 0..3), prop::collection::vec(fulfillment(), 0..2));
    let status = prop::sample::select(vec!["pending", "paid", "voided"]);
    let fields = (second(), status, "[ab]", prop::option::of(second()), prop::option::of(second()), "[12]");
    (lines, parts, fields).prop_map(|((ids, lines), (refunds, fulfillments), (at, status, tag, cancelled, closed, sum))| {
        let lines: Vec<Value> = ids.iter().zip(lines).map(|(id, mut line)| {
            line["id"] = json!(id);
            line
        }).collect();
        json!({"id": 1, "name": "#1", "created_at": time(1), "updated_at": at, "currency": "EUR", "note": tag,
               "financial_status": status, "fulfillment_status": null, "tags": tag, "email": format!("{tag}@example.com"),
               "cancelled_at": cancelled, "closed_at": closed, "total_price": sum, "current_total_price": sum,
               "subtotal_price": sum, "total_tax": sum, "total_discounts": "0", "shipping_lines": [],
               "line_items": lines, "refunds": distinct(refunds), "fulfillments": distinct(fulfillments)})
    })
}

/// One body never shows the same thing twice.
fn distinct(mut things: Vec<Value>) -> Vec<Value> {
    things.sort_by_key(|thing| thing["id"].as_u64());
    things.dedup_by_key(|thing| thing["id"].as_u64());
    things
}

fn waypoint() -> impl Strategy<Value = Value> {
    let status = prop::sample::select(vec!["in_transit", "delivered"]);
    (1_u32..3, 1_u32..3, status, second(), second()).prop_map(|(id, fulfillment, status, happened, at)| {
        json!({"id": id, "order_id": 1, "fulfillment_id": fulfillment, "status": status, "happened_at": happened,
               "updated_at": at})
    })
}

fn protection() -> impl Strategy<Value = Value> {
    prop::sample::select(vec!["pending", "active"])
        .prop_map(|status| json!({"order_id": 1, "status": status, "eligibility": {"status": "ELIGIBLE"}}))
}

/// One snapshot, under any topic that shows the whole order.
const SNAPSHOTS: [&str; 7] = [
    "orders/create",
    "orders/updated",
    "orders/paid",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "orders/link_requested",
];

pub(super) fn of_an_order() -> impl Strategy<Value = Webhook> {
    prop_oneof![
        4 => any_of(SNAPSHOTS.to_vec(), order()),
        1 => webhook("refunds/create", refund()),
        1 => any_of(vec!["fulfillments/create", "fulfillments/update"], fulfillment()),
        1 => webhook("order_transactions/create", (1_u32..4).prop_flat_map(transaction)),
        1 => webhook("orders/edited", edit()),
        1 => webhook("orders/delete", Just(json!({"id": 1}))),
        1 => any_of(vec!["fulfillment_events/create", "fulfillment_events/delete"], waypoint()),
        1 => webhook("orders/shopify_protect_eligibility_changed", protection()),
        2 => news::of_a_return(),
        1 => news::of_a_risk(),
    ]
}
