//! What the document allows is read, and what it does not allow is refused: over every parameter, by property.

use proptest::strategy::{Strategy, ValueTree};
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;
use query::limits::{LINE, SHOP, WORDS, is_line, is_words};
use regex::Regex;
use serde_json::{Value, json};
use testkit::schema::allows;

use crate::world::{World, customer, level, order, product};

/// What is near the edge of some limit.
const EDGES: &[&str] = &[
    "",
    "0",
    "1",
    "-1",
    "+1",
    "01",
    "1.0",
    "1e3",
    " 1",
    "250",
    "251",
    "4294967297",
    "9223372036854775807",
    "9223372036854775808",
    "9999999999999999999",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999",
    "null",
    "true",
    "paid",
    "PAID",
    "partial",
    "unfulfilled",
    "é",
    "\u{661}",
    "a b",
    "a\0b",
    "a\nb",
    "a\u{85}b",
    "0000-12-31",
    "0001-01-01",
    "2024-02-29",
    "2026-02-29",
    "9999-12-31",
    "10000-01-01",
    "2026-1-1",
    "20260101",
    "2026-01-01T00:00:00Z",
    "2026-01-01t00:00:00z",
    "2026-01-01T00:00:00.1234567890123+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-01-01T00:00:00",
    "2026-01-01 00:00:00Z",
    "2026-01-01T00:00:00,5Z",
    "2026-01-01T00:00Z",
    "2026-01-01T00:00:00+0100",
    "2026-01-01T00:00:00Z[UTC]",
    "=",
    "!!",
    "AAAA",
];

/// Spellings of all kinds, and near misses.
const SPELLINGS: &[&str] = &[
    r"\PC{0,12}",
    "[0-9]{1,20}",
    "[a-z_]{1,12}",
    "[A-Za-z0-9_=-]{1,12}",
    "[0-9]{4}-[01][0-9]-[0-3][0-9]",
    r"[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-5][0-9](\.[0-9]{0,12})?(Z|z|[+-][0-2][0-9]:[0-6][0-9])?",
];

/// Of each spelling.
const DRAWN: usize = 24;

struct Parameter {
    /// As the document has it.
    path: String,
    name: String,
    place: String,
    schema: Value,
}

/// Of all reads that end. A stream does not.
fn parameters(document: &Value) -> Vec<Parameter> {
    let paths = document["paths"].as_object().unwrap().iter().filter(|(path, _)| !path.ends_with("/changes"));
    let all = paths.flat_map(|(path, item)| {
        let parameters = item["get"]["parameters"].as_array().into_iter().flatten();
        parameters.map(|parameter| Parameter {
            path: path.clone(),
            name: parameter["name"].as_str().unwrap().to_owned(),
            place: parameter["in"].as_str().unwrap().to_owned(),
            schema: parameter["schema"].clone(),
        })
    });
    all.filter(|parameter| parameter.name != "shop").collect()
}

impl Parameter {
    /// A text is a number where the schema says so and it is spelled like one.
    fn value(&self, text: &str) -> Value {
        let number = text.parse::<u64>().ok().filter(|number| number.to_string() == text);
        match number {
            Some(number) if self.schema["type"] == "integer" => json!(number),
            _ => json!(text),
        }
    }

    fn url(&self, text: &str) -> String {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let path = self.path.replace("{shop}", "acme");
        match self.place.as_str() {
            "path" => path.replace(&format!("{{{}}}", self.name), &encoded),
            _ => format!("{}?{}={encoded}", path.replace("{id}", "1").replace("{inventory_item_id}", "52"), self.name),
        }
    }

    fn texts(&self, runner: &mut TestRunner) -> Vec<String> {
        let mut texts: Vec<String> = EDGES.iter().map(|&text| text.to_owned()).collect();
        texts.extend(["x", "é"].iter().flat_map(|one| [200, 201].map(|length| one.repeat(length))));
        texts.extend(SPELLINGS.iter().flat_map(|spelling| drawn(spelling, runner)));
        texts.retain(|text| self.place != "path" || !text.is_empty());
        texts
    }
}

fn drawn(spelling: &str, runner: &mut TestRunner) -> Vec<String> {
    let texts = string_regex(spelling).unwrap();
    (0..DRAWN).map(|_| texts.new_tree(runner).unwrap().current()).collect()
}

#[tokio::test]
async fn the_document_allows_what_is_read_and_nothing_else() {
    let mut world = World::start().await;
    world.say("orders/create", order(1, 0)).await;
    world.say("products/create", product()).await;
    world.say("customers/create", customer()).await;
    world.say("inventory_levels/update", level()).await;
    world.fold().await;
    let document = world.get("/openapi.json").await.json();
    let parameters = parameters(&document);
    assert!(parameters.len() > 40, "{}", parameters.len());
    let mut runner = TestRunner::deterministic();
    for parameter in &parameters {
        let (mut allowed, mut refused) = (0, 0);
        for text in parameter.texts(&mut runner) {
            let url = parameter.url(&text);
            let answer = world.get_with(&url, "prefer", "wait=0").await;
            let told = &document["paths"][&parameter.path]["get"]["responses"][answer.status.as_str()];
            assert!(told.is_object(), "{} of {url} is not in the document", answer.status);
            let is_allowed = allows(&document, &parameter.schema, &parameter.value(&text));
            let is_refused = answer.status == 400;
            // Which cursors a list gave is known to the list only.
            let is_forged = is_allowed && is_refused && answer.code() == "cursor";
            assert!(is_allowed != is_refused || is_forged, "{text:?} as {}: {url}: {}", parameter.name, answer.status);
            if is_allowed { allowed += 1 } else { refused += 1 }
        }
        assert!(allowed > 0 && refused > 0, "{} {}: {allowed} and {refused}", parameter.path, parameter.name);
    }
}

#[tokio::test]
async fn a_stream_goes_on_after_the_ids_that_the_document_allows() {
    let world = World::start().await;
    let document = world.get("/openapi.json").await.json();
    let parameters = document["paths"]["/v1/{shop}/changes"]["get"]["parameters"].as_array().unwrap();
    let header = parameters.iter().find(|parameter| parameter["name"] == "Last-Event-ID").unwrap();
    for text in EDGES.iter().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.is_empty()) {
        let status = world.status_with("/v1/acme/changes", &[("last-event-id", text), ("prefer", "wait=0")]).await;
        assert_eq!(allows(&document, &header["schema"], &json!(text)), status != 400, "{text:?}: {status}");
    }
}

#[test]
fn a_line_and_a_shop_are_what_their_patterns_say() {
    let patterns = [LINE, WORDS].map(|pattern| Regex::new(pattern).unwrap());
    let chars = (0..=0x0010_ffff).filter_map(char::from_u32);
    for text in chars.map(String::from).chain(["", " ", "\u{3000} ", " a ", "a\u{7f}", "a b"].map(str::to_owned)) {
        let said = patterns.each_ref().map(|pattern| pattern.is_match(&text));
        assert_eq!(said, [is_line(&text, 9), is_words(&text, 9)], "{text:?}");
    }
    let shop = Regex::new(SHOP).unwrap();
    let mut runner = TestRunner::deterministic();
    let long = ["a".repeat(63), "a".repeat(64), format!("{}-", "a".repeat(62))];
    for text in drawn("[a-z0-9A_-]{0,4}", &mut runner).into_iter().chain(long) {
        assert_eq!(shop.is_match(&text), text.parse::<events::Shop>().is_ok(), "{text:?}");
    }
}
