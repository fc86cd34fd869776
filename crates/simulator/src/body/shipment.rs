use super::json;
use crate::clock::utc;

/// `inventory_shipments/…`: how far goods between two locations have come, and neither goods nor locations.
pub(crate) fn shipment(id: u64, status: &str, at: i64) -> String {
    json::object(|json| {
        json.text("id", &format!("gid://shopify/InventoryShipment/{id}"));
        json.text("status", status);
        json.text("happened_at", &utc(at).to_string());
    })
}
