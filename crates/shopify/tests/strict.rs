//! What the one decoder refuses.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::Value;
use shopify::{Delivery, Topic, Unreadable, check_json, translate};

fn reason(body: &[u8]) -> &'static str {
    check_json(body).map_or_else(|error| error.reason(), |_| "fine")
}

fn nested(levels: usize) -> String {
    let arrays = levels - 1;
    format!(r#"{{"a":{}{}}}"#, "[".repeat(arrays), "]".repeat(arrays))
}

#[test]
fn legal_documents_pass() {
    let fine = [
        "{}",
        " \t\r\n{ } \n",
        r#"{"a":[],"b":{},"c":null,"d":true,"e":false,"f":-0,"g":0.5,"h":1E+2,"i":"\"\\\/\b\f\n\r\t\u00e9"}"#,
        r#"{"same":{"same":{"same":1}},"x":[{"y":1},{"y":2}]}"#,
        r#"{"emoji":"😀 \ud83d\ude00","é":1,"e\u0301":2}"#,
        r#"{"n":[12345678901234567890,0.123456789012345678901234,1e27,1.5e-27,0e999999999,9999999999999999999999999999]}"#,
        r#"{"__proto__":1,"$where":"{{7*7}}","${jndi:ldap://x}":"<script>","a":"=cmd()","b":"x\r\nBcc: y"}"#,
    ];
    for body in fine {
        assert_eq!(reason(body.as_bytes()), "fine", "{body}");
    }
    assert_eq!(reason(nested(64).as_bytes()), "fine");
}

#[test]
fn documents_that_parsers_disagree_on_are_refused() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "not_json"),
        (b"   ", "not_json"),
        (b"{", "not_json"),
        (b"{\"a\"", "not_json"),
        (b"{\"a\":1,}", "not_json"),
        (b"{\"a\":[1,]}", "not_json"),
        (b"{a:1}", "not_json"),
        (b"{'a':1}", "not_json"),
        (b"{\"a\":1}{}", "not_json"),
        (b"{} x", "not_json"),
        (b"{} // x", "not_json"),
        (b"{/**/}", "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b"{\"a\":NaN}", "not_json"),
        (b"{\"a\":Infinity}", "not_json"),
        (b"{\"a\":01}", "not_json"),
        (b"{\"a\":-}", "not_json"),
        (b"{\"a\":1.}", "not_json"),
        (b"{\"a\":.5}", "not_json"),
        (b"{\"a\":+1}", "not_json"),
        (b"{\"a\":1e}", "not_json"),
        (b"{\"a\":tru}", "not_json"),
        (b"{\"a\":\"\n\"}", "not_json"),
        (b"{\"a\":\"\0\"}", "not_json"),
        (b"{\"a\":\"\\x\"}", "not_json"),
        (b"{\"a\":\"\\u00g0\"}", "not_json"),
        (b"{\"a\":\"\\u00", "not_json"),
        (b"{\"a\":\"x", "not_json"),
        (b"null", "not_an_object"),
        (b"[]", "not_an_object"),
        (b"7", "not_an_object"),
        (b"\"x\"", "not_an_object"),
        (b"[7,\"x\"]", "not_an_object"),
        (b"{\"a\":\"\xff\"}", "not_utf8"),
        (b"{\"a\":\"\xed\xa0\x80\"}", "not_utf8"),
        (br#"{"a":"\ud800"}"#, "bad_text"),
        (br#"{"a":"\udc00"}"#, "bad_text"),
        (br#"{"a":"\ud800x"}"#, "bad_text"),
        (br#"{"a":"\ud800\ud800"}"#, "bad_text"),
        (br#"{"a":"x\u0000"}"#, "bad_text"),
        (br#"{"\u0000":1}"#, "bad_text"),
        (br#"{"id":1,"id":2}"#, "duplicate_key"),
        (br#"{"id":1,"\u0069d":2}"#, "duplicate_key"),
        (br#"{"x":[{"deep":{"a\/b":1,"c":2,"a/b":1}}]}"#, "duplicate_key"),
        (br#"{"a":1e400}"#, "inexact_number"),
        (br#"{"a":-1e-400}"#, "inexact_number"),
        (br#"{"a":1e99999999999999999999}"#, "inexact_number"),
        (br#"{"a":123456789012345678901234567890}"#, "inexact_number"),
        (br#"{"a":0.12345678901234567890123456789}"#, "inexact_number"),
    ];
    for (body, expected) in cases {
        assert_eq!(reason(body), *expected, "{:?}", String::from_utf8_lossy(body));
    }
    assert_eq!(reason(nested(65).as_bytes()), "too_deep");
    assert_eq!(reason("[".repeat(1_000_000).as_bytes()), "too_deep");
    assert_eq!(reason("{\"a\":".repeat(1_000_000).as_bytes()), "too_deep");
}

#[test]
fn a_key_is_found_twice_among_many() {
    let many: Vec<String> = (0..500).map(|n| format!("\"k{n}\":{n}")).collect();
    let body = |again: &str| format!("{{{},\"{again}\":0}}", many.join(","));
    assert_eq!(reason(body("k500").as_bytes()), "fine");
    assert_eq!(reason(body("k250").as_bytes()), "duplicate_key");
    assert_eq!(reason(body("k25\\u0030").as_bytes()), "duplicate_key");
}

#[test]
fn reasons_are_stable_tokens() {
    for error in [Unreadable::NoTopic, Unreadable::TooDeep, Unreadable::ForeignShop] {
        assert!(error.reason().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[^\0]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
            prop::collection::hash_map("[^\0]{0,4}", inner, 0..12).prop_map(Value::from_iter),
        ]
    })
}

const BODIES: [&str; 5] = [
    include_str!("fixtures/order.json"),
    include_str!("fixtures/order_of_old_version.json"),
    include_str!("fixtures/product.json"),
    include_str!("fixtures/customer.json"),
    include_str!("fixtures/refund.json"),
];

proptest! {
    #[test]
    fn any_object_passes_and_stays_what_it_is(value in json(), pretty in any::<bool>()) {
        let value = serde_json::json!({ "value": value });
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert_eq!(check_json(text.as_bytes()), Ok(text.as_str()));
    }

    #[test]
    fn what_passes_is_json_to_everyone(body in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(text) = check_json(&body) {
            prop_assert!(serde_json::from_str::<Value>(text).unwrap().is_object());
        }
    }

    #[test]
    fn what_passes_is_json_to_everyone_near_the_grammar(body in r#"\{("[ab\\]{1,3}":[0-9eE.+\[\]{},:"ntf-]{1,8},?){0,3}\}"#) {
        if let Ok(text) = check_json(body.as_bytes()) {
            prop_assert!(serde_json::from_str::<Value>(text).unwrap().is_object());
        }
    }

    #[test]
    fn a_damaged_body_never_panics(body in 0..BODIES.len(), topic in 0..Topic::all().count(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..4)) {
        let shop = "acme".parse().unwrap();
        let mut bytes = BODIES[body].as_bytes().to_vec();
        for (at, byte, cut) in edits {
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at.max(1)) } else { bytes[at] = byte }
        }
        let topic = Topic::all().nth(topic).map(|topic| topic.name);
        let _ = translate(&Delivery { topic, shop: &shop, api_version: None, triggered_at: None, received_at: events::Timestamp::UNIX_EPOCH, body: &bytes });
    }

    #[test]
    fn a_replaced_value_never_panics(body in 0..BODIES.len(), topic in 0..Topic::all().count(), key in any::<prop::sample::Index>(), value in json()) {
        let shop = "acme".parse().unwrap();
        let mut document: Value = serde_json::from_str(BODIES[body]).unwrap();
        let fields = document.as_object_mut().unwrap();
        let key = fields.keys().nth(key.index(fields.len())).unwrap().clone();
        fields.insert(key, value);
        let bytes = document.to_string().into_bytes();
        let topic = Topic::all().nth(topic).map(|topic| topic.name);
        let _ = translate(&Delivery { topic, shop: &shop, api_version: None, triggered_at: None, received_at: events::Timestamp::UNIX_EPOCH, body: &bytes });
    }
}
