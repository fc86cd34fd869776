//! The law: for every set of webhooks, every permutation with any duplicates ends in the same state.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aggregates::{Checkout, Command, Customer, Decider, FulfillmentOrderState, Order, Product, ShopState, Stock};
use events::{FulfillmentOrderId, Timestamp};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde::Serialize;
use serde_json::{Value, json};
use shopify::{Delivery, Translation, translate};

/// What is delivered: the topic, `Triggered-At`, and the body.
#[derive(Clone)]
struct Webhook(&'static str, Option<Timestamp>, Value);

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.0, self.1, self.2)
    }
}

/// What an aggregate remembers of the telling, not of the thing told: which event it took to say so, when a
/// change that nothing explains was noticed, which observation was explained by then, and how far an item's
/// books are closed.
const MEMORY: [&str; 7] = ["placed_quantity", "changed_at", "drift_told", "before", "base", "next", "closed"];

#[path = "law/news.rs"]
mod news;

/// All that the aggregates of one order, product, customer, item, checkout and shop, and of some
/// fulfilment orders, know in the end.
#[derive(Clone, Default, Serialize)]
struct World {
    order: Order,
    product: Product,
    customer: Customer,
    stock: Stock,
    shop: ShopState,
    checkout: Checkout,
    fulfillment_orders: BTreeMap<FulfillmentOrderId, FulfillmentOrderState>,
}

impl World {
    fn after<'a>(webhooks: impl IntoIterator<Item = &'a Webhook>) -> Self {
        let mut world = Self::default();
        for webhook in webhooks {
            world.hear(webhook);
        }
        world
    }

    /// The process dies when it has recorded so many events of a webhook, and hears it again.
    fn after_crashes<'a>(
        webhooks: impl IntoIterator<Item = &'a Webhook>,
        crashes: impl IntoIterator<Item = Option<usize>>,
    ) -> Self {
        let mut world = Self::default();
        for (webhook, crash) in webhooks.into_iter().zip(crashes) {
            if let Some(kept) = crash {
                world.hear_until(webhook, kept);
            }
            world.hear(webhook);
        }
        world
    }

    /// Returns how many events the webhook led to.
    fn hear(&mut self, webhook: &Webhook) -> usize {
        self.hear_until(webhook, usize::MAX)
    }

    /// Records no more than so many events.
    fn hear_until(&mut self, Webhook(topic, triggered_at, body): &Webhook, mut kept: usize) -> usize {
        let (shop, body) = ("acme".parse().unwrap(), body.to_string());
        let (triggered_at, body) = (*triggered_at, body.as_bytes());
        let delivery = Delivery { topic: Some(topic), shop: &shop, api_version: None, triggered_at, body };
        let Translation::Commands(commands) = translate(&delivery).unwrap() else { panic!("{topic} was kept") };
        let most = kept;
        for command in commands {
            kept -= self.decide(command, kept);
        }
        most - kept
    }

    /// All that is known in the end, by its path, and the sums of what the order wants of the stock.
    fn known(&self) -> BTreeMap<String, String> {
        let mut known = BTreeMap::new();
        flatten(String::new(), &serde_json::to_value(self).unwrap(), &mut known);
        for (variant, demand) in self.order.demands("1".parse().unwrap()) {
            for part in demand.parts {
                let fate = format!("{:?}", part.fate).chars().take_while(char::is_ascii_alphabetic).collect::<String>();
                let path = format!("demand/{variant}/{}/{fate}/{:?}", demand.line_id, part.location_id);
                let sum = known.get(&path).map_or(0, |sum| sum.parse::<u32>().unwrap()) + part.quantity;
                known.insert(path, sum.to_string());
            }
        }
        known
    }

    fn decide(&mut self, command: Command, kept: usize) -> usize {
        match command {
            Command::Order(_, command) => decide(&mut self.order, command, kept),
            Command::Product(_, command) => decide(&mut self.product, command, kept),
            Command::Customer(_, command) => decide(&mut self.customer, command, kept),
            Command::Stock(_, command) => decide(&mut self.stock, command, kept),
            Command::Shop(command) => decide(&mut self.shop, command, kept),
            Command::Checkout(_, command) => decide(&mut self.checkout, command, kept),
            Command::FulfillmentOrder(command) => {
                decide(self.fulfillment_orders.entry(command.id).or_default(), command, kept)
            }
            Command::Resource(id, _) => panic!("{id}: what is only observed has a law of its own"),
        }
    }
}

