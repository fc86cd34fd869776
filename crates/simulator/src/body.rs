//! The bodies of webhooks, in the shape of Shopify's REST JSON.
//!
//! They are written by hand, because a serialiser's tree of a hundred keys per order costs ten times as
//! much. What nobody reads is there as well: a reader has to stand it.

mod checkout;
mod customer;
mod customer_news;
mod fulfillment;
mod fulfillment_order;
mod goods;
mod json;
mod line;
mod order;
mod order_news;
mod order_return;
mod refund;
mod shipment;
mod trade;
mod transaction;

pub(crate) use checkout::checkout;
pub(crate) use customer::customer;
pub(crate) use customer_news::{consent, segment, summary, tags, text_consent, whats_app_consent};
pub(crate) use fulfillment::fulfillment;
pub(crate) use fulfillment_order::{hold, hold_told, moved, routed};
pub(crate) use goods::{item, level, location, product};
pub(crate) use order::{Edit, edited, order};
pub(crate) use order_news::{protected, risk, scanned};
pub(crate) use order_return::{return_ended, return_told};
pub(crate) use refund::refund;
pub(crate) use shipment::shipment;
pub(crate) use trade::{collection, company, contract, dispute, draft, scopes, shop};
pub(crate) use transaction::transaction;

use crate::order::Order;
use json::Json;

/// The body of a `…/delete` topic.
pub(crate) fn deleted(id: u64, kind: Option<&str>) -> String {
    json::object(|json| {
        json.number("id", id);
        if let Some(kind) = kind {
            json.gid(kind, id);
        }
    })
}

/// `inventory_levels/disconnect`.
pub(crate) fn disconnected((item, location): (u64, u64)) -> String {
    json::object(|json| {
        json.number("inventory_item_id", item);
        json.number("location_id", location);
    })
}

/// Both spellings of a price: the plain text and the set.
fn price(json: &mut Json, key: &str, cents: i64, order: &Order) {
    json.amount(key, cents);
    json.set(&format!("{key}_set"), cents, order.market);
}
