//! What the read models must show in the end: the store's own state, as the API writes it.

mod messages;
mod points;
mod rows;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::store::Store;

pub use messages::ExpectedMessages;

/// The store's state at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// By path: `/v1/acme/orders/1042`.
    expected: BTreeMap<String, Expected>,
    messages: Vec<ExpectedMessages>,
}

/// What one path must answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// 404: deleted.
    Gone,
    /// 200, with at least these fields. Lists must be equal as a whole.
    Row(Value),
    Stock(StockTotals),
}

/// What of an item's stock is certain. Where a promise lies is told by Shopify only when it is shipped,
/// so promises are compared in total and by order line.
#[derive(Debug, Clone, PartialEq)]
pub struct StockTotals {
    pub variant_id: String,
    pub sku: Option<String>,
    /// By location.
    pub available: BTreeMap<String, i64>,
    /// By order and line.
    pub allocated: BTreeMap<(String, String), i64>,
}

/// One path and what it must answer.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a> {
    /// To be put after the server's address.
    pub path: &'a str,
    pub expected: &'a Expected,
}

impl Truth {
    pub(crate) fn of(store: &Store) -> Self {
        Self { expected: rows::all(store).into_iter().collect(), messages: messages::all(store) }
    }

    /// What customers must have been told of their orders, when every rule is on.
    pub fn messages(&self) -> &[ExpectedMessages] {
        &self.messages
    }

    /// Everything that can be asked for.
    pub fn expectations(&self) -> impl Iterator<Item = Expectation<'_>> {
        self.expected.iter().map(|(path, expected)| Expectation { path, expected })
    }

    /// What `GET path` must answer.
    pub fn expected(&self, path: &str) -> Option<&Expected> {
        self.expected.get(path)
    }

    /// The paths of a kind: `orders`, `products`, `customers`, `loyalty` or `stock`.
    pub fn paths(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.expected.keys().map(String::as_str).filter(move |path| kind_of(path) == kind)
    }
}

/// `/v1/acme/orders/1042` is of the orders, `/v1/acme/customers/7/loyalty` of loyalty.
fn kind_of(path: &str) -> &str {
    let mut parts = path.split('/').skip(3);
    let noun = parts.next().unwrap_or_default();
    parts.nth(1).unwrap_or(noun)
}

impl Expectation<'_> {
    /// Every way in which an answer is not what it must be; none when all is well.
    pub fn differences(&self, status: u16, body: &Value) -> Vec<String> {
        let mut differences = Vec::new();
        match (self.expected, status) {
            (Expected::Gone, 404) => {}
            (Expected::Row(row), 200) => compare(self.path, row, body, &mut differences),
            (Expected::Stock(totals), 200) => totals.compare(self.path, body, &mut differences),
            (expected, status) => {
                let wanted = if *expected == Expected::Gone { 404 } else { 200 };
                differences.push(format!("{}: status {status}, not {wanted}", self.path));
            }
        }
        differences
    }
}

fn compare(path: &str, expected: &Value, actual: &Value, differences: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            for (key, value) in expected {
                compare(&format!("{path}.{key}"), value, actual.get(key).unwrap_or(&Value::Null), differences);
            }
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            for (at, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                compare(&format!("{path}[{at}]"), expected, actual, differences);
            }
        }
        _ if expected == actual => {}
        _ => differences.push(format!("{path}: {actual}, not {expected}")),
    }
}

impl StockTotals {
    fn compare(&self, path: &str, body: &Value, differences: &mut Vec<String>) {
        let mut check = |what: &str, expected: Value, actual: Value| {
            compare(&format!("{path} {what}"), &expected, &actual, differences);
        };
        let locations = list(body, "locations");
        let of = |key: &str| locations.iter().filter_map(|location| location[key].as_i64()).sum::<i64>();
        let available = locations.iter().map(|level| (text(&level["location_id"]), level["available"].clone()));
        let observed = locations.iter().map(|level| (text(&level["location_id"]), level["observed_available"].clone()));
        let (promised, sellable) = (self.allocated.values().sum::<i64>(), self.available.values().sum::<i64>());
        check("variant_id", json!(self.variant_id), body["variant_id"].clone());
        check("sku", json!(self.sku), body["sku"].clone());
        check("available", json!(self.available), available.collect());
        check("observed", json!(self.available), observed.collect());
        check("allocated", json!(promised), json!(of("allocated")));
        check("on_hand", json!(sellable + promised), json!(of("on_hand")));
        check("allocations", lines(&self.allocated), lines(&allocations(body)));
    }
}

fn allocations(body: &Value) -> BTreeMap<(String, String), i64> {
    let mut allocated = BTreeMap::new();
    for part in list(body, "allocations") {
        let line = (text(&part["order_id"]), text(&part["line_id"]));
        *allocated.entry(line).or_default() += part["quantity"].as_i64().unwrap_or(0);
    }
    allocated
}

fn lines(allocated: &BTreeMap<(String, String), i64>) -> Value {
    allocated.iter().map(|((order, line), units)| (format!("{order}/{line}"), json!(units))).collect()
}

fn list<'a>(body: &'a Value, key: &str) -> &'a [Value] {
    body[key].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