fn flatten(path: String, value: &Value, known: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            let told = fields.iter().filter(|(name, _)| !MEMORY.contains(&name.as_str()));
            told.for_each(|(name, value)| flatten(format!("{path}/{name}"), value, known));
        }
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(at, value)| flatten(format!("{path}/{at}"), value, known));
        }
        // The order's own transactions say what became of a refund's.
        _ if path.starts_with("/order/refunds/") && path.contains("/transactions/") && !path.ends_with("/id") => {}
        leaf => drop(known.insert(path, leaf.to_string())),
    }
}

/// As in production: the decision is taken on a copy, and the state is what its events make of it.
fn decide<A: Decider>(state: &mut A, command: A::Command, kept: usize) -> usize {
    let mut events = state.clone().decide(command).unwrap();
    events.truncate(kept);
    let count = events.len();
    events.into_iter().for_each(|event| state.apply(event));
    count
}

fn time(second: u32) -> String {
    format!("2026-03-29T18:00:{second:02}+02:00")
}

/// Few seconds, so that many webhooks claim the same one.
fn second() -> impl Strategy<Value = String> {
    (10_u32..14).prop_map(time)
}

fn triggered_at() -> impl Strategy<Value = Option<Timestamp>> {
    prop::option::of((10_u32..13).prop_map(|second| time(second).parse().unwrap()))
}

fn webhook(topic: &'static str, body: impl Strategy<Value = Value>) -> impl Strategy<Value = Webhook> {
    (triggered_at(), body).prop_map(move |(triggered_at, body)| Webhook(topic, triggered_at, body))
}

fn transaction(id: u32) -> impl Strategy<Value = Value> {
    (prop::sample::select(vec!["pending", "success", "failure"]), second()).prop_map(move |(status, at)| {
        json!({"id": id, "order_id": 1, "kind": "refund", "status": status, "amount": "1.50", "currency": "EUR",
               "gateway": "bogus", "processed_at": at})
    })
}

