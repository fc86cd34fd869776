//! Webhooks of one product and of one item.

use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};

use super::{Webhook, any_of, second, time, webhook};

pub(super) fn of_a_product() -> impl Strategy<Value = Webhook> {
    let variant = |id: u32| {
        ("[12]", "[ab]").prop_map(
            move |(price, sku)| json!({"id": id, "inventory_item_id": id, "title": "x", "price": price, "sku": sku}),
        )
    };
    let named = subsequence(vec![1, 2, 3, 4], 0..=4);
    let variants = (subsequence(vec![0, 1, 2], 0..=3), [variant(1), variant(2), variant(3)], named);
    let body = (variants, second(), prop::option::of(second()), "[ab]").prop_map(
        |((shown, all, named), at, published, title)| {
            let gid = |id: u32| json!({"admin_graphql_api_id": format!("gid://shopify/ProductVariant/{id}")});
            let named: Vec<Value> = named.into_iter().map(gid).collect();
            let variants: Vec<&Value> = shown.iter().map(|index| &all[*index]).collect();
            json!({"id": 1, "title": title, "created_at": time(1), "updated_at": at, "published_at": published,
               "tags": title, "variants": variants,
               "variant_gids": named})
        },
    );
    prop_oneof![5 => any_of(vec!["products/create", "products/update"], body), 1 => Just(Webhook("products/delete", None, json!({"id": 1})))]
}

pub(super) fn of_an_item() -> impl Strategy<Value = Webhook> {
    let level = || {
        (1_u32..3, -2_i64..3, second()).prop_map(|(location, available, at)| {
            json!({"inventory_item_id": 1, "location_id": location, "available": available, "updated_at": at})
        })
    };
    let gone = (1_u32..3).prop_map(|location| json!({"inventory_item_id": 1, "location_id": location}));
    let item = ("[ab]", any::<bool>(), second())
        .prop_map(|(sku, tracked, at)| json!({"id": 1, "sku": sku, "tracked": tracked, "updated_at": at}));
    prop_oneof![
        3 => webhook("inventory_levels/update", level()),
        1 => webhook("inventory_levels/connect", level()),
        1 => webhook("inventory_levels/disconnect", gone),
        1 => any_of(vec!["inventory_items/create", "inventory_items/update"], item),
        1 => Just(Webhook("inventory_items/delete", None, json!({"id": 1}))),
    ]
}
