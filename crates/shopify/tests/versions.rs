//! What Shopify's API versions changed in bodies that we read: each change is upcast, or means nothing to us.
//!
//! A row is one change: the body as the version before wrote it, and as the version itself does.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use aggregates::{Command, CustomerCommand, Decider};
use serde_json::{Value, json};
use shopify::{ApiVersion, Delivery, Topic, Translation, translate};

fn body(topic: &str) -> Value {
    let bodies: BTreeMap<String, Value> = serde_json::from_str(include_str!("fixtures/topics.json")).unwrap();
    bodies[topic].clone()
}

fn commands(topic: &str, version: &str, body: &Value) -> Vec<Command> {
    let shop = "acme".parse().unwrap();
    let (api_version, body) = (Some(version), body.to_string());
    let delivery = Delivery {
        topic: Some(topic),
        shop: &shop,
        api_version,
        triggered_at: None,
        received_at: events::Timestamp::UNIX_EPOCH,
        body: body.as_bytes(),
    };
    match translate(&delivery).unwrap_or_else(|error| panic!("{topic} of {version}: {error}")) {
        Translation::Commands(commands) => commands,
        Translation::Kept(_) => Vec::new(),
    }
}

/// The commands in words, without the digest: that is of the bytes that came.
fn meaning(topic: &str, version: &str, body: &Value) -> String {
    let words = format!("{:#?}", commands(topic, version, body));
    words.lines().filter(|line| !line.trim_start().starts_with("digest:")).collect::<Vec<_>>().join("\n")
}

struct Change {
    since: &'static str,
    before: &'static str,
    topic: &'static str,
    /// Makes the body of `since` one of the version before.
    undo: fn(&mut Value),
}

fn each(list: &mut Value, change: impl Fn(&mut Value)) {
    list.as_array_mut().unwrap().iter_mut().for_each(change);
}

fn without(value: &mut Value, names: &[&str]) {
    let fields = value.as_object_mut().unwrap();
    names.iter().for_each(|name| drop(fields.remove(*name)));
}

fn consent_was_a_flag(customer: &mut Value) {
    without(customer, &["email_marketing_consent"]);
    customer["accepts_marketing"] = json!(true);
    customer["accepts_marketing_updated_at"] = json!("2020-01-01T00:00:00Z");
    customer["marketing_opt_in_level"] = json!("single_opt_in");
}

fn lines_said_only_what_was_ordered(order: &mut Value) {
    each(&mut order["line_items"], |line| without(line, &["current_quantity"]));
}

fn variants_were_not_named(product: &mut Value) {
    without(product, &["variant_gids"]);
}

fn items_had_no_weight(item: &mut Value) {
    without(item, &["weight_value", "weight_unit"]);
}

fn variants_said_how_they_are_sent(product: &mut Value) {
    each(&mut product["variants"], |variant| {
        variant["fulfillment_service"] = json!("manual");
        variant["inventory_management"] = json!("shopify");
        variant["grams"] = json!(100);
        variant["weight"] = json!(0.1);
        variant["weight_unit"] = json!("kg");
        variant["requires_shipping"] = json!(true);
    });
}

fn orders_had_no_cash_rounding(order: &mut Value) {
    let new = [
        "current_shipping_price_set",
        "duties_included",
        "merchant_business_entity_id",
        "returns",
        "total_cash_rounding_payment_adjustment_set",
        "total_cash_rounding_refund_adjustment_set",
    ];
    without(order, &new);
}

fn customers_in_orders_said_more(order: &mut Value) {
    order["customer"]["orders_count"] = json!(3);
    order["customer"]["total_spent"] = json!("30.00");
    order["customer"]["last_order_id"] = json!(7);
    order["customer"]["tags"] = json!("vip");
}

fn lines_were_in_no_group(order: &mut Value) {
    without(order, &["line_item_groups"]);
    each(&mut order["line_items"], |line| without(line, &["sales_line_item_group_id"]));
}

fn orders_said_the_number_of_their_checkout(order: &mut Value) {
    order["checkout_id"] = json!(901_414_060);
}

fn checkouts_had_a_number(checkout: &mut Value) {
    checkout["id"] = json!(901_414_060);
}

fn transfers_did_not_say_where(transfer: &mut Value) {
    without(transfer, &["origin", "destination"]);
}

const CHANGES: &[Change] = &[
    Change { since: "2024-01", before: "2023-10", topic: "customers/update", undo: consent_was_a_flag },
    Change { since: "2024-01", before: "2023-10", topic: "orders/updated", undo: lines_said_only_what_was_ordered },
    Change { since: "2024-04", before: "2024-01", topic: "products/update", undo: variants_were_not_named },
    Change { since: "2024-04", before: "2024-01", topic: "inventory_items/update", undo: items_had_no_weight },
    Change { since: "2024-07", before: "2024-04", topic: "products/update", undo: variants_said_how_they_are_sent },
    Change { since: "2024-10", before: "2024-07", topic: "orders/updated", undo: orders_had_no_cash_rounding },
    Change { since: "2025-01", before: "2024-10", topic: "orders/updated", undo: customers_in_orders_said_more },
    Change { since: "2025-10", before: "2025-07", topic: "orders/updated", undo: lines_were_in_no_group },
    Change {
        since: "2026-04",
        before: "2026-01",
        topic: "orders/updated",
        undo: orders_said_the_number_of_their_checkout,
    },
    Change { since: "2026-04", before: "2026-01", topic: "checkouts/update", undo: checkouts_had_a_number },
    Change {
        since: "2026-07",
        before: "2026-04",
        topic: "inventory_transfers/add_items",
        undo: transfers_did_not_say_where,
    },
];

