//! The table of topics, compared with the list that is committed beside it.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use shopify::{End, Topic};

const HEADER: &str = "topic,resource,key,version,end,reason\n";

/// One line of the list; `-` is nothing.
fn line(topic: &Topic) -> String {
    let key: Vec<&str> = topic.key.iter().map(|part| part.path()).collect();
    let key = if key.is_empty() { "-".to_owned() } else { key.join("+") };
    let (end, reason) = match topic.end {
        End::Typed(_) => ("typed", "-"),
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
