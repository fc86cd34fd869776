//! Webhooks of what is only observed: the body that stands for its topic, at other moments and in other words.

use std::collections::BTreeMap;

use events::AggregateKind;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use shopify::{Topic, Version};

use super::{Webhook, second, triggered_at};

const BODIES: &str = include_str!("../../../shopify/tests/fixtures/topics.json");

/// All bodies of a kind are about the same thing, as its fixtures are.
pub(super) fn webhooks_of(kind: AggregateKind) -> impl Strategy<Value = Webhook> {
    let bodies: BTreeMap<String, Value> = serde_json::from_str(BODIES).unwrap();
    let topics: Vec<&'static Topic> =
        Topic::all().filter(|topic| topic.resource == kind.as_str() && topic.is_translated()).collect();
    assert!(!topics.is_empty(), "no topic speaks of {kind}");
    let parts = (select(topics), triggered_at(), second(), 1_u64..4, "[ab]");
    parts.prop_map(move |(topic, triggered_at, at, revision, word)| {
        let mut body = bodies[topic.name].clone();
        match topic.version {
            Version::Field(path) => put(&mut body, path, json!(at)),
            // A number that Shopify writes as a string.
            Version::Revision(path) => put(&mut body, path, json!(revision.to_string())),
            Version::TriggeredAt => {}
        }
        reword(&mut body, &word);
        Webhook(topic.name, triggered_at, body)
    })
}

fn put(body: &mut Value, path: &str, value: Value) {
    let pointer = format!("/{}", path.replace('.', "/"));
    *body.pointer_mut(&pointer).unwrap_or_else(|| panic!("the fixture says no {path}")) = value;
}

/// Gives every name and status in it another word.
fn reword(value: &mut Value, word: &str) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if ["name", "title", "status"].contains(&name.as_str()) => {
                        word.clone_into(text);
                    }
                    other => reword(other, word),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| reword(item, word)),
        _ => {}
    }
}