/// The body as the newest version that is known writes it, with all that any version has brought.
fn newest(topic: &str) -> Value {
    let mut body = body(topic);
    let money = json!({"shop_money": {"amount": "0.00", "currency_code": "EUR"}, "presentment_money": {"amount": "0.00", "currency_code": "EUR"}});
    let brought = match topic {
        "orders/updated" => json!({
            "current_shipping_price_set": money, "duties_included": false, "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
            "returns": [], "total_cash_rounding_payment_adjustment_set": money, "line_item_groups": [],
            "total_cash_rounding_refund_adjustment_set": money, "customer": {"id": 40},
        }),
        "products/update" => {
            let gid = |variant: &Value| json!({"admin_graphql_api_id": format!("gid://shopify/ProductVariant/{}", variant["id"]), "updated_at": body["updated_at"]});
            json!({"variant_gids": body["variants"].as_array().unwrap().iter().map(gid).collect::<Vec<_>>()})
        }
        "inventory_items/update" => json!({"weight_value": 0.1, "weight_unit": "kg"}),
        "customers/update" => {
            json!({"email_marketing_consent": {"state": "subscribed", "opt_in_level": "single_opt_in",
            "consent_updated_at": "2020-01-01T00:00:00Z"}})
        }
        "inventory_transfers/add_items" => json!({"origin": {"id": 1}, "destination": {"id": 2}}),
        _ => json!({}),
    };
    for (name, value) in brought.as_object().unwrap() {
        body[name] = value.clone();
    }
    if topic == "orders/updated" {
        each(&mut body["line_items"], |line| {
            line["current_quantity"] = line["quantity"].clone();
            line["sales_line_item_group_id"] = Value::Null;
        });
        body["refunds"] = json!([]);
    }
    body
}

#[test]
fn every_change_of_a_version_means_the_same_to_us() {
    for change in CHANGES {
        let Change { since, before, topic, undo } = *change;
        let after = newest(topic);
        let mut old = after.clone();
        undo(&mut old);
        assert_ne!(old, after, "{topic} of {since}: nothing was undone");
        assert_eq!(meaning(topic, before, &old), meaning(topic, since, &after), "{topic}: {before} to {since}");
        // A body that states no version, or one of the future, is read as well.
        for version in ["2099-01", "unstable", "2026-10"] {
            assert_eq!(meaning(topic, version, &after), meaning(topic, since, &after), "{topic} of {version}");
        }
        assert_eq!(meaning(topic, "", &old), meaning(topic, before, &old), "{topic} of no version");
    }
}

/// 2025-01 took tags, consent and counts away: a customer that is shown without them keeps them.
#[test]
fn what_a_version_no_longer_says_is_not_taken_away() {
    let mut old = body("customers/update");
    old["tags"] = json!("vip, early");
    old["orders_count"] = json!(3);
    old["email_marketing_consent"] =
        json!({"state": "subscribed", "opt_in_level": null, "consent_updated_at": "2020-01-01T00:00:00Z"});
    let mut new = old.clone();
    without(&mut new, &["tags", "orders_count", "email_marketing_consent"]);
    new["updated_at"] = json!("2027-01-01T00:00:00Z");
    let mut customer = aggregates::Customer::default();
    let mut hear = |version, body: &Value| {
        let mut types = Vec::new();
        for command in commands("customers/update", version, body) {
            let Command::Customer(_, command) = command else { panic!("{command:?}") };
            assert!(matches!(command, CustomerCommand::Snapshot(_)));
            types.extend(customer.decide(command).unwrap().iter().map(events::DomainEvents::wire_type));
        }
        types
    };
    let told = hear("2024-10", &old);
    assert!(told.contains(&"customer.tagged") && told.contains(&"customer.consent_changed"), "{told:?}");
    assert_eq!(hear("2025-01", &new), ["customer.touched"]);
}

/// The last four versions, the one to come, and `unstable`: a body of every topic means the same in all of them.
#[test]
fn no_supported_version_reads_a_body_otherwise() {
    for topic in Topic::all() {
        let body = body(topic.name);
        let newest = meaning(topic.name, &ApiVersion::NEWEST.to_string(), &body);
        for version in ["2025-10", "2026-01", "2026-04", "2026-10", "2027-01", "unstable"] {
            assert_eq!(meaning(topic.name, version, &body), newest, "{} of {version}", topic.name);
        }
    }
}
