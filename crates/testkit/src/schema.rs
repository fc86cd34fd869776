//! JSON Schema, as far as our OpenAPI document speaks it: a word that is not known here panics.
#![allow(clippy::unwrap_used, reason = "a schema that is none fails the test that asks")]

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use events::Timestamp;
use regex::Regex;
use serde_json::Value;

/// Whether a value is what the schema says. References are looked up in `document`.
pub fn allows(document: &Value, schema: &Value, value: &Value) -> bool {
    let of = |schema: &Value| allows(document, schema, value);
    let (text, number, object) = (value.as_str(), value.as_f64(), value.as_object());
    schema.as_object().unwrap().iter().all(|(word, rule)| match word.as_str() {
        "description" | "default" => true,
        "$ref" => of(document.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap()),
        "type" => rule.as_array().map_or_else(|| is_a(rule, value), |kinds| kinds.iter().any(|kind| is_a(kind, value))),
        "enum" => rule.as_array().unwrap().contains(value),
        "const" => rule == value || rule.as_f64().is_some_and(|rule| number == Some(rule)),
        "not" => !of(rule),
        "anyOf" => rule.as_array().unwrap().iter().any(of),
        "oneOf" => rule.as_array().unwrap().iter().filter(|schema| of(schema)).count() == 1,
        "minimum" => number.is_none_or(|number| number >= rule.as_f64().unwrap()),
        "maximum" => number.is_none_or(|number| number <= rule.as_f64().unwrap()),
        "minLength" => text.is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap()),
        "maxLength" => text.is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap()),
        "pattern" => text.is_none_or(|text| is_like(rule.as_str().unwrap(), text)),
        "format" => text.is_none_or(|text| is_spelled(rule.as_str().unwrap(), text)),
        "required" => object.is_none_or(|object| {
            rule.as_array().unwrap().iter().all(|name| object.contains_key(name.as_str().unwrap()))
        }),
        "properties" => object.is_none_or(|object| {
            let said =
                |(name, schema): (&String, &Value)| object.get(name).map(|value| allows(document, schema, value));
            rule.as_object().unwrap().iter().filter_map(said).all(|is_allowed| is_allowed)
        }),
        "additionalProperties" if rule == false => {
            object.is_none_or(|object| object.keys().all(|name| schema["properties"].get(name).is_some()))
        }
        _ => panic!("{word} is not known: {schema}"),
    })
}

fn is_a(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "object" => value.is_object(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        kind => panic!("{kind} is not known"),
    }
}

/// To read a pattern costs far more than to use it.
fn is_like(pattern: &str, text: &str) -> bool {
    static READ: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let mut read = READ.lock().unwrap();
    if !read.contains_key(pattern) {
        read.insert(pattern.to_owned(), Regex::new(pattern).unwrap());
    }
    read[pattern].is_match(text)
}

fn is_spelled(format: &str, text: &str) -> bool {
    const CLOCK: &str = "([01][0-9]|2[0-3]):[0-5][0-9]";
    match format {
        // A day is one if it has a midnight; that of the last day is counted in the east only.
        "date" => {
            is_like("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", text)
                && format!("{text}T00:00:00+23:59").parse::<Timestamp>().is_ok()
        }
        "date-time" => {
            let shape = format!("^[0-9-]{{10}}[Tt]{CLOCK}:[0-5][0-9](\\.[0-9]+)?([Zz]|[+-]{CLOCK})$");
            is_like(&shape, text) && is_spelled("date", &text[..10])
        }
        // Of numbers.
        _ => true,
    }
}
