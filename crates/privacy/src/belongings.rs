//! Under whose names words of one person stand.

use std::fmt::Display;

use events::{AggregateKey, AggregateKind, Event, OrderEvent, Recorded, Shop};
use streams::{EventStore, StoreError};

/// The order, as a guest may have placed it, after the checkouts that it came from.
pub async fn order_with_checkouts(
    store: &EventStore,
    shop: &Shop,
    order: impl Display,
) -> Result<Vec<AggregateKey>, StoreError> {
    let key = AggregateKey::new(AggregateKind::Order, shop, order);
    let checkout = |recorded: Recorded<Event>| match recorded.event {
        Event::Order(OrderEvent::CheckedOut(told)) => {
            Some(AggregateKey::new(AggregateKind::Checkout, shop, told.checkout_token))
        }
        _ => None,
    };
    let history = store.events(&key).await?;
    Ok(history.into_iter().filter_map(checkout).chain([key.clone()]).collect())
}