/// A refund never changes, but its transactions do.
fn refund() -> impl Strategy<Value = Value> {
    (1_u32..4).prop_flat_map(|id| {
        transaction(id).prop_map(move |transaction| {
            let line = 1 + id % 2;
            json!({"id": id, "order_id": 1, "created_at": time(id), "refund_line_items": [
                {"line_item_id": line, "quantity": id, "restock_type": "cancel", "location_id": null}
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

fn of_an_order() -> impl Strategy<Value = Webhook> {
    prop_oneof![
        4 => webhook("orders/updated", order()),
        1 => webhook("refunds/create", refund()),
        1 => webhook("fulfillments/update", fulfillment()),
        1 => webhook("order_transactions/create", (1_u32..4).prop_flat_map(transaction)),
        1 => webhook("orders/edited", edit()),
        1 => webhook("orders/delete", Just(json!({"id": 1}))),
        2 => news::of_a_return(),
        1 => news::of_a_risk(),
    ]
}

fn of_a_product() -> impl Strategy<Value = Webhook> {
    let variant = |id: u32| {
        ("[12]", "[ab]").prop_map(
            move |(price, sku)| json!({"id": id, "inventory_item_id": id, "title": "x", "price": price, "sku": sku}),
        )
    };
    let named = subsequence(vec![1, 2, 3, 4], 0..=4);
    let variants = (subsequence(vec![0, 1, 2], 0..=3), [variant(1), variant(2), variant(3)], named);
    let body = (variants, second(), prop::option::of(second()), "[ab]").prop_map(
        |((shown, all, named), at, published, title)| {
            let gid = |id: u32| json!({"admin_graphql_api_id": format!("gid://shopify/ProductVariant/{id}")});
            let named: Vec<Value> = named.into_iter().map(gid).collect();
            let variants: Vec<&Value> = shown.iter().map(|index| &all[*index]).collect();
            json!({"id": 1, "title": title, "created_at": time(1), "updated_at": at, "published_at": published,
               "tags": title, "variants": variants,
               "variant_gids": named})
        },
    );
    prop_oneof![5 => webhook("products/update", body), 1 => Just(Webhook("products/delete", None, json!({"id": 1})))]
}

fn of_a_customer() -> impl Strategy<Value = Webhook> {
    let state = prop::sample::select(vec!["enabled", "disabled"]);
    let body = (second(), state, "[ab]", prop::option::of("[ab]")).prop_map(|(at, state, name, tags)| {
        json!({"id": 1, "created_at": time(1), "updated_at": at, "first_name": name, "state": state, "tags": tags,
               "default_address": {"city": name}})
    });
    prop_oneof![
        4 => webhook("customers/update", body),
        6 => news::of_a_customer(),
        1 => Just(Webhook("customers/delete", None, json!({"id": 1}))),
    ]
}

fn of_an_item() -> impl Strategy<Value = Webhook> {
    let level = || {
        (1_u32..3, -2_i64..3, second()).prop_map(|(location, available, at)| {
            json!({"inventory_item_id": 1, "location_id": location, "available": available, "updated_at": at})
        })
    };
    let gone = (1_u32..3).prop_map(|location| json!({"inventory_item_id": 1, "location_id": location}));
    let item = ("[ab]", any::<bool>(), second())
        .prop_map(|(sku, tracked, at)| json!({"id": 1, "sku": sku, "tracked": tracked, "updated_at": at}));
    prop_oneof![
        3 => webhook("inventory_levels/update", level()),
        1 => webhook("inventory_levels/connect", level()),
        1 => webhook("inventory_levels/disconnect", gone),
        1 => webhook("inventory_items/update", item),
        1 => Just(Webhook("inventory_items/delete", None, json!({"id": 1}))),
    ]
}

/// When the process dies: after so many events of one webhook.
fn crashes() -> impl Strategy<Value = Vec<Option<usize>>> {
    prop::collection::vec(prop::option::of(0_usize..4), 1..8)
}

/// Webhooks, and the same ones disordered and some repeated.
fn disordered(webhook: impl Strategy<Value = Webhook>) -> impl Strategy<Value = (Vec<Webhook>, Vec<Webhook>)> {
    prop::collection::vec(webhook, 1..7).prop_flat_map(|webhooks| {
        let repeated = subsequence(webhooks.clone(), 0..=webhooks.len());
        let again = repeated.prop_map({
            let webhooks = webhooks.clone();
            move |repeated| [webhooks.clone(), repeated].concat()
        });
        (Just(webhooks), again.prop_shuffle())
    })
}

fn law((webhooks, disordered): (Vec<Webhook>, Vec<Webhook>), crashes: &[Option<usize>]) -> Result<(), TestCaseError> {
    let mut world = World::after(&webhooks);
    let (one, other) = (world.known(), World::after_crashes(&disordered, crashes.iter().copied().cycle()).known());
    let paths: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let different = |path: &&String| one.get(*path) != other.get(*path);
    let differences: Vec<_> =
        paths.into_iter().filter(different).map(|path| (path, one.get(path), other.get(path))).collect();
    prop_assert!(differences.is_empty(), "{differences:#?}");
    for webhook in &disordered {
        prop_assert_eq!(world.hear(webhook), 0, "{} again", webhook.0);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_order_ends_the_same_in_any_order_of_its_webhooks(case in disordered(of_an_order()), crashes in crashes()) {
        law(case, &crashes)?;
    }

    #[test]
    fn a_product_ends_the_same_in_any_order_of_its_webhooks(case in disordered(of_a_product()), crashes in crashes()) {
        law(case, &crashes)?;
    }

    #[test]
    fn a_customer_ends_the_same_in_any_order_of_its_webhooks(case in disordered(of_a_customer()), crashes in crashes()) {
        law(case, &crashes)?;
    }

    #[test]
    fn an_item_ends_the_same_in_any_order_of_its_webhooks(case in disordered(of_an_item()), crashes in crashes()) {
        law(case, &crashes)?;
    }
    #[test]
    fn fulfillment_orders_end_the_same_in_any_order_of_their_webhooks(
        case in disordered(news::of_fulfillment_orders()),
        crashes in crashes(),
    ) {
        law(case, &crashes)?;
    }

    #[test]
    fn a_checkout_ends_the_same_in_any_order_of_its_webhooks(
        case in disordered(news::of_a_checkout()),
        crashes in crashes(),
    ) {
        law(case, &crashes)?;
    }

    #[test]
    fn a_shop_ends_the_same_in_any_order_of_its_webhooks(
        case in disordered(news::of_the_shop()),
        crashes in crashes(),
    ) {
        law(case, &crashes)?;
    }
}
