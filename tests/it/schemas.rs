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
