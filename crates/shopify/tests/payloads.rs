//! A folder of bodies, each read under its topic: `TILLSTREAM_PAYLOADS=DIR cargo test -p shopify --test payloads -- --ignored --nocapture`.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use shopify::{Delivery, Topic, Translation, translate};

/// A file of no topic's name is delivered under it all the same.
fn topic_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    Topic::of_file(stem).map_or_else(|| stem.to_owned(), |topic| topic.name.to_owned())
}

fn version_of(file: &Path) -> Option<String> {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    let tail = stem.rsplit("docs-").next().unwrap();
    tail.parse::<shopify::ApiVersion>().is_ok().then(|| tail.to_owned())
}

fn outcome(topic: &str, version: Option<&str>, body: &[u8]) -> String {
    let shop = "acme".parse().unwrap();
    let triggered_at = Some("2026-04-01T00:00:00Z".parse().unwrap());
    let delivery = Delivery {
        topic: Some(topic),
        shop: &shop,
        api_version: version,
        triggered_at,
        received_at: events::Timestamp::UNIX_EPOCH,
        body,
    };
    match translate(&delivery) {
        Ok(Translation::Kept(reason)) => format!("kept {reason}"),
        Ok(Translation::Commands(commands)) => {
            let events = commands.into_iter().flat_map(aggregates::Command::first_events);
            let types: Vec<&str> = events.map(|event| event.wire_type()).collect();
            format!("recorded {}", types.join(" "))
        }
        Err(error) => format!("quarantined {}: {error}", error.reason()),
    }
}

#[test]
#[ignore = "reads the folder that TILLSTREAM_PAYLOADS names"]
fn every_file_of_the_folder_has_an_outcome() {
    let folder = std::env::var("TILLSTREAM_PAYLOADS").expect("TILLSTREAM_PAYLOADS names a folder");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(!files.is_empty(), "there is no body in it");
    let mut sums: BTreeMap<String, usize> = BTreeMap::new();
    for file in &files {
        let topic = topic_of(file);
        let outcome = outcome(&topic, version_of(file).as_deref(), &std::fs::read(file).unwrap());
        println!("{:70} {topic:50} {outcome}", file.file_name().unwrap().to_string_lossy());
        *sums.entry(outcome.split(' ').next().unwrap().to_owned()).or_default() += 1;
    }
    println!("{} files: {sums:?}", files.len());
    assert_eq!(sums.values().sum::<usize>(), files.len(), "none is lost");
}
