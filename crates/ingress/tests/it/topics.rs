//! A body of every topic through the door and the recorder, on a real broker: answered 200, and ended as the
//! table of topics says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::value::RawValue;
use shopify::{ApiVersion, Topic};

use crate::content::{End, House};

const BODIES: &str = include_str!("../../../shopify/tests/fixtures/topics.json");

/// Each is triggered a second after the last.
async fn take(house: &mut House, number: usize, topic: &str, version: &str, body: &[u8]) -> End {
    let triggered_at = format!("2026-04-01T{:02}:{:02}:{:02}Z", number / 3600, number / 60 % 60, number % 60);
    let headers = [
        ("X-Shopify-Topic", topic),
        ("X-Shopify-Shop-Domain", "acme.myshopify.com"),
        ("X-Shopify-Webhook-Id", &number.to_string()),
        ("X-Shopify-API-Version", version),
        ("X-Shopify-Triggered-At", &triggered_at),
    ];
    house.take(topic, &headers, body).await
}

/// What an end is called in the report.
fn told(topic: Option<&Topic>, end: End) -> String {
    match (end, topic.map(|topic| &topic.end)) {
        (End::Quarantine(reason), _) => format!("quarantined {reason}"),
        (End::Events, _) => "recorded".to_owned(),
        (_, Some(shopify::End::Kept(reason))) => format!("kept {reason}"),
        _ => "known".to_owned(),
    }
}

/// Nothing is left of a level that is disconnected before it was ever connected.
const SILENT: [&str; 1] = ["inventory_levels/disconnect"];

#[tokio::test(flavor = "multi_thread")]
async fn every_topic_is_answered_200_and_ends_as_the_table_says() {
    let bodies: BTreeMap<String, Box<RawValue>> = serde_json::from_str(BODIES).unwrap();
    let mut house = House::open().await;
    let (mut seen, mut sums) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
    for (number, topic) in Topic::all().enumerate() {
        let body = bodies[topic.name].get();
        let end = take(&mut house, number, topic.name, "2026-07", body.as_bytes()).await;
        let told = told(Some(topic), end);
        println!("{:60} {told}", topic.name);
        // One order in seven topics is one order.
        let news = seen.insert((topic.resource, body)) && !SILENT.contains(&topic.name);
        match topic.is_translated() {
            true if news => assert_eq!(told, "recorded", "{}", topic.name),
            true => assert!(["recorded", "known"].contains(&told.as_str()), "{}: {told}", topic.name),
            false => assert_eq!(end, End::Nothing, "{}", topic.name),
        }
        *sums.entry(told).or_default() += 1;
    }
    println!("{sums:#?}");
    assert_eq!(take(&mut house, 86_000, "orders/eaten", "2026-07", b"{}").await, End::Quarantine("unknown_topic"));
}

/// `TILLSTREAM_PAYLOADS=DIR cargo test -p ingress --test it topics -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "reads the folder that TILLSTREAM_PAYLOADS names"]
async fn every_file_of_a_folder_is_answered_200_and_has_its_end() {
    let folder = std::env::var("TILLSTREAM_PAYLOADS").expect("TILLSTREAM_PAYLOADS names a folder");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(!files.is_empty(), "there is no body in it");
    let mut house = House::open().await;
    let mut sums = BTreeMap::<String, usize>::new();
    for (number, file) in files.iter().enumerate() {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let topic = Topic::of_file(stem);
        let version = stem.rsplit("docs-").next().filter(|tail| tail.parse::<ApiVersion>().is_ok()).unwrap_or("");
        let name = topic.map_or(stem, |topic| topic.name);
        let end = take(&mut house, number, name, version, &std::fs::read(file).unwrap()).await;
        let told = told(topic, end);
        println!("{stem:70} {name:50} {told}");
        *sums.entry(told).or_default() += 1;
    }
    println!("{} files: {sums:#?}", files.len());
    assert_eq!(sums.values().sum::<usize>(), files.len(), "none is lost");
}
