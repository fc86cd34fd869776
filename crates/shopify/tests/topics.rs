//! The table of topics, compared with the list that is committed beside it.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use aggregates::Command;
use events::{Piece, Sealed};
use serde_json::value::RawValue;
use shopify::{Delivery, End, Topic, Translation, translate};

const HEADER: &str = "topic,resource,key,version,end,reason\n";

/// One line of the list; `-` is nothing.
fn line(topic: &Topic) -> String {
    let key: Vec<&str> = topic.key.iter().map(|part| part.path()).collect();
    let key = if key.is_empty() { "-".to_owned() } else { key.join("+") };
    let (end, reason) = match topic.end {
        End::Typed(_) => ("typed", "-"),
        End::Observed(_) => ("observed", "-"),
        End::Kept(reason) => ("kept", reason),
    };
    format!("{},{},{key},{},{end},{reason}\n", topic.name, topic.resource, topic.version)
}

fn sorted() -> String {
    let lines: BTreeSet<String> = Topic::all().map(line).collect();
    lines.into_iter().fold(HEADER.to_owned(), |list, line| list + &line)
}

/// `UPDATE_TOPICS=1` writes it; then read the difference before you commit it.
#[test]
fn the_table_is_the_committed_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("topics.csv");
    if std::env::var_os("UPDATE_TOPICS").is_some() {
        std::fs::write(&path, sorted()).unwrap();
    }
    assert_eq!(sorted(), std::fs::read_to_string(path).unwrap());
}

#[test]
fn every_topic_is_there_once() {
    let names: BTreeSet<&str> = Topic::all().map(|topic| topic.name).collect();
    assert_eq!(names.len(), Topic::all().count(), "a topic is there twice");
    assert_eq!(names.len(), 225 + 3, "the enum of 2026-07, and the three of compliance");
}

#[test]
fn names_are_shopifys_and_reasons_are_tokens() {
    let token = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let mut wrong = String::new();
    for topic in Topic::all() {
        let dotted =
            ["customer.joined_segment", "customer.left_segment", "customer.tags_added", "customer.tags_removed"];
        let split = if dotted.contains(&topic.name) { topic.name.split_once('.') } else { topic.name.split_once('/') };
        let named = split.is_some_and(|(resource, action)| token(resource) && token(action));
        let reasoned = !matches!(topic.end, End::Kept(reason) if !token(reason));
        if !named || !reasoned || !token(topic.resource) {
            writeln!(wrong, "{topic:?}").unwrap();
        }
    }
    assert_eq!(wrong, "");
}

const BODIES: &str = include_str!("fixtures/topics.json");

fn bodies() -> BTreeMap<String, Box<RawValue>> {
    serde_json::from_str(BODIES).unwrap()
}

fn read(topic: &str, body: &str) -> Translation {
    let shop = "acme".parse().unwrap();
    let triggered_at = Some("2026-03-30T00:00:00Z".parse().unwrap());
    let body = body.as_bytes();
    let delivery = Delivery {
        topic: Some(topic),
        shop: &shop,
        api_version: Some("2026-07"),
        triggered_at,
        received_at: events::Timestamp::UNIX_EPOCH,
        body,
    };
    let mut translation = translate(&delivery).unwrap_or_else(|error| panic!("{topic}: {error}"));
    if let Translation::Commands(commands) = &mut translation {
        commands.iter_mut().flat_map(|command| command.personal(&shop)).for_each(clear);
    }
    translation
}

/// As in a log from before there were seals, so that it can be looked at.
fn clear(piece: Piece<'_>) {
    if let Some(Sealed::Open(text)) = piece.value {
        *piece.value = Some(Sealed::Clear(std::mem::take(text)));
    }
}

/// The commands that each topic's body leads to, and what they lead to when nothing was before.
fn commands() -> Vec<(&'static Topic, String, Command)> {
    let bodies = bodies();
    let mut all = Vec::new();
    for topic in Topic::all() {
        let body = bodies[topic.name].get();
        match (read(topic.name, body), &topic.end) {
            (Translation::Kept(said), End::Kept(reason)) => assert_eq!(said, *reason),
            (Translation::Commands(commands), End::Typed(_) | End::Observed(_)) => {
                assert!(!commands.is_empty(), "{}", topic.name);
                all.extend(commands.into_iter().map(|command| (topic, body.to_owned(), command)));
            }
            (translation, end) => panic!("{}: {translation:?}, not {end:?}", topic.name),
        }
    }
    all
}

