//! Subjects: the only file that knows how names become NATS tokens.
//!
//! Whatever comes from outside is encoded token by token: letters, digits, `-` and `_` stand for
//! themselves, every other byte is `=` and two hexadecimal digits, and the empty text is `=`.
//! So no name can add a token, a wildcard or a blank, and every name can be read back.

use crate::{AggregateKey, Shop};

/// The number of partitions of `EVENTS`; permanent, because it is part of every subject.
pub const PARTITIONS: u32 = 32;

/// `events.<partition>.<aggregate>.<shop>.<id>`: literal, one per aggregate.
pub fn event(key: &AggregateKey) -> String {
    let tail = format!("{}.{}.{}", key.kind, encode(key.shop.as_str()), encode(&key.id));
    format!("events.{}.{tail}", partition(&tail))
}

/// The filter for all aggregates of a kind.
pub fn events_of(kind: crate::AggregateKind) -> String {
    format!("events.*.{kind}.>")
}

/// Reads an event's subject back; `None` when it is not one, or its partition is wrong.
pub fn parse_event(subject: &str) -> Option<AggregateKey> {
    let (head, tail) = subject.strip_prefix("events.")?.split_once('.')?;
    let mut tokens = tail.split('.');
    let kind = tokens.next()?.parse().ok()?;
    let shop = decode(tokens.next()?)?.parse().ok()?;
    let id = decode(tokens.next()?)?;
    let whole = tokens.next().is_none() && is_partition(head, tail);
    whole.then_some(AggregateKey { kind, shop, id })
}

/// Whether it is the partition of this rest of a subject, in its one spelling.
fn is_partition(token: &str, tail: &str) -> bool {
    let spelled = token == "0" || !token.starts_with(['0', '+']);
    spelled && token.parse() == Ok(partition(tail))
}

/// `inbox.<shop>.<resource>.<action>`; no shop (an unknown one) is `=`, as is a missing part of the topic.
pub fn inbox(shop: Option<&Shop>, topic: &str) -> String {
    let (resource, action) = topic.split_once(['/', '.']).unwrap_or((topic, ""));
    format!("inbox.{}.{}.{}", encode(shop.map_or("", Shop::as_str)), encode(resource), encode(action))
}

/// `quarantine.<shop>.<reason>`.
pub fn quarantine(shop: Option<&Shop>, reason: &str) -> String {
    format!("quarantine.{}.{}", encode(shop.map_or("", Shop::as_str)), encode(reason))
}

/// `dead.<handler>.<shop>`.
pub fn dead_letter(handler: &str, shop: Option<&Shop>) -> String {
    format!("dead.{}.{}", encode(handler), encode(shop.map_or("", Shop::as_str)))
}

/// `redrive.<handler>.<shop>`: asks for a dead letter's message once more.
pub fn redrive(handler: &str, shop: Option<&Shop>) -> String {
    format!("redrive.{}.{}", encode(handler), encode(shop.map_or("", Shop::as_str)))
}

/// The filter for all that is redriven to a handler.
pub fn redrives_of(handler: &str) -> String {
    format!("redrive.{}.>", encode(handler))
}

/// `dropped.<handler>.<shop>`: says why a dead letter was dropped.
pub fn dropped(handler: &str, shop: Option<&Shop>) -> String {
    format!("dropped.{}.{}", encode(handler), encode(shop.map_or("", Shop::as_str)))
}

/// `timers.<service>.<key>`: the schedule, one at a time.
pub fn timer(service: &str, key: &str) -> String {
    format!("timers.{}.{}", encode(service), encode(key))
}

/// `timers.<service>.<key>.due`: where the message of a timer goes when its time has come.
pub fn timer_due(service: &str, key: &str) -> String {
    format!("{}.due", timer(service, key))
}

/// The filter for all timers of a service that are due.
pub fn timers_due(service: &str) -> String {
    format!("timers.{}.*.due", encode(service))
}

/// `tries.<consumer>.<sequence>`: how often a message was tried in vain.
pub fn tries(consumer: &str, sequence: u64) -> String {
    format!("tries.{}.{sequence}", encode(consumer))
}

