use events::*;
use serde_json::{Value, json, to_value};

use super::fixtures::*;
use super::world::World;
use crate::{products, variants};

#[tokio::test]
async fn a_product_is_shown_with_its_variants() {
    let mut world = World::new().await;
    let repriced = Variant { price: "13.00".parse().unwrap(), ..variant(71, "CUP-S") };
    let history: [ProductEvent; 5] = [
        created("Blue Cup"),
        VariantAdded { at: minute(0), as_of: as_of(0), variant: variant(72, "CUP-L") }.into(),
        VariantAdded { at: minute(0), as_of: as_of(0), variant: variant(71, "CUP-S") }.into(),
        VariantRepriced { at: minute(1), as_of: as_of(1), variant: repriced }.into(),
        ProductPublished { at: minute(2), as_of: as_of(2) }.into(),
    ];
    world.tell(7, history).await;
    let variant = |id: &str, sku: &str, price: &str| {
        json!({"id": id, "inventory_item_id": format!("9{id}"), "sku": sku, "title": "Cup", "price": price,
            "compare_at_price": null})
    };
    let expected = json!({
        "id": "7", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:02:00Z",
        "published_at": "2026-01-01T00:02:00Z", "title": "Blue Cup", "handle": null, "vendor": "Potter",
        "product_type": null, "status": "active", "tags": ["kitchen"],
        "variants": [variant("71", "CUP-S", "13.00"), variant("72", "CUP-L", "12.50")], "position": 5,
    });
    assert_eq!(shown(&world, 7).await, expected);
}

#[tokio::test]
async fn products_are_found_by_the_words_of_their_texts() {
    let mut world = World::new().await;
    let added = VariantAdded { at: minute(0), as_of: as_of(0), variant: variant(71, "AB-100%") };
    world.tell(7, [created("Blaue TASSE für Öl"), added.into()]).await;
    world.tell(8, [created("Saucer")]).await;
    world.tell(9, [created("Gone tasse"), ProductDeleted { at: minute(1) }.into()]).await;
    assert_eq!(found(&world, None).await, ["8", "7"]);
    assert_eq!(found(&world, Some("tasse")).await, ["7"]);
    assert_eq!(found(&world, Some("ÖL")).await, ["7"]);
    assert_eq!(found(&world, Some("ab-100%")).await, ["7"]);
    assert_eq!(found(&world, Some("potter blaue ta")).await, ["7"]);
    assert_eq!(found(&world, Some("kitchen")).await, ["8", "7"]);
    assert_eq!(found(&world, Some("blaue saucer")).await, [""; 0]);
    assert_eq!(found(&world, Some("%'")).await, [""; 0], "there is no word in it");
    assert_eq!(shown(&world, 9).await, Value::Null);
}

#[tokio::test]
async fn a_removed_variant_leaves_the_product_and_stays_known_to_services() {
    let mut world = World::new().await;
    let (as_of, last_shown) = (as_of(1), as_of(0));
    let removed =
        VariantRemoved { at: minute(1), as_of, variant: variant(71, "CUP-S"), last_shown: last_shown.clone() };
    let added = VariantAdded { at: minute(0), as_of: last_shown, variant: variant(71, "CUP-S") };
    world.tell(7, [created("Cup"), added.into(), removed.into()]).await;
    assert_eq!(shown(&world, 7).await["variants"], json!([]));
    let copy = variants::get(&world.db, &acme(), VariantId::new(71).unwrap()).await.unwrap().unwrap().view;
    assert_eq!(
        (copy.product_id, copy.inventory_item_id(), copy.removed),
        (ProductId::new(7), InventoryItemId::new(971), true)
    );
    let of_item = variants::of_inventory_item(&world.db, &acme(), InventoryItemId::new(971).unwrap()).await.unwrap();
    assert_eq!(of_item.len(), 1);
}

fn created(title: &str) -> ProductEvent {
    let description = ProductDescription {
        title: title.to_owned(),
        vendor: Some("Potter".to_owned()),
        status: Some("active".to_owned()),
        tags: vec!["kitchen".to_owned()],
        ..ProductDescription::default()
    };
    ProductCreated { at: minute(0), as_of: as_of(0), description }.into()
}

fn variant(id: u64, sku: &str) -> Variant {
    Variant {
        id: VariantId::new(id).unwrap(),
        inventory_item_id: InventoryItemId::new(900 + id),
        sku: Some(sku.to_owned()),
        title: "Cup".to_owned(),
        price: "12.50".parse().unwrap(),
        compare_at_price: None,
    }
}

async fn shown(world: &World, id: u64) -> Value {
    to_value(products::get(&world.db, &acme(), ProductId::new(id).unwrap()).await.unwrap()).unwrap()
}

async fn found(world: &World, text: Option<&str>) -> Vec<String> {
    let listed = products::search(&world.db, &acme(), text, page(10, None)).await.unwrap();
    listed.data.into_iter().map(|product| product.view.product.id).collect()
}
