//! The read models, one file each: the row, its fold, its columns, and how it is read.

pub mod checkout_contacts;
pub mod conversations;
pub mod customer_contacts;
pub mod customers;
pub mod data_requests;
pub mod fulfillment_orders;
pub mod loyalty;
pub mod loyalty_entries;
pub mod notifications;
pub mod order_contacts;
pub mod order_lines;
pub mod order_timeline;
pub mod orders;
pub mod products;
pub mod redactions;
pub mod sales;
pub mod stock;
pub mod variants;

use db::Value;
use serde::Serialize;

use crate::ReadModel;

/// The table of contents.
pub static ALL: &[ReadModel] = &[
    ReadModel::of::<checkout_contacts::CheckoutContacts>(),
    ReadModel::of::<conversations::Conversations>(),
    ReadModel::of::<customer_contacts::CustomerContacts>(),
    ReadModel::of::<customers::Customers>(),
    ReadModel::of::<data_requests::DataRequests>(),
    ReadModel::of::<fulfillment_orders::FulfillmentOrders>(),
    ReadModel::of::<loyalty::Loyalty>(),
    ReadModel::of::<loyalty_entries::LoyaltyEntries>(),
    ReadModel::of::<notifications::Notifications>(),
    ReadModel::of::<order_contacts::OrderContacts>(),
    ReadModel::of::<order_lines::OrderLines>(),
    ReadModel::of::<order_timeline::OrderTimeline>(),
    ReadModel::of::<orders::Orders>(),
    ReadModel::of::<products::Products>(),
    ReadModel::of::<redactions::Redactions>(),
    ReadModel::of::<sales::Sales>(),
    ReadModel::of::<stock::Stock>(),
    ReadModel::of::<variants::Variants>(),
];

/// A number as a column.
fn id_column(id: u64) -> Value {
    // Ids are below 2^63 by type.
    Value::Integer(id.cast_signed())
}

/// A word (a status) as a column, spelled as in JSON.
fn word(value: impl Serialize) -> Value {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Value::Text(word),
        _ => Value::Null,
    }
}

/// Puts `item` in its place in a list sorted by `key`, over the one that has the same key.
fn put<T, K: Ord>(items: &mut Vec<T>, item: T, key: impl Fn(&T) -> K) {
    match items.binary_search_by_key(&key(&item), &key) {
        Ok(index) => items[index] = item,
        Err(index) => items.insert(index, item),
    }
}
