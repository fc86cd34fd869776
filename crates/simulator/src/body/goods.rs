use super::json::{self, Json};
use crate::catalogue::{Product, Variant};
use crate::market::amount;
use crate::stock::{Place, Stock};

/// `products/create` and `products/update`.
pub(crate) fn product(product: &Product, stock: &Stock) -> String {
    let living = || product.living().map(|at| &product.variants[at]);
    json::object(|json| {
        json.gid("Product", product.id);
        json.text("body_html", &format!("<p>{}</p>", product.title));
        json.time("created_at", product.created_at);
        json.text("handle", &product.handle);
        json.number("id", product.id);
        json.text("product_type", product.kind);
        match product.published_at {
            Some(at) => json.time("published_at", at),
            None => json.null("published_at"),
        }
        json.null("template_suffix");
        json.text("title", &product.title);
        json.time("updated_at", product.updated_at);
        json.text("vendor", product.vendor);
        json.text("status", product.status);
        json.constant(r#""published_scope":"web""#);
        json.text("tags", product.tags);
        json.list("variants", living().enumerate(), |json, (at, one)| variant(json, product, at, one, stock));
        json.constant(r#""options":[],"images":[],"image":null,"media":[]"#);
        json.list("variant_gids", living(), |json, one| {
            json.gid("ProductVariant", one.id);
            json.text("updated_at", &format!("{:.3}", crate::clock::utc(one.updated_at)));
        });
        json.constant(r#""has_variants_that_requires_components":false,"category":null"#);
    })
}

fn variant(json: &mut Json, product: &Product, at: usize, variant: &Variant, stock: &Stock) {
    let available: i64 = stock.of(variant.item).map(|(_, level)| level.available).sum();
    json.gid("ProductVariant", variant.id);
    json.null("barcode");
    json.maybe("compare_at_price", variant.compare_at.map(amount).as_deref());
    json.time("created_at", variant.created_at);
    json.number("id", variant.id);
    json.text("inventory_policy", if variant.oversells { "continue" } else { "deny" });
    json.number("position", at + 1);
    json.amount("price", variant.price);
    json.number("product_id", product.id);
    json.maybe("sku", variant.sku.as_deref());
    json.number("taxable", !variant.gift_card);
    json.text("title", &variant.title);
    json.time("updated_at", variant.updated_at);
    json.text("option1", &variant.title);
    json.constant(r#""option2":null,"option3":null,"image_id":null"#);
    json.number("inventory_item_id", variant.item);
    json.number("inventory_quantity", available);
    json.number("old_inventory_quantity", available);
}

/// `inventory_items/create` and `inventory_items/update`.
pub(crate) fn item(variant: &Variant) -> String {
    json::object(|json| {
        json.number("id", variant.item);
        json.maybe("sku", variant.sku.as_deref());
        json.time("created_at", variant.created_at);
        json.time("updated_at", variant.updated_at);
        json.number("requires_shipping", !variant.gift_card);
        json.amount("cost", variant.price / 3);
        json.constant(r#""country_code_of_origin":null,"province_code_of_origin":null,"harmonized_system_code":null"#);
        json.number("tracked", variant.tracked);
        json.constant(r#""country_harmonized_system_codes":[],"weight_value":0,"weight_unit":"lb""#);
        json.gid("InventoryItem", variant.item);
    })
}

/// `inventory_levels/connect` and `inventory_levels/update`: an absolute number, and nothing of its cause.
pub(crate) fn level((item, location): Place, available: i64, updated_at: i64) -> String {
    json::object(|json| {
        json.number("inventory_item_id", item);
        json.number("location_id", location);
        json.number("available", available);
        json.time("updated_at", updated_at);
        json.text("admin_graphql_api_id", &format!("gid://shopify/InventoryLevel/{location}?inventory_item_id={item}"));
    })
}

/// `locations/create`.
pub(crate) fn location(id: u64, number: usize, at: i64) -> String {
    json::object(|json| {
        json.number("id", id);
        json.text("name", &format!("Warehouse {number}"));
        json.constant(
            r#""address1":"1 Dock Road","address2":null,"city":"Portland","zip":"97205","province":"Oregon""#,
        );
        json.constant(r#""country":"US","phone":null"#);
        json.time("created_at", at);
        json.time("updated_at", at);
        json.constant(r#""country_code":"US","country_name":"United States","province_code":"OR""#);
        json.constant(r#""legacy":false,"active":true"#);
        json.gid("Location", id);
    })
}
