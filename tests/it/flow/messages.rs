//! Who was told what: the truth, the log, the read model and the mail server say the same.

use std::collections::{BTreeMap, BTreeSet};

use mail_parser::MessageParser;
use serde_json::Value;
use simulator::{ExpectedMessages, Truth};
use testkit::MailServer;

use super::log::Log;
use super::none;
use crate::api::Api;
use crate::house::SHOP;

/// Messages that one process may have under way: as many as it has lanes.
pub(crate) const UNDER_WAY: usize = 16;

pub(crate) struct Told {
    pub(crate) notifications: usize,
    pub(crate) mails: usize,
    /// Mails that came a second time, with the same id: a sender was killed before it could note that it had sent.
    pub(crate) repeated: usize,
}

/// Exactly the expected keys, one mail for each; how many came again is for the caller to judge.
pub(crate) async fn check(api: &Api, server: &MailServer, log: &Log, truth: &Truth) -> Told {
    let rows = api.list(&format!("/v1/{SHOP}/notifications")).await;
    let expected: BTreeMap<(&str, &str), &ExpectedMessages> =
        truth.messages().iter().map(|one| ((one.order_id.as_str(), one.rule), one)).collect();
    let mut differences = counts(&rows, &expected);
    let mut mails: BTreeMap<String, Vec<(Vec<String>, String)>> = BTreeMap::new();
    for mail in server.mails() {
        let parsed = MessageParser::default().parse(&mail.data).unwrap();
        let (id, subject) = (parsed.message_id().unwrap(), parsed.subject().unwrap());
        let id = id.split_once('@').map_or(id, |(id, _)| id);
        mails.entry(id.to_owned()).or_default().push((mail.to, subject.to_owned()));
    }
    for row in &rows {
        differences.extend(told(row, &expected, log, &mails));
    }
    let known: BTreeSet<&String> = log.sent.values().collect();
    differences.extend(mails.keys().filter(|id| !known.contains(id)).map(|id| format!("nobody asked for mail {id}")));
    let all: usize = mails.values().map(Vec::len).sum();
    none(&differences);
    Told { notifications: rows.len(), mails: all, repeated: all - mails.len() }
}

/// Where there are more or fewer notifications of a kind about an order than there should be.
fn counts(rows: &[Value], expected: &BTreeMap<(&str, &str), &ExpectedMessages>) -> Vec<String> {
    let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in rows {
        if let Some(order) = row["order_id"].as_str() {
            *found.entry((order, row["rule"].as_str().unwrap())).or_default() += 1;
        }
    }
    let keys: BTreeSet<&(&str, &str)> = found.keys().chain(expected.keys()).collect();
    let differ = |key: &&(&str, &str)| {
        let count = found.get(*key).copied().unwrap_or(0);
        let (least, most) = expected.get(*key).map_or((0, 0), |one| (one.at_least, one.at_most));
        (count < least || count > most).then(|| format!("order {} {}: {count}, not {least} to {most}", key.0, key.1))
    };
    keys.iter().filter_map(differ).collect()
}

/// What is wrong with one notification's end.
fn told(
    row: &Value,
    expected: &BTreeMap<(&str, &str), &ExpectedMessages>,
    log: &Log,
    mails: &BTreeMap<String, Vec<(Vec<String>, String)>>,
) -> Option<String> {
    let order = row["order_id"].as_str().zip(row["rule"].as_str()).and_then(|key| expected.get(&key));
    let reachable = order.is_none_or(|order| order.reachable);
    let key = row["key"].as_str().unwrap();
    match (row["status"].as_str().unwrap(), log.sent.get(key)) {
        ("sent", Some(id)) => {
            let Some(copies) = mails.get(id) else { return Some(format!("no mail came of {row}")) };
            // A repetition goes where the order is told of by then: the customer may have changed it meanwhile. An item
            // of which only the number was known may have its name.
            let item = match row["rule"].as_str() {
                Some("low_stock") => Some("Low stock: "),
                Some("oversold") => Some("Oversold: "),
                _ => None,
            };
            let says_same = |subject: &str| item.map_or(subject == copies[0].1, |words| subject.starts_with(words));
            let same = copies.iter().all(|copy| says_same(&copy.1));
            let named = order.is_none_or(|order| copies[0].1.contains(&order.order_name));
            (!same || !named).then(|| format!("mails {copies:?} of {row}"))
        }
        ("suppressed", None) if !reachable => None,
        _ => Some(format!("not told: {row}")),
    }
}
