//! The committed document is what the code says. `UPDATE_SCHEMAS=1` writes it anew.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::Path;

#[test]
fn the_committed_openapi_document_is_the_codes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/openapi.json");
    let document = format!("{:#}\n", commands::openapi());
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &document).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let committed: serde_json::Value = serde_json::from_str(&committed).unwrap_or_default();
    assert!(
        committed == commands::openapi(),
        "schemas/openapi.json differs: run this test with UPDATE_SCHEMAS=1 and look at the difference"
    );
}

#[test]
fn every_command_is_described_with_its_key_and_its_references() {
    let (whole, reads) = (commands::openapi(), query::openapi());
    let paths = whole["paths"].as_object().unwrap().iter();
    let commands: Vec<_> = paths.filter(|(path, _)| reads["paths"].get(path).is_none()).collect();
    assert_eq!(commands.len(), 4);
    for (path, item) in commands {
        assert!(item["post"]["security"].is_array(), "{path}");
    }
    for reference in whole.to_string().split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(whole.pointer(reference).is_some(), "{reference}");
    }
}
