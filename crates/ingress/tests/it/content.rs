//! Authentic content, however bad: answered 200, kept byte for byte, and then recorded, left in the inbox,
//! or put into quarantine with its reason. Each row is one class of bad input, in words.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ingress::server::ServerLimits;
use ingress::{IngressSettings, IngressState, router};
use recorder::Recorder;
use streams::{Broker, EventStore, Inbox, Quarantine, Step, Subscriber, Subscription, SubscriptionSettings};
use testkit::{Fixture, Unsealed};

use crate::raw::Server;
use crate::world::{post, shops, sign};

/// A loaded machine may take so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the recorder makes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    /// It led to events.
    Events,
    /// It is in quarantine, for this reason.
    Quarantine(&'static str),
    /// Nothing, or it stays: no event, and nobody has to act.
    Nothing,
    /// Whichever of the others: what counts is that it is kept and nothing breaks.
    Kept,
}

use End::{Events, Kept, Nothing, Quarantine as Quarantined};

pub(crate) struct House {
    server: Server,
    broker: Broker,
    recorder: Subscription<Recorder>,
    _fixture: Fixture,
}

impl House {
    pub(crate) async fn open() -> Self {
        let fixture = Fixture::single(&[Recorder::durable()]).await;
        let broker = fixture.broker.clone();
        let router = router(IngressState::new(&broker, shops(), &IngressSettings::default()));
        let server = Server::start(router, ServerLimits::default()).await;
        let ours = ["acme", "other"].map(|shop| shop.parse().unwrap());
        let recorder =
            Recorder::new(EventStore::new(&broker).sealed_by(Arc::new(Unsealed)), Quarantine::new(&broker), ours);
        let recorder = Subscription::open(&broker, recorder, SubscriptionSettings::default()).await.unwrap();
        Self { server, broker, recorder, _fixture: fixture }
    }

    /// Sends, looks at what is stored, and records it.
    pub(crate) async fn take(&mut self, case: &str, headers: &[(&str, &str)], body: &[u8]) -> End {
        let before = self.counts().await;
        let signature = sign(body, "new");
        let headers: Vec<_> = headers.iter().copied().chain([("X-Shopify-Hmac-Sha256", signature.as_str())]).collect();
        let answer = self.server.ask(post(&headers, body)).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b""[..]), "{case}");
        let sequence = answer.header("x-inbox-sequence").unwrap().parse().unwrap();
        let stored = Inbox::new(&self.broker).read(sequence).await.unwrap().unwrap();
        assert!(stored.body == body, "{case}: not stored as it came");

        let step = self.step().await;
        assert_eq!((step.handled, step.retried, step.dead, step.parked), (1, 0, 0, 0), "{case}: {step:?}");
        let after = self.counts().await;
        let new = after.reasons.iter().find(|(reason, count)| before.reasons.get(*reason) != Some(count));
        match new {
            Some((reason, _)) => Quarantined(reason.clone().leak()),
            None if after.events > before.events => Events,
            None => Nothing,
        }
    }

    /// The one that does something: what is stored reaches a consumer a moment later.
    async fn step(&mut self) -> Step {
        let since = Instant::now();
        loop {
            let step = self.recorder.step().await.unwrap();
            if step != Step::default() || since.elapsed() > PATIENCE {
                return step;
            }
        }
    }

    async fn counts(&self) -> Counts {
        let status = streams::status::read(&self.broker, &[Recorder::durable()]).await.unwrap();
        Counts { events: status.events.messages, reasons: Quarantine::new(&self.broker).counts().await.unwrap() }
    }
}

struct Counts {
    events: u64,
    reasons: BTreeMap<String, u64>,
}

fn shape() -> End {
    Quarantined("wrong_shape")
}