#[test]
fn every_topic_has_a_body_that_says_its_key() {
    let bodies = bodies();
    assert_eq!(bodies.len(), Topic::all().count());
    for topic in Topic::all() {
        let id = topic.id_of(bodies[topic.name].get().as_bytes());
        let id = id.unwrap_or_else(|error| panic!("{}: {error}", topic.name));
        assert_eq!(id.is_empty(), topic.key.is_empty(), "{}", topic.name);
    }
}

#[test]
fn commands_are_for_the_aggregate_that_the_table_names() {
    let shop = "acme".parse().unwrap();
    // A body may speak of several, as one of two fulfilment orders that were merged: the key is one of them.
    let mut spoken_of: BTreeMap<&str, (String, BTreeSet<String>)> = BTreeMap::new();
    for (topic, body, command) in commands() {
        let key = command.key(&shop);
        assert_eq!(key.kind.as_str(), topic.resource, "{}", topic.name);
        let id = if topic.key.is_empty() { "acme".to_owned() } else { topic.id_of(body.as_bytes()).unwrap() };
        spoken_of.entry(topic.name).or_insert((id, BTreeSet::new())).1.insert(key.id);
    }
    for (topic, (id, ids)) in spoken_of {
        assert!(ids.contains(&id), "{topic}: {id} is not of {ids:?}");
        assert!(ids.len() == 1 || topic.starts_with("fulfillment_orders/"), "{topic}: {ids:?}");
    }
}

#[test]
fn every_topic_that_is_read_leads_to_events_that_can_be_read_back() {
    for (topic, _, command) in commands() {
        let kind = command.key(&"acme".parse().unwrap()).kind;
        let events = command.first_events();
        // Nothing is left of a level that was never connected.
        let silent = ["inventory_levels/disconnect", "inventory_levels/connect"].contains(&topic.name);
        assert!(!events.is_empty() || silent, "{}", topic.name);
        for event in events {
            let schema = events::spec(event.wire_type()).unwrap();
            assert_eq!(schema.kind, kind);
            let body: serde_json::Value = serde_json::from_slice(&event.encode().unwrap()).unwrap();
            assert!(body["at"].is_string(), "{}", topic.name);
        }
    }
}

/// A later change seals what is personal: it must not be anywhere else.
#[test]
fn what_names_a_person_is_in_the_field_that_is_called_so() {
    let mut personal = BTreeSet::new();
    for (topic, _, command) in commands() {
        if !matches!(topic.end, End::Observed(_)) {
            continue;
        }
        for event in command.first_events() {
            let mut body: serde_json::Value = serde_json::from_slice(&event.encode().unwrap()).unwrap();
            if let Some(snapshot) = body.get_mut("snapshot").and_then(serde_json::Value::as_object_mut)
                && snapshot.remove("personal").is_some()
            {
                personal.insert(topic.resource);
            }
            let rest = body.to_string();
            for name in ["Ada", "ada@", "4242"] {
                assert!(!rest.contains(name), "{}: {rest}", topic.name);
            }
        }
    }
    let expected = ["company", "company_location", "customer_payment_method", "draft_order"];
    assert_eq!(personal, BTreeSet::from(expected));
}

/// A body cannot be taken for another's: what is observed is refused under every topic of another shape.
#[test]
fn a_body_under_the_topic_of_another_resource_is_unreadable() {
    let bodies = bodies();
    let shop = "acme".parse().unwrap();
    let observed = || Topic::all().filter(|topic| matches!(topic.end, End::Observed(_)) && topic.action() != "delete");
    let mut believed = BTreeSet::new();
    for (under, own) in observed().flat_map(|under| observed().map(move |own| (under, own))) {
        if under.resource == own.resource {
            continue;
        }
        let body = bodies[own.name].get().as_bytes();
        let delivery = Delivery {
            topic: Some(under.name),
            shop: &shop,
            api_version: None,
            triggered_at: None,
            received_at: events::Timestamp::UNIX_EPOCH,
            body,
        };
        if translate(&delivery).is_ok() {
            believed.insert((own.resource, under.resource));
        }
    }
    // A market is a name with an id: so many things are that. Nothing follows from believing it.
    believed.retain(|(_, under)| *under != "market");
    assert_eq!(believed, BTreeSet::new());
}
