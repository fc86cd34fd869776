//! What the document says of itself and of keys.

use access::Scope;
use serde_json::Value;

use crate::keys::Guarded;
use crate::world::World;

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

fn operations(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| item.as_object().unwrap().values().map(move |operation| (path, operation)))
}

#[tokio::test]
async fn a_document_asks_for_keys_where_they_are_asked_for() {
    let guarded = Guarded::start(1_000).await;
    let asks = guarded.world.get("/openapi.json").await.json();
    assert_eq!(asks, query::openapi());
    let key = guarded.key("acme", &[Scope::Read], None).await;
    for (path, operation) in operations(&asks) {
        let is_asked = path.starts_with("/v1/{shop}/");
        assert_eq!(operation["security"].is_array(), is_asked, "{path}");
        assert_eq!(operation["responses"]["403"].is_object(), is_asked, "{path}");
        let url = path.replace("{shop}", "acme").replace("{id}", "1").replace("{inventory_item_id}", "1");
        if is_asked {
            assert_eq!(guarded.ask(&url, "x").await.0, 401, "{path}");
        }
        if is_asked && !path.ends_with("/changes") {
            let (status, _) = guarded.ask(&url, &key).await;
            assert!(operation["responses"][status.to_string()].is_object(), "{status} of {path}");
        }
    }

    let open = World::start().await.get("/openapi.json").await.json();
    assert!(open["components"].get("securitySchemes").is_none());
    for (path, operation) in operations(&open).filter(|(path, _)| path.starts_with("/v1/{shop}/")) {
        assert!(operation.get("security").is_none(), "{path}");
        assert!(["401", "403", "429"].iter().all(|status| operation["responses"].get(status).is_none()), "{path}");
        assert!(operation["responses"]["400"].is_object(), "{path}");
    }
}