/// An order whose named field has this JSON; ids differ from case to case.
fn order(id: usize, field: &str, json: &str) -> String {
    let fields = [
        ("id", format!("{}", 1000 + id)),
        ("name", "\"#1\"".to_owned()),
        ("created_at", "\"2026-03-29T20:00:26+02:00\"".to_owned()),
        ("updated_at", "\"2026-03-29T20:00:26+02:00\"".to_owned()),
        ("currency", "\"EUR\"".to_owned()),
        ("financial_status", "\"paid\"".to_owned()),
        ("total_price", "\"10.00\"".to_owned()),
        ("current_total_price", "\"10.00\"".to_owned()),
        ("subtotal_price", "\"10.00\"".to_owned()),
        ("total_tax", "\"0.00\"".to_owned()),
        ("total_discounts", "\"0.00\"".to_owned()),
        ("shipping_lines", "[]".to_owned()),
        ("line_items", r#"[{"id":1,"title":"Tea","quantity":1,"price":"10.00"}]"#.to_owned()),
    ];
    let told = fields
        .iter()
        .map(|(name, value)| if *name == field { (*name, json.to_owned()) } else { (*name, value.clone()) });
    let told = told.filter(|(_, value)| !value.is_empty());
    let extra = (!fields.iter().any(|(name, _)| *name == field)).then(|| (field, json.to_owned()));
    let told: Vec<_> = told.chain(extra).map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", told.join(","))
}

const ACME: (&str, &str) = ("X-Shopify-Shop-Domain", "acme.myshopify.com");

#[tokio::test]
async fn documents_that_are_no_strict_json_object_are_quarantined() {
    let mut house = House::open().await;
    let deep = |levels: usize| format!(r#"{{"id":1,"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels)).into_bytes();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("C01 an empty body", b"".to_vec(), "not_json"),
        ("C02 cut off", b"{".to_vec(), "not_json"),
        ("C03 null", b"null".to_vec(), "not_an_object"),
        ("C03 a list", b"[]".to_vec(), "not_an_object"),
        ("C03 a number", b"7".to_vec(), "not_an_object"),
        ("C03 a text", b"\"x\"".to_vec(), "not_an_object"),
        ("C04 a list that fits a struct", br#"[7,"x"]"#.to_vec(), "not_an_object"),
        ("C05 a byte order mark", b"\xef\xbb\xbf{}".to_vec(), "not_json"),
        ("C06 two documents", b"{}{}".to_vec(), "not_json"),
        ("C06 text after it", b"{} x".to_vec(), "not_json"),
        ("C07 a comment", b"{/**/}".to_vec(), "not_json"),
        ("C07 NaN", br#"{"id":NaN}"#.to_vec(), "not_json"),
        ("C07 a leading zero", br#"{"id":01}"#.to_vec(), "not_json"),
        ("C07 1e400", br#"{"id":1e400}"#.to_vec(), "inexact_number"),
        ("C08 no UTF-8", b"{\"a\":\"\xff\"}".to_vec(), "not_utf8"),
        ("C09 half a surrogate pair", br#"{"a":"\ud800"}"#.to_vec(), "bad_text"),
        ("C10 NUL in a text", order(0, "note", r#""a\u0000b""#).into_bytes(), "bad_text"),
        ("C11 an id twice", br#"{"id":1,"id":2}"#.to_vec(), "duplicate_key"),
        ("C12 an id twice, once escaped", br#"{"id":1,"\u0069d":2}"#.to_vec(), "duplicate_key"),
        ("C13 nested 128 deep", deep(128), "too_deep"),
        ("C13 nested 100,000 deep", deep(100_000), "too_deep"),
        ("compressed, as no body of Shopify's is", vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0], "not_utf8"),
    ];
    for (case, body, reason) in cases {
        let end = house.take(case, &[ACME, ("X-Shopify-Topic", "orders/create")], &body).await;
        assert_eq!(end, Quarantined(reason), "{case}");
    }
}

#[tokio::test]
async fn values_are_taken_exactly_or_quarantined() {
    let mut house = House::open().await;
    let digits = format!("\"{}\"", "9".repeat(30));
    let long_note = format!("\"{}\"", "n".repeat(900_000));
    let lines: Vec<_> =
        (1..=500).map(|id| format!(r#"{{"id":{id},"title":"Tea","quantity":1,"price":"0.02"}}"#)).collect();
    let lines = format!("[{}]", lines.join(","));
    let hostile = r#""<script>{{7*7}}${jndi:ldap://x} =cmd() \r\nBcc: x@example.com __proto__ $where""#;
    let line = |field: &str, json: &str| {
        let rest = [("id", "1"), ("title", "\"Tea\""), ("quantity", "1"), ("price", "\"10.00\"")];
        let told: Vec<_> =
            rest.map(|(name, value)| format!("\"{name}\":{}", if name == field { json } else { value })).into();
        format!("[{{{}}}]", told.join(","))
    };
    let cases: Vec<(&str, &str, String, End)> = vec![
        ("C13 nested 60 deep", "note_attributes", format!("{}{}", "[".repeat(60), "]".repeat(60)), Events),
        ("C14 an id above 2^53", "id", "9007199254740993".to_owned(), Events),
        ("C15 an id of 2^63", "id", "9223372036854775808".to_owned(), shape()),
        ("C15 an id of 2^64", "id", "18446744073709551616".to_owned(), shape()),
        ("C15 an id below zero", "id", "-1".to_owned(), shape()),
        ("C15 an id of zero", "id", "0".to_owned(), shape()),
        ("C15 an id with a fraction", "id", "5.0".to_owned(), shape()),
        ("C15 an id with an exponent", "id", "1e3".to_owned(), shape()),
        ("C15 an id as text", "id", "\"5\"".to_owned(), shape()),
        ("C15 no id", "id", String::new(), shape()),
        ("C16 a price as a number", "total_price", "19.99".to_owned(), Events),
        ("C16 a price with an exponent, as text", "total_price", "\"1e3\"".to_owned(), shape()),
        ("C16 a price below zero by its sign only", "total_price", "\"-0.00\"".to_owned(), Events),
        ("C16 a price in other digits", "total_price", "\"\u{663}\"".to_owned(), shape()),
        ("C16 a price of 30 digits", "total_price", digits, shape()),
        ("C17 a quantity of 2^31", "line_items", line("quantity", "2147483648"), Kept),
        ("C17 a quantity of 2^32", "line_items", line("quantity", "4294967296"), shape()),
        ("C17 a quantity below zero", "line_items", line("quantity", "-1"), shape()),
        ("C17 a quantity of 10^9", "line_items", line("quantity", "1000000000"), Events),
        ("C18 no currency", "currency", "\"XXX\"".to_owned(), Events),
        ("C18 a currency in lower case", "currency", "\"eur\"".to_owned(), shape()),
        ("C18 a currency without decimals, with some", "currency", "\"JPY\"".to_owned(), Events),
        ("C18 a currency of three decimals", "currency", "\"KWD\"".to_owned(), Events),
        ("C19 no updated_at", "updated_at", String::new(), shape()),
        ("C19 a time of year 0", "updated_at", "\"0000-01-01T00:00:00Z\"".to_owned(), Kept),
        ("C19 a time of year 9999", "updated_at", "\"9999-12-30T00:00:00Z\"".to_owned(), Kept),
        ("C19 a time far east", "updated_at", "\"2026-03-29T20:00:26+14:00\"".to_owned(), Events),
        ("C19 a leap second", "updated_at", "\"2016-12-31T23:59:60Z\"".to_owned(), Kept),
        ("C19 a time without a zone", "updated_at", "\"2026-03-29T20:00:26\"".to_owned(), shape()),
        ("C20 500 lines", "line_items", lines, Events),
        ("C20 a note of 900 kB", "note", long_note, Kept),
        ("C22 text that others would run", "note", hostile.to_owned(), Events),
        ("C22 keys that others would run", "__proto__", r#"{"admin":true}"#.to_owned(), Events),
        (
            "C23 text that steers terminals and readers",
            "note",
            "\"\\u001b]0;x\\u0007\u{202e}Z\u{351}\u{1f600}e\u{301}\"".to_owned(),
            Events,
        ),
        ("C24 a mail address of 320 characters", "email", format!("\"{}@example.com\"", "m".repeat(308)), Events),
        ("C24 a mail address in other letters", "email", "\"j\u{f6}rg@m\u{fc}ller.example\"".to_owned(), Events),
        ("C24 a mail address in quotes", "email", r#""\"a b\"@example.com""#.to_owned(), Events),
        ("C24 an empty mail address", "email", "\"\"".to_owned(), Events),
        ("C24 no mail address", "email", "null".to_owned(), Events),
    ];
    for (n, (case, field, json, end)) in cases.iter().enumerate() {
        let body = order(n, field, json);
        let found = house.take(case, &[ACME, ("X-Shopify-Topic", "orders/create")], body.as_bytes()).await;
        assert!(*end == Kept || found == *end, "{case}: {found:?}, not {end:?}");
    }
}

#[tokio::test]
async fn a_product_of_2048_variants_is_recorded() {
    let mut house = House::open().await;
    let variants: Vec<_> = (1..=2048).map(|id| format!(r#"{{"id":{id},"title":"V{id}","price":"1.00"}}"#)).collect();
    let body =
        format!(r#"{{"id":7,"title":"Tea","updated_at":"2026-03-29T18:00:26Z","variants":[{}]}}"#, variants.join(","));
    let end = house.take("C20", &[ACME, ("X-Shopify-Topic", "products/create")], body.as_bytes()).await;
    assert_eq!(end, Events);
    assert_eq!(house.counts().await.events, 2049);
}

#[tokio::test]
async fn headers_are_only_claims() {
    let mut house = House::open().await;
    let long = "x".repeat(10_000);
    let topic = ("X-Shopify-Topic", "orders/create");
    let cases: Vec<(_, Vec<_>, End)> = vec![
        ("C25 no topic", vec![ACME], Quarantined("no_topic")),
        ("C26 a path for a topic", vec![ACME, ("X-Shopify-Topic", "../../x")], Kept),
        ("C26 a wildcard for a topic", vec![ACME, ("X-Shopify-Topic", "orders.*")], Kept),
        ("C26 everything for a topic", vec![ACME, ("X-Shopify-Topic", ">")], Kept),
        ("C26 a topic of 10 kB", vec![ACME, ("X-Shopify-Topic", &long)], Kept),
        ("C27 an order as a customer", vec![ACME, ("X-Shopify-Topic", "customers/update")], shape()),
        ("C27 an order as the end of a product", vec![ACME, ("X-Shopify-Topic", "products/delete")], shape()),
        ("C27 an order as a redaction", vec![ACME, ("X-Shopify-Topic", "customers/redact")], Kept),
        ("C28 no shop", vec![topic], Quarantined("unknown_shop")),
        (
            "C28 an unknown shop",
            vec![("X-Shopify-Shop-Domain", "no.myshopify.com"), topic],
            Quarantined("unknown_shop"),
        ),
        ("C28 no shop's domain", vec![("X-Shopify-Shop-Domain", "evil.com"), topic], Quarantined("unknown_shop")),
        (
            "C28 a domain that contains a shop's",
            vec![("X-Shopify-Shop-Domain", "acme.myshopify.com.evil.com"), topic],
            Quarantined("unknown_shop"),
        ),
        ("C28 upper case and a trailing dot", vec![("X-Shopify-Shop-Domain", "ACME.myshopify.com."), topic], Events),
        ("C29 no API version", vec![ACME, topic], Events),
        ("C29 an unstable API version", vec![ACME, topic, ("X-Shopify-API-Version", "unstable")], Events),
        ("C29 an old API version", vec![ACME, topic, ("X-Shopify-API-Version", "2019-01")], Events),
        ("C29 an API version to come", vec![ACME, topic, ("X-Shopify-API-Version", "2099-01")], Events),
        ("C30 a webhook id of 10 kB", vec![ACME, topic, ("X-Shopify-Webhook-Id", &long)], Events),
        ("C30 a webhook id that is none", vec![ACME, topic, ("X-Shopify-Webhook-Id", "{{7*7}}")], Events),
        ("C32 triggered in the future", vec![ACME, topic, ("X-Shopify-Triggered-At", "2999-01-01T00:00:00Z")], Events),
        ("C32 triggered at no time", vec![ACME, topic, ("X-Shopify-Triggered-At", "soon")], Events),
        ("C33 headers in other cases", vec![ACME, ("x-SHOPIFY-topic", "orders/create")], Events),
        ("two topics that differ", vec![ACME, topic, ("X-Shopify-Topic", "orders/delete")], Quarantined("no_topic")),
    ];
    for (n, (case, headers, end)) in cases.iter().enumerate() {
        let body = order(n, "note", "null");
        let found = house.take(case, headers, body.as_bytes()).await;
        assert!(*end == Kept || found == *end, "{case}: {found:?}, not {end:?}");
        if *end == Kept {
            assert_ne!(found, Events, "{case}");
        }
    }
}

/// C34, C35: a request to forget is kept whether or not there is anybody to forget, as often as it comes.
#[tokio::test]
async fn privacy_requests_are_kept_whoever_they_are_about() {
    let mut house = House::open().await;
    let uninstalled = r#"{"id":8,"myshopify_domain":"acme.myshopify.com"}"#;
    let redact = r#"{"shop_id":8,"shop_domain":"acme.myshopify.com","customer":{"id":4,"email":"a@example.com","phone":"1"},"orders_to_redact":[1]}"#;
    let shop = r#"{"shop_id":8,"shop_domain":"acme.myshopify.com"}"#;
    for (n, (topic, body)) in [
        ("customers/redact", redact),
        ("app/uninstalled", uninstalled),
        ("customers/redact", redact),
        ("shop/redact", shop),
        ("customers/data_request", redact),
    ]
    .into_iter()
    .enumerate()
    {
        let id = n.to_string();
        house.take(topic, &[ACME, ("X-Shopify-Topic", topic), ("X-Shopify-Webhook-Id", &id)], body.as_bytes()).await;
    }
}
