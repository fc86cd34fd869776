use aggregates::Command;
use events::AggregateKind;

use crate::{Delivery, Unreadable, customer, edit, fulfillment, inventory, order, product, refund, shop, transaction};

/// A topic that is translated: whose body it carries, and how it is read.
#[derive(Debug)]
pub struct Topic {
    /// As `X-Shopify-Topic` spells it.
    pub name: &'static str,
    /// The aggregate it speaks of.
    pub kind: AggregateKind,
    pub(crate) translate: Translator,
}

type Translator = fn(&Delivery<'_>) -> Result<Vec<Command>, Unreadable>;

/// The table of contents: every topic that becomes commands. All others stay in the inbox.
pub static TOPICS: [Topic; 25] = {
    use AggregateKind::{Customer, Order, Product, Shop, Stock};
    [
        topic("orders/create", Order, order::snapshot),
        topic("orders/updated", Order, order::snapshot),
        topic("orders/paid", Order, order::snapshot),
        topic("orders/cancelled", Order, order::snapshot),
        topic("orders/fulfilled", Order, order::snapshot),
        topic("orders/partially_fulfilled", Order, order::snapshot),
        topic("orders/edited", Order, edit::edited),
        topic("orders/delete", Order, order::deleted),
        topic("refunds/create", Order, refund::created),
        topic("fulfillments/create", Order, fulfillment::changed),
        topic("fulfillments/update", Order, fulfillment::changed),
        topic("order_transactions/create", Order, transaction::created),
        topic("products/create", Product, product::snapshot),
        topic("products/update", Product, product::snapshot),
        topic("products/delete", Product, product::deleted),
        topic("customers/create", Customer, customer::snapshot),
        topic("customers/update", Customer, customer::snapshot),
        topic("customers/delete", Customer, customer::deleted),
        topic("inventory_levels/connect", Stock, inventory::level_connected),
        topic("inventory_levels/update", Stock, inventory::level_updated),
        topic("inventory_levels/disconnect", Stock, inventory::level_disconnected),
        topic("inventory_items/create", Stock, inventory::item_described),
        topic("inventory_items/update", Stock, inventory::item_described),
        topic("inventory_items/delete", Stock, inventory::item_deleted),
        topic("app/uninstalled", Shop, shop::uninstalled),
    ]
};

const fn topic(name: &'static str, kind: AggregateKind, translate: Translator) -> Topic {
    Topic { name, kind, translate }
}

impl Topic {
    pub fn find(name: &str) -> Option<&'static Self> {
        TOPICS.iter().find(|topic| topic.name == name)
    }
}
