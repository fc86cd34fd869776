//! The committed document is what the code says. `UPDATE_SCHEMAS=1` writes it anew.

use std::path::Path;

#[test]
fn the_committed_openapi_document_is_the_codes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/openapi.json");
    let document = format!("{:#}\n", query::openapi());
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &document).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let committed: serde_json::Value = serde_json::from_str(&committed).unwrap_or_default();
    assert!(
        committed == query::openapi(),
        "schemas/openapi.json differs: run this test with UPDATE_SCHEMAS=1 and look at the difference"
    );
}

#[test]
fn every_reference_of_the_document_is_there() {
    let document = query::openapi();
    let text = document.to_string();
    let references: Vec<&str> = text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(references.len() > 20);
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}
