//! What customers have to be told of their orders.

use crate::order::{Fulfillment, Order, Refund};
use crate::store::Store;

/// The messages of one kind about one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedMessages {
    pub order_id: String,
    /// As customers know it: `#1042`.
    pub order_name: String,
    /// `order_confirmation`, for one.
    pub rule: &'static str,
    /// So many whatever the order in which the webhooks came.
    pub at_least: usize,
    /// More than that when something was seen before it was taken back: it was told if its webhook came in time.
    pub at_most: usize,
    /// Whoever placed it could be written to all the time.
    pub reachable: bool,
}

/// For every order and kind that there may be a message of.
pub(super) fn all(store: &Store) -> Vec<ExpectedMessages> {
    let of_order = |order| KINDS.iter().map(move |(rule, told)| expected(order, rule, told(order)));
    store.orders.iter().flat_map(of_order).filter(|expected| expected.at_most > 0).collect()
}

/// How many messages are certain, and how many there may be besides.
type Told = fn(&Order) -> (usize, usize);

const KINDS: [(&str, Told); 5] = [
    ("order_confirmation", |_| (1, 0)),
    ("cancellation", |order| (usize::from(order.cancelled.is_some()), 0)),
    ("refund", |order| split(order.refunds.iter().filter_map(|refund| gives_money_back(order, refund)))),
    ("shipping_confirmation", |order| split(order.fulfillments.iter().map(Fulfillment::stands))),
    ("delivery", |order| split(order.fulfillments.iter().filter_map(was_delivered))),
];

fn expected(order: &Order, rule: &'static str, (certain, possible): (usize, usize)) -> ExpectedMessages {
    ExpectedMessages {
        order_id: order.id.to_string(),
        order_name: format!("#{}", order.number),
        rule,
        // When the deletion comes first, nothing that comes later is heard.
        at_least: if order.deleted { 0 } else { certain },
        at_most: certain + possible,
        reachable: !order.unreachable && !order.deleted,
    }
}

fn split(told: impl Iterator<Item = bool>) -> (usize, usize) {
    told.fold((0, 0), |(certain, possible), one| if one { (certain + 1, possible) } else { (certain, possible + 1) })
}

/// Whether it is certain that the refund was seen to give money back; none when it never gave any.
fn gives_money_back(order: &Order, refund: &Refund) -> Option<bool> {
    let mut own = order.transactions.iter().filter(|one| refund.transactions.contains(&one.id));
    own.next().map(|transaction| transaction.status != "failure")
}

fn was_delivered(fulfillment: &Fulfillment) -> Option<bool> {
    (fulfillment.shipment == Some("delivered")).then(|| fulfillment.stands())
}
