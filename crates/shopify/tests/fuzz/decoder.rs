use std::collections::BTreeMap;

use events::{Sealed, Shop};
use serde_json::Value;
use serde_json::value::RawValue;
use shopify::{Delivery, Topic, Translation, check_json, translate};

use crate::damage::Damage;
use crate::fuzz;

/// A body of every topic.
const TOPICS: &str = include_str!("../fixtures/topics.json");

const BODIES: [&str; 10] = [
    include_str!("../fixtures/order.json"),
    include_str!("../fixtures/order_of_old_version.json"),
    include_str!("../fixtures/product.json"),
    include_str!("../fixtures/customer.json"),
    include_str!("../fixtures/refund.json"),
    r#"{"id":1}"#,
    r#"{"inventory_item_id":5,"location_id":6,"available":7,"updated_at":"2026-03-29T18:00:26Z"}"#,
    r#"{"id":5,"sku":"T","tracked":true,"created_at":"2026-03-29T18:00:26Z","updated_at":"2026-03-29T18:00:26Z"}"#,
    r#"{"id":8,"myshopify_domain":"acme.myshopify.com"}"#,
    r#"{"order_edit":{"id":1,"order_id":2,"committed_at":"2026-03-29T18:00:26Z","line_items":{"additions":[{"id":3,"delta":1}],"removals":[]}}}"#,
];

fn bodies() -> BTreeMap<String, Box<RawValue>> {
    serde_json::from_str(TOPICS).unwrap()
}

/// Mostly the topic's own body, else any.
fn body_of<'a>(topic: &Topic, bodies: &'a BTreeMap<String, Box<RawValue>>, damage: &mut Damage) -> &'a str {
    if damage.below(4) == 0 { damage.one(&BODIES) } else { bodies[topic.name].get() }
}

/// Bodies that all parsers read alike, whatever the topic makes of them.
#[test]
fn decoder_takes_what_every_parser_reads_alike_and_never_panics() {
    let shop: Shop = "acme".parse().unwrap();
    let topics: Vec<&Topic> = Topic::all().collect();
    let bodies = bodies();
    let (mut taken, mut told) = (0_u64, 0_u64);
    fuzz("decoder", |damage, input| {
        let topic = topics[damage.below(topics.len())];
        let body = body_of(topic, &bodies, damage);
        input.bytes = damage.json(body);
        let api_version = [None, Some("2026-07"), Some("2019-01"), Some("2099-01"), Some("unstable")][damage.below(5)];
        let triggered_at = ["2026-03-29T18:00:30Z".parse().ok(), None][damage.below(2)];
        let delivery = Delivery {
            topic: Some(topic.name),
            shop: &shop,
            api_version,
            triggered_at,
            received_at: events::Timestamp::UNIX_EPOCH,
            body: &input.bytes,
        };
        let translated = translate(&delivery);
        assert_eq!(translated, translate(&delivery), "{}: it is a pure function", topic.name);
        if let Ok(Translation::Commands(commands)) = &translated {
            let mut commands = commands.clone();
            for piece in commands.iter_mut().flat_map(|command| command.personal(&shop)) {
                if let Some(Sealed::Open(text)) = piece.value {
                    *piece.value = Some(Sealed::Clear(std::mem::take(text)));
                }
            }
            for event in commands.into_iter().flat_map(aggregates::Command::first_events) {
                told += 1;
                let body: Value =
                    serde_json::from_slice(&event.encode().expect("an event is JSON")).expect("an event is JSON");
                assert!(body["at"].is_string(), "{}: {body}", topic.name);
            }
        }
        match check_json(&input.bytes) {
            Ok(text) => {
                taken += 1;
                let value: Value = serde_json::from_str(text).expect("other parsers read it too");
                assert!(value.is_object());
            }
            Err(refused) => {
                // Topics that only stay in the inbox are not read at all.
                if let Err(error) = translated {
                    assert_eq!(error.reason(), refused.reason(), "{}", topic.name);
                }
            }
        }
    });
    println!("decoder: {taken} were readable, and {told} events came of them");
    assert!(taken > 0 && told > 0, "damage that leaves nothing readable tests nothing");
}

/// The error of a body is logged: it must quote nothing of it.
#[test]
fn decoder_errors_quote_nothing_of_the_body() {
    let shop: Shop = "acme".parse().unwrap();
    let topics: Vec<&Topic> = Topic::all().collect();
    let bodies = bodies();
    fuzz("decoder errors", |damage, input| {
        let secret = "s3cret-of-a-customer";
        let topic = topics[damage.below(topics.len())];
        let body = body_of(topic, &bodies, damage)
            .replace("\"title\"", &format!("\"{secret}\""))
            .replace("\"2026", &format!("\"{secret}2026"));
        input.bytes = damage.json(&body);
        let delivery = Delivery {
            topic: Some(topic.name),
            shop: &shop,
            api_version: None,
            triggered_at: None,
            received_at: events::Timestamp::UNIX_EPOCH,
            body: &input.bytes,
        };
        if let Err(error) = translate(&delivery) {
            assert!(!error.to_string().contains(secret), "{}: {error}", topic.name);
        }
    });
}
