//! All that is held of a customer. The HTTP interface and the command line show the same.

use std::collections::BTreeSet;

use db::Database;
use events::{AggregateKey, AggregateKind, CustomerId, OrderId, Shop};
use privacy::{Vault, VaultError, order_with_checkouts};
use projections::{ReadError, notifications, orders};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use streams::{EventStore, StoreError};

use crate::history::RecordedEvent;

/// All that is held of a customer, opened.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    pub shop: Shop,
    pub customer_id: CustomerId,
    /// The customer, who went up in them, their points, their orders with the checkouts that those came from, and what
    /// was sent to them.
    pub aggregates: Vec<Held>,
}

/// The whole history of one aggregate.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Held {
    /// `<kind>/<id>`.
    pub of: String,
    #[schemars(with = "Vec<RecordedEvent<'static>>")]
    pub events: Vec<Value>,
}

#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Where it is looked for.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// Of the read models.
    pub database: &'a Database,
    pub events: &'a EventStore,
    pub vault: &'a Vault,
}

impl Report {
    /// `orders`: those that they may have placed as a guest, beside those that are known to be theirs.
    pub async fn make(
        sources: Sources<'_>,
        shop: &Shop,
        customer_id: CustomerId,
        orders: &[OrderId],
    ) -> Result<Self, ReportError> {
        let mut aggregates = Vec::new();
        for key in keys(sources, shop, customer_id, orders).await? {
            let history = sources.events.events(&key).await?;
            let mut events = Vec::with_capacity(history.len());
            for recorded in &history {
                // Plain data with string keys: turning it into JSON cannot fail.
                let mut event = serde_json::to_value(RecordedEvent::new(recorded)).unwrap_or_default();
                sources.vault.open_json(shop, &mut event).await?;
                events.push(event);
            }
            if !events.is_empty() {
                aggregates.push(Held { of: format!("{}/{}", key.kind, key.id), events });
            }
        }
        Ok(Self { shop: shop.clone(), customer_id, aggregates })
    }

    /// How many events it holds.
    pub fn events(&self) -> usize {
        self.aggregates.iter().map(|held| held.events.len()).sum()
    }
}

async fn keys(
    sources: Sources<'_>,
    shop: &Shop,
    customer_id: CustomerId,
    orders: &[OrderId],
) -> Result<Vec<AggregateKey>, ReportError> {
    let customer = AggregateKey::new(AggregateKind::Customer, shop, customer_id);
    let mut people = sources.vault.absorbed_by(&customer).await?;
    people.insert(0, customer);
    let mut keys = Vec::new();
    let mut ordered: BTreeSet<OrderId> = orders.iter().copied().collect();
    let mut told = BTreeSet::new();
    for person in people {
        // A customer's key says their id.
        if let Ok(id) = person.id.parse::<CustomerId>() {
            ordered.extend(orders::ids_of_customer(sources.database, shop, id).await?);
            told.extend(notifications::of_customer(sources.database, shop, id).await?);
        }
        let account = AggregateKey { kind: AggregateKind::Loyalty, ..person.clone() };
        keys.extend([person, account]);
    }
    for order in ordered {
        keys.extend(order_with_checkouts(sources.events, shop, order).await?);
        told.extend(notifications::of_order(sources.database, shop, order).await?);
    }
    keys.extend(told.into_iter().map(|id| AggregateKey::new(AggregateKind::Notification, shop, id)));
    Ok(keys)
}
