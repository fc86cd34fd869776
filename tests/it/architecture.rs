//! The walls of the house: who may import whom, and who alone may touch what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The whole import map. An edge that is not here, or is here and not there, fails.
const IMPORTS: &[(&str, &[&str])] = &[
    ("events", &[]),
    ("aggregates", &["events"]),
    ("shopify", &["aggregates", "events"]),
    ("streams", &["aggregates", "events"]),
    ("db", &["events"]),
    ("access", &["db", "events"]),
    ("privacy", &["db", "events", "streams"]),
    ("ingress", &["events", "shopify", "streams"]),
    ("recorder", &["aggregates", "db", "events", "privacy", "shopify", "streams"]),
    ("projections", &["db", "events", "streams"]),
    ("handlers", &["aggregates", "db", "events", "privacy", "projections", "streams"]),
    ("commands", &["access", "aggregates", "events", "query", "streams"]),
    ("query", &["access", "db", "events", "privacy", "projections", "streams"]),
    ("simulator", &["events", "shopify"]),
    (
        "tillstream",
        &[
            "access",
            "aggregates",
            "commands",
            "db",
            "events",
            "handlers",
            "ingress",
            "privacy",
            "projections",
            "query",
            "recorder",
            "shopify",
            "simulator",
            "streams",
        ],
    ),
    ("testkit", &["events", "streams"]),
    ("tests", &[]),
];

/// Third parties that only the named crates may import.
const WALLS: &[(&str, &[&str])] = &[
    ("async-nats", &["streams", "testkit"]),
    ("sqlx", &["db"]),
    ("clap", &["tillstream"]),
    ("anyhow", &["tillstream"]),
    ("toml", &["tillstream"]),
    ("hmac", &["shopify"]),
    ("chacha20poly1305", &["privacy"]),
    ("lettre", &["handlers"]),
    ("opentelemetry", &["streams", "tillstream"]),
    ("opentelemetry-otlp", &["tillstream"]),
];

/// Crates that must stay pure: no runtime, no broker, no clock.
const PURE: &[&str] = &["events", "aggregates"];

struct Package {
    imports: BTreeSet<String>,
    manifest: PathBuf,
}

fn packages() -> BTreeMap<String, Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let package = |package: &serde_json::Value| {
        let dependencies = package["dependencies"].as_array().unwrap();
        let normal = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
        let imports = normal.map(|dependency| text(&dependency["name"])).collect();
        (text(&package["name"]), Package { imports, manifest: text(&package["manifest_path"]).into() })
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

fn sources(package: &Package) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![package.manifest.with_file_name("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found
}

#[test]
fn the_import_map_is_exactly_this() {
    let packages = packages();
    let drawn: BTreeMap<&str, BTreeSet<&str>> =
        IMPORTS.iter().map(|(name, imports)| (*name, imports.iter().copied().collect())).collect();
    let mut standing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, package) in &packages {
        let ours = package.imports.iter().filter(|name| packages.contains_key(*name));
        standing.insert(name, ours.map(String::as_str).collect());
    }
    assert_eq!(standing, drawn);
}

#[test]
fn only_the_named_crates_touch_the_outside() {
    for (third_party, allowed) in WALLS {
        let importing = packages();
        let importing = importing.iter().filter(|(_, package)| package.imports.contains(*third_party));
        for (name, _) in importing {
            assert!(allowed.contains(&name.as_str()), "{name} imports {third_party}");
        }
    }
}

#[test]
fn the_contract_and_the_deciders_are_pure() {
    let impure = ["tokio", "async-nats", "sqlx", "reqwest", "rand", "tracing"];
    for (name, package) in packages().iter().filter(|(name, _)| PURE.contains(&name.as_str())) {
        for third_party in impure {
            assert!(!package.imports.contains(third_party), "{name} imports {third_party}");
        }
        for file in sources(package) {
            let text = std::fs::read_to_string(&file).unwrap();
            for clock in ["Timestamp::now", "SystemTime", "Instant::now", "std::env", "std::fs"] {
                assert!(!text.contains(clock), "{} reads {clock}", file.display());
            }
        }
    }
}

/// Who may say `Sealed::Open` or `Sealed::Clear`: where words come in, where they are sealed and opened, and tests.
const READS_WORDS: &[&str] = &[
    "cli/src/commands/bench/past.rs",
    "cli/src/commands/schemas/compare.rs",
    "events/src/sealed.rs",
    "privacy/src/vault.rs",
    "projections/src/tests/customers.rs",
    "projections/src/tests/fixtures.rs",
    "projections/src/tests/history.rs",
    "shopify/src/wire/text.rs",
    "testkit/src/unsealed.rs",
];

#[test]
fn words_of_people_are_open_in_few_places() {
    let mut found = BTreeSet::new();
    for (_, package) in packages() {
        for file in sources(&package) {
            let text = std::fs::read_to_string(&file).unwrap();
            if text.contains("Sealed::Open") || text.contains("Sealed::Clear") {
                let parts: Vec<String> =
                    file.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
                let from = parts.iter().rposition(|part| part == "crates").unwrap() + 1;
                found.insert(parts[from..].join("/"));
            }
        }
    }
    assert_eq!(found, READS_WORDS.iter().map(|file| (*file).to_owned()).collect());
}

#[test]
fn only_the_binary_reads_the_environment() {
    for (name, package) in packages() {
        if ["tillstream", "testkit", "tests"].contains(&name.as_str()) {
            continue;
        }
        for file in sources(&package) {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(!text.contains("env::var"), "{} reads the environment", file.display());
        }
    }
}

#[test]
fn files_are_small_and_named_after_what_they_hold() {
    let nameless =
        ["mod", "utils", "util", "common", "helpers", "helper", "core", "manager", "types", "models", "misc"];
    for package in packages().values() {
        for file in sources(package) {
            let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            assert!(!nameless.contains(&stem), "{} says nothing by its name", file.display());
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 500, "{} has {lines} lines", file.display());
        }
    }
}

#[test]
fn every_crate_keeps_the_lints_of_the_house() {
    for (name, package) in packages() {
        let manifest = std::fs::read_to_string(&package.manifest).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} has lints of its own");
        let folder = package.manifest.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        assert!(folder == Some(name.as_str()) || name == "tillstream", "{name} is not in a folder of its name");
    }
}
