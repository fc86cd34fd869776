//! The committed fingerprints are those of the code: a projection that folds otherwise has another version.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use events::{Envelope, Event, Recorded};
use projections::ALL;
use serde_json::Value;

const FILE: &str = "fingerprints.txt";
const HEADER: &str = "# What every read model makes of fixtures/log.ndjson: name, version, fingerprint. Written by\n\
                      # UPDATE_FINGERPRINTS=1 cargo test -p projections --test fingerprints\n";

#[test]
fn a_projection_that_folds_otherwise_has_another_version() {
    let log = fixture();
    let committed = committed();
    let mut current = BTreeMap::new();
    for model in ALL {
        let fingerprint = model.fingerprint_over(&log).unwrap();
        let of_this_version = committed.get(model.name).filter(|(version, _)| *version == model.version);
        if let Some((version, known)) = of_this_version {
            assert_eq!(
                &fingerprint, known,
                "{} folds otherwise than before and is still version {version}: raise its VERSION, then \
                 UPDATE_FINGERPRINTS=1; if only fixtures/log.ndjson has grown, take its line out of {FILE} first",
                model.name
            );
        }
        current.insert(model.name.to_owned(), (model.version, fingerprint));
    }
    if std::env::var_os("UPDATE_FINGERPRINTS").is_some() {
        let line =
            |(name, (version, fingerprint)): (&String, &(u32, String))| format!("{name} {version} {fingerprint}\n");
        std::fs::write(path(FILE), HEADER.to_owned() + &current.iter().map(line).collect::<String>()).unwrap();
    } else {
        assert_eq!(committed, current, "run this test with UPDATE_FINGERPRINTS=1 and commit {FILE}");
    }
}

#[test]
fn the_fixture_reaches_every_read_model() {
    let log = fixture();
    for model in ALL {
        assert!(
            log.iter().any(|event| !model.reached(event).is_empty()),
            "{}: add events to fixtures/log.ndjson",
            model.name
        );
    }
}

fn committed() -> BTreeMap<String, (u32, String)> {
    let text = std::fs::read_to_string(path(FILE)).unwrap();
    let fields = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(' ').collect::<Vec<_>>());
    fields.map(|fields| (fields[0].to_owned(), (fields[1].parse().unwrap(), fields[2].to_owned()))).collect()
}

/// Events as they were recorded once. Lines are only ever added.
fn fixture() -> Vec<Recorded<Event>> {
    let text = std::fs::read_to_string(path("fixtures/log.ndjson")).unwrap();
    text.lines().map(|line| read(&serde_json::from_str(line).unwrap())).collect()
}

fn read(line: &Value) -> Recorded<Event> {
    let headers = line["headers"].as_object().unwrap();
    let header = |name: &'static str| headers.get(name).and_then(Value::as_str);
    let envelope = Envelope::from_headers(line["subject"].as_str().unwrap(), header).unwrap();
    let event = Event::read(&envelope, line["body"].to_string().as_bytes()).unwrap();
    Recorded { position: line["position"].as_u64().unwrap(), recorded_at: envelope.time, envelope, event }
}

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
