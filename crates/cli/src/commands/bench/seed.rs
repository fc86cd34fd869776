//! A long log, soon: one order's event, again and again under other names.

use events::{AggregateKey, AggregateKind, EventId, Shop, subject};
use serde_json::Value;
use streams::{Archived, Broker, EventStore, LogImport, event_at, events_head};

use super::orders::Orders;
use crate::commands::replay::explain;
use crate::failure::{Exit, Failure, Outcome};

/// The shop whose orders they are.
pub(super) const SHOP: &str = "bench";
/// Ids of orders begin here.
pub(super) const FIRST: u64 = 1_000;

/// Fills an empty log with so many placed orders.
pub(super) async fn orders(broker: &Broker, count: u64) -> Outcome {
    Orders::new(EventStore::new(broker))?.place(1, 1).await?;
    let head = events_head(broker).await?;
    let lost = || Failure::new(Exit::Failed, "the first event is not there");
    let mut first = Vec::new();
    let mut import = LogImport::begin(broker).await.map_err(explain)?;
    for position in 1..=head {
        first.clear();
        event_at(broker, position).await?.ok_or_else(lost)?.archive(&mut first);
        import.append(&Archived::parse(&first)?).await.map_err(explain)?;
    }
    first.clear();
    event_at(broker, 1).await?.ok_or_else(lost)?.archive(&mut first);
    let mut line: Value = serde_json::from_slice(&first)?;
    let shop: Shop = SHOP.parse()?;
    for position in head + 1..=count {
        let key = AggregateKey::new(AggregateKind::Order, &shop, FIRST + position);
        let (place, id) = (subject::event(&key), EventId::derive("bench", &subject::event(&key), 1).to_string());
        (line["position"], line["subject"]) = (position.into(), place.into());
        line["headers"]["ce-subject"] = format!("order/{}", key.id).into();
        (line["headers"]["ce-id"], line["headers"]["Nats-Msg-Id"]) = (id.clone().into(), id.into());
        import.append(&Archived::parse(line.to_string().as_bytes())?).await.map_err(explain)?;
    }
    import.finish().await.map_err(explain)?;
    Ok(())
}
