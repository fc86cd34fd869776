//! What is committed under `schemas/` is what the code says; old versions are never edited.

use std::path::Path;

fn committed(path: &str) -> serde_json::Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas").join(path);
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; run `tillstream schemas export`", file.display()));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_event_has_its_schema() {
    for spec in events::CATALOGUE.iter().copied().flatten() {
        let path = format!("events/{}/v{}.json", spec.wire_type, spec.version);
        let generated = serde_json::to_value((spec.schema)()).unwrap();
        assert_eq!(committed(&path), generated, "{path}: a changed event is a new version, with an upcaster");
    }
}

#[test]
fn every_schema_has_its_event() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/events");
    for entry in std::fs::read_dir(root).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(events::spec(&name).is_some(), "schemas/events/{name} belongs to no event");
    }
}

#[test]
fn wire_types_are_unique_and_named_by_their_aggregate() {
    let mut seen = std::collections::BTreeSet::new();
    for spec in events::CATALOGUE.iter().copied().flatten() {
        assert!(seen.insert(spec.wire_type), "{} is listed twice", spec.wire_type);
        let (aggregate, _) = spec.wire_type.split_once('.').unwrap();
        assert_eq!(aggregate, spec.kind.as_str());
        assert!(spec.version >= 1);
    }
}

/// What names, describes or reaches a person, wherever it stands.
const PERSONAL: &[&str] = &[
    "first_name",
    "last_name",
    "email",
    "phone",
    "company",
    "address1",
    "address2",
    "city",
    "zip",
    "note",
    "recipient",
    "holder",
    "last_digits",
    "recovery_url",
];

#[test]
fn no_field_of_a_person_is_a_plain_text() {
    let mut sealed = std::collections::BTreeSet::new();
    for spec in events::CATALOGUE.iter().copied().flatten() {
        look(spec.wire_type, &serde_json::to_value((spec.schema)()).unwrap(), &mut sealed);
    }
    assert_eq!(sealed, PERSONAL.iter().copied().collect(), "a name that no event has any more");
}

fn look(event: &str, schema: &serde_json::Value, sealed: &mut std::collections::BTreeSet<&'static str>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let Some(known) = PERSONAL.iter().find(|known| *known == name) else { continue };
        let is_text =
            field["type"] == "string" || field["type"].as_array().is_some_and(|all| all.contains(&"string".into()));
        let shut = field["format"] == "sealed";
        assert!(!is_text || shut, "{event}: {name} is not sealed: {field}");
        if shut {
            sealed.insert(known);
        }
    }
    match schema {
        serde_json::Value::Object(members) => members.values().for_each(|member| look(event, member, sealed)),
        serde_json::Value::Array(items) => items.iter().for_each(|item| look(event, item, sealed)),
        _ => {}
    }
}
