use events::{AggregateKey, AggregateKind, Shop, subject};

use crate::fuzz;

const HOSTILE: &str = "aZ09-_=.*> \r\n\t\0\"$/é\u{202e}😀";

/// No name from outside adds a token or a wildcard, and every name is read back.
#[test]
fn subjects_are_literal_and_read_back() {
    let shop: Shop = "a-1".parse().unwrap();
    fuzz("subjects", |damage, input| {
        let text = damage.text(HOSTILE, 40);
        input.bytes = text.clone().into_bytes();
        let token = subject::encode(&text);
        assert_eq!(subject::decode(&token).as_deref(), Some(text.as_str()));
        let kind = AggregateKind::ALL[damage.below(AggregateKind::ALL.len())];
        let key = AggregateKey { kind, shop: shop.clone(), id: text.clone() };
        assert_eq!(subject::parse_event(&subject::event(&key)), Some(key));
        for (subject, tokens) in [
            (subject::inbox(Some(&shop), &text), 4),
            (subject::inbox(None, &text), 4),
            (subject::quarantine(Some(&shop), &text), 3),
            (subject::dead_letter(&text, None), 3),
        ] {
            assert_eq!(subject.split('.').count(), tokens, "{subject:?}");
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_=.".contains(&b);
            assert!(subject.bytes().all(plain) && !subject.contains(".."), "{subject:?}");
        }
    });
}

/// What is read as a subject is a subject that we would write.
#[test]
fn subjects_that_nobody_wrote_are_refused() {
    let shop: Shop = "a-1".parse().unwrap();
    let good = subject::event(&AggregateKey::new(AggregateKind::Order, &shop, 42));
    let mut read = 0_u64;
    fuzz("foreign subjects", |damage, input| {
        let mut bytes = good.clone().into_bytes();
        for _ in 0..damage.below(3) {
            damage.byte(&mut bytes);
        }
        input.bytes.clone_from(&bytes);
        let Ok(text) = std::str::from_utf8(&bytes) else { return };
        if let Some(key) = subject::parse_event(text) {
            read += 1;
            assert_eq!(subject::event(&key), text);
        }
        let tokens = damage.text("=09AFaf.", 12);
        if let Some(name) = subject::decode(&tokens) {
            assert_eq!(subject::encode(&name), tokens);
        }
    });
    assert!(read > 0, "no subject was readable");
}
