//! `data_requests`: one row per request of a customer to know what is held of them. Whether it is answered the key
//! database knows.

use db::{Column, Database, Order, Select, Value};
use events::{AggregateKind, CustomerEvent, DataRequestId, Event, OrderId, Recorded, Shop, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::read::{every, one};
use crate::{Found, Projection, ReadError};

pub struct DataRequests;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataRequest {
    /// Shopify's number of it.
    pub id: DataRequestId,
    /// `customer/<id>`.
    pub of: String,
    pub requested_at: Timestamp,
    pub due_at: Timestamp,
    /// Those that it is about, beside those that the customer is known to have placed.
    pub orders: Vec<OrderId>,
}

impl Projection for DataRequests {
    const NAME: &'static str = "data_requests";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[Column::integer("due_at")];
    const INDEXES: &'static [&'static [&'static str]] = &[&["due_at"]];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Customer];

    type Row = DataRequest;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Customer(CustomerEvent::DataRequested(told)) => vec![told.request_id.to_string()],
            _ => Vec::new(),
        }
    }

    fn project(_: &str, row: Option<DataRequest>, event: &Recorded<Event>) -> Option<DataRequest> {
        match &event.event {
            Event::Customer(CustomerEvent::DataRequested(told)) => Some(DataRequest {
                id: told.request_id,
                of: format!("customer/{}", event.envelope.key.id),
                requested_at: told.at,
                due_at: told.due_at,
                orders: told.orders.clone(),
            }),
            _ => row,
        }
    }

    fn columns(row: &DataRequest) -> Vec<Value> {
        vec![Value::Integer(row.due_at.as_second())]
    }
}

/// One of a shop, by Shopify's number.
pub async fn get(db: &Database, shop: &Shop, id: DataRequestId) -> Result<Option<Found<DataRequest>>, ReadError> {
    one::<DataRequests>(db, shop, id).await
}

/// All of a shop, those due last first.
pub async fn list(db: &Database, shop: &Shop) -> Result<Vec<Found<DataRequest>>, ReadError> {
    let order = Order::Descending("due_at");
    every::<DataRequests>(db, Select { shop, filters: Vec::new(), order, after: None, limit: u32::MAX }).await
}
