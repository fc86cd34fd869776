//! `fulfillment_orders`: one row per fulfilment order, where it is sent from and what of which order.
//!
//! A local copy for services, not shown by the API.

use db::{Column, Database, Select, Value};
use events::{
    AggregateKind, DomainEvents, Event, FulfillmentOrder, FulfillmentOrderId, OrderId, Recorded, Shop, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::id_column;
use crate::read::{every, one};
use crate::{Found, Projection, ReadError};

pub struct FulfillmentOrders;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FulfillmentOrderRow {
    /// As it is known.
    pub fulfillment_order: FulfillmentOrder,
    /// When its lines stood so; none while nothing has told them.
    pub lines_at: Option<Timestamp>,
}

impl Projection for FulfillmentOrders {
    const NAME: &'static str = "fulfillment_orders";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[Column::integer("order_id")];
    const INDEXES: &'static [&'static [&'static str]] = &[&["order_id"]];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::FulfillmentOrder];

    type Row = FulfillmentOrderRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::FulfillmentOrder(_) => vec![event.envelope.key.id.clone()],
            _ => Vec::new(),
        }
    }

    fn project(_: &str, row: Option<FulfillmentOrderRow>, event: &Recorded<Event>) -> Option<FulfillmentOrderRow> {
        let Event::FulfillmentOrder(event) = &event.event else { return row };
        let told_at = event.told().lines.is_some().then(|| event.at());
        Some(FulfillmentOrderRow {
            fulfillment_order: event.after().clone(),
            // Older news may come later; of the lines the newest word holds.
            lines_at: told_at.max(row.and_then(|row| row.lines_at)),
        })
    }

    fn columns(row: &FulfillmentOrderRow) -> Vec<Value> {
        vec![row.fulfillment_order.order_id.map_or(Value::Null, |id| id_column(id.get()))]
    }
}

pub async fn get(
    db: &Database,
    shop: &Shop,
    id: FulfillmentOrderId,
) -> Result<Option<Found<FulfillmentOrderRow>>, ReadError> {
    one::<FulfillmentOrders>(db, shop, id).await
}

/// Those that were said to be of one of these orders.
pub async fn of_orders(
    db: &Database,
    shop: &Shop,
    ids: impl IntoIterator<Item = OrderId>,
) -> Result<Vec<Found<FulfillmentOrderRow>>, ReadError> {
    // Ids are below 2^63 by type.
    let ids = ids.into_iter().map(|id| id.get().cast_signed()).collect();
    every::<FulfillmentOrders>(db, Select::all_among(shop, "order_id", ids)).await
}