/// `starts.<service>.<shop>`: since when a service acts for a shop.
pub fn start(service: &str, shop: &Shop) -> String {
    format!("starts.{}.{}", encode(service), encode(shop.as_str()))
}

/// The filter for all starts of a service.
pub fn starts_of(service: &str) -> String {
    format!("starts.{}.*", encode(service))
}

/// Reads the key of a due timer back.
pub fn parse_timer_due(subject: &str) -> Option<String> {
    let mut tokens = subject.strip_prefix("timers.")?.split('.').skip(1);
    let key = decode(tokens.next()?)?;
    (tokens.next() == Some("due") && tokens.next().is_none()).then_some(key)
}

/// Of `<aggregate>.<shop>.<id>`, by the hash that nats-server's own `partition()` uses.
fn partition(tail: &str) -> u32 {
    fnv1a_32(tail.as_bytes()) % PARTITIONS
}

fn fnv1a_32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Encodes one token.
pub fn encode(text: &str) -> String {
    if text.is_empty() {
        return "=".to_owned();
    }
    let mut token = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => token.push(char::from(byte)),
            _ => token.push_str(&format!("={byte:02X}")),
        }
    }
    token
}

/// Decodes one token; `None` for anything that [`encode`] does not write.
pub fn decode(token: &str) -> Option<String> {
    if token == "=" {
        return Some(String::new());
    }
    // Nearly all: what needs no encoding.
    if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Some(token.to_owned());
    }
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first == b'=' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(rest.get(..2)?).ok()?, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(first);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (encode(&text) == token).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::AggregateKind;

    #[test]
    fn hostile_topics_stay_inside_their_tokens() {
        let shop: Shop = "acme".parse().unwrap();
        let cases = [
            ("orders/create", "inbox.acme.orders.create"),
            ("customer.tags_added", "inbox.acme.customer.tags_added"),
            ("", "inbox.acme.=.="),
            (">", "inbox.acme.=3E.="),
            ("orders.*", "inbox.acme.orders.=2A"),
            ("../../x", "inbox.acme.=.=2E=2F=2E=2E=2Fx"),
            ("a/b\r\nc d", "inbox.acme.a.b=0D=0Ac=20d"),
        ];
        for (topic, subject) in cases {
            assert_eq!(inbox(Some(&shop), topic), subject, "topic {topic:?}");
        }
    }

    #[test]
    fn partitions_are_fnv1a_and_all_are_used() {
        assert_eq!(fnv1a_32(b"foobar"), 0xbf9c_f968, "the published test vector");
        let used: std::collections::BTreeSet<u32> =
            (0..1000).map(|id| partition(&format!("order.acme.{id}"))).collect();
        assert_eq!(used.len(), PARTITIONS as usize);
    }

    proptest! {
        #[test]
        fn any_text_survives_a_token(text in ".*") {
            let token = encode(&text);
            prop_assert!(!token.is_empty());
            prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=".contains(&b)));
            prop_assert_eq!(decode(&token), Some(text));
        }

        #[test]
        fn any_key_survives_a_subject(kind in 0..AggregateKind::ALL.len(), id in ".*") {
            let key = AggregateKey { kind: AggregateKind::ALL[kind], shop: "a-1".parse().unwrap(), id };
            prop_assert_eq!(parse_event(&event(&key)), Some(key));
        }

        #[test]
        fn any_key_survives_a_timer(key in ".*") {
            prop_assert_eq!(parse_timer_due(&timer_due("loyalty", &key)), Some(key.clone()));
            prop_assert_eq!(timer("loyalty", &key).split('.').count(), 3);
            prop_assert_eq!(parse_timer_due(&timer("loyalty", &key)), None);
        }

        #[test]
        fn only_written_tokens_are_read(token in "[=A-Fa-f0-9.*> ]{0,12}") {
            if let Some(text) = decode(&token) {
                prop_assert_eq!(encode(&text), token);
            }
        }
    }
}
