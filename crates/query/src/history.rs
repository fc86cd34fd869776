use std::borrow::Cow;

use events::{
    AggregateKey, AggregateKind, CustomerId, Event, InventoryItemId, OrderId, ProductId, Recorded, Timestamp,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::Answer;
use crate::call::{Call, Position};
use crate::document::Query;
use crate::limits;
use crate::paging::Limit;
use crate::problem::Problem;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventQuery {
    /// How many to show; 50 when not said.
    #[serde(default)]
    limit: Limit,
    /// The `next_cursor` of the page before: the position of its last event.
    cursor: Option<EventCursor>,
    /// Waits until the log has come to this position.
    min_position: Option<Position>,
}

/// A position as text, which is what cursors are.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(crate) struct EventCursor(Position);

impl JsonSchema for EventCursor {
    fn schema_name() -> Cow<'static, str> {
        "EventCursor".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        limits::position_text()
    }
}

/// The events of an order, oldest first.
#[utoipa::path(
    get, path = "/v1/{shop}/orders/{id}/events", operation_id = "list_order_events", tag = "orders",
    params(Query<EventQuery>),
    responses((status = 200, description = "A page of events", body = ref("#/components/schemas/EventList"))),
)]
pub(crate) async fn of_order(call: Call<EventQuery>) -> Result<Answer, Problem> {
    let id: OrderId = call.id()?;
    events(call, AggregateKind::Order, id.get()).await
}

/// The events of a product, oldest first.
#[utoipa::path(
    get, path = "/v1/{shop}/products/{id}/events", operation_id = "list_product_events", tag = "products",
    params(Query<EventQuery>),
    responses((status = 200, description = "A page of events", body = ref("#/components/schemas/EventList"))),
)]
pub(crate) async fn of_product(call: Call<EventQuery>) -> Result<Answer, Problem> {
    let id: ProductId = call.id()?;
    events(call, AggregateKind::Product, id.get()).await
}

/// The events of a customer, oldest first.
#[utoipa::path(
    get, path = "/v1/{shop}/customers/{id}/events", operation_id = "list_customer_events", tag = "customers",
    params(Query<EventQuery>),
    responses((status = 200, description = "A page of events", body = ref("#/components/schemas/EventList"))),
)]
pub(crate) async fn of_customer(call: Call<EventQuery>) -> Result<Answer, Problem> {
    let id: CustomerId = call.id()?;
    events(call, AggregateKind::Customer, id.get()).await
}

/// The events of a customer's loyalty account, oldest first.
#[utoipa::path(
    get, path = "/v1/{shop}/customers/{id}/loyalty/events", operation_id = "list_loyalty_events", tag = "loyalty",
    params(Query<EventQuery>),
    responses((status = 200, description = "A page of events", body = ref("#/components/schemas/EventList"))),
)]
pub(crate) async fn of_loyalty(call: Call<EventQuery>) -> Result<Answer, Problem> {
    let id: CustomerId = call.id()?;
    events(call, AggregateKind::Loyalty, id.get()).await
}

/// The events of an inventory item's stock, oldest first.
#[utoipa::path(
    get, path = "/v1/{shop}/stock/{inventory_item_id}/events", operation_id = "list_stock_events", tag = "stock",
    params(Query<EventQuery>),
    responses((status = 200, description = "A page of events", body = ref("#/components/schemas/EventList"))),
)]
pub(crate) async fn of_stock(call: Call<EventQuery>) -> Result<Answer, Problem> {
    let id: InventoryItemId = call.id()?;
    events(call, AggregateKind::Stock, id.get()).await
}

/// Straight from the log, so that it also shows what no read model has reached yet.
async fn events(call: Call<EventQuery>, kind: AggregateKind, id: u64) -> Result<Answer, Problem> {
    let EventQuery { limit, cursor, min_position } = call.query;
    let head = call.log_position(min_position).await?;
    let key = AggregateKey::new(kind, &call.shop, id);
    let events = call.state.events.events(&key).await.map_err(|error| Problem::unavailable(&error))?;
    if events.is_empty() {
        return Err(Problem::not_found("aggregate with events"));
    }
    let after = cursor.map_or(0, |EventCursor(position)| position.0);
    let rest = events.partition_point(|event| event.position <= after);
    let shown = &events[rest..events.len().min(rest + limit.get() as usize)];
    let more = rest + shown.len() < events.len();
    let next_cursor = shown.last().filter(|_| more).map(|event| event.position.to_string());
    let data = shown.iter().map(RecordedEvent::new).collect();
    call.answer_opened(head, &EventList { data, next_cursor }).await
}

#[derive(Debug, Serialize)]
struct EventList<'a> {
    data: Vec<RecordedEvent<'a>>,
    next_cursor: Option<String>,
}

/// An event as the log keeps it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub(crate) struct RecordedEvent<'a> {
    /// Its sequence in the log.
    position: u64,
    id: &'a str,
    /// `<aggregate>.<what happened>`.
    #[serde(rename = "type")]
    kind: &'a str,
    /// Of the type's schema.
    version: u32,
    /// Its place among the aggregate's events, from 1.
    aggregate_version: u64,
    /// When it happened, by Shopify's clock.
    time: Timestamp,
    /// When the log stored it.
    recorded_at: Timestamp,
    correlation_id: &'a str,
    causation_id: &'a str,
    /// As `schemas/events/<type>/v<version>.json` says.
    data: Value,
}

impl<'a> RecordedEvent<'a> {
    pub(crate) fn new(recorded: &'a Recorded<Event>) -> Self {
        let Recorded { position, recorded_at, envelope, event } = recorded;
        Self {
            position: *position,
            id: envelope.id.as_str(),
            kind: &envelope.wire_type,
            version: envelope.schema_version,
            aggregate_version: envelope.aggregate_version,
            time: envelope.time,
            recorded_at: *recorded_at,
            correlation_id: &envelope.correlation_id,
            causation_id: &envelope.causation_id,
            data: data(event),
        }
    }
}

fn data(event: &Event) -> Value {
    // What the log has given is sealed, and so it is JSON.
    event.encode().and_then(|body| serde_json::from_slice(&body)).unwrap_or_default()
}
