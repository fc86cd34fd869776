use events::{AggregateKind, CustomerId, FinancialStatus, FulfillmentStatus, OrderId};
use projections::orders::{self, OrderFilter};
use projections::{Listed, PageRequest};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::answer::Answer;
use crate::call::{Call, Position};
use crate::document::Query;
use crate::moment::Moment;
use crate::one::OneThen;
use crate::paging::{Cursor, Limit, List};
use crate::problem::Problem;

/// One order.
#[utoipa::path(
    get, path = "/v1/{shop}/orders/{id}", operation_id = "get_order", tag = "orders",
    params(Query<OneThen>),
    responses((status = 200, description = "The order", body = ref("#/components/schemas/Order"))),
)]
pub(crate) async fn get(call: Call<OneThen>) -> Result<Answer, Problem> {
    let id: OrderId = call.id()?;
    if let Some(then) = call.query.as_of {
        let order = orders::after(id, &call.events_until(AggregateKind::Order, id.get(), then).await?);
        return Ok(call.answer(then.0, &order.ok_or_else(|| Problem::not_found("order at this position"))?));
    }
    call.reached(orders::READS, call.query.min_position).await?;
    let order = orders::see(&call.state.database, &call.shop, id).await?;
    Ok(call.answer(order.position, &order.found.ok_or_else(|| Problem::not_found("order"))?))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderQuery {
    financial_status: Option<FinancialStatus>,
    fulfillment_status: Option<FulfillmentStatus>,
    customer_id: Option<CustomerId>,
    /// Placed at this time or later (RFC 3339).
    placed_from: Option<Moment>,
    /// Placed before this time (RFC 3339).
    placed_to: Option<Moment>,
    /// How many to show; 50 when not said.
    #[serde(default)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<Cursor>,
    /// Waits until the answer holds at this position of the log.
    min_position: Option<Position>,
}

/// The orders of a shop, newest first.
#[utoipa::path(
    get, path = "/v1/{shop}/orders", operation_id = "list_orders", tag = "orders",
    params(Query<OrderQuery>),
    responses((status = 200, description = "A page of orders", body = ref("#/components/schemas/OrderList"))),
)]
pub(crate) async fn list(call: Call<OrderQuery>) -> Result<Answer, Problem> {
    let OrderQuery { financial_status, fulfillment_status, customer_id, .. } = call.query;
    let [placed_from, placed_to] = [call.query.placed_from, call.query.placed_to].map(|time| time.map(|Moment(at)| at));
    if placed_from.zip(placed_to).is_some_and(|(from, to)| from > to) {
        return Err(Problem::range("the range ends before it begins"));
    }
    let filter = OrderFilter { financial_status, fulfillment_status, customer_id, placed_from, placed_to };
    let cursors = List::new("orders", (&call.shop, &filter));
    let after = call.query.cursor.as_ref().map(|cursor| cursors.open(cursor)).transpose()?;
    let page = PageRequest { limit: call.query.limit.get(), after };
    let position = call.position(orders::READS, call.query.min_position).await?;
    let Listed { data, next_cursor } = orders::list(&call.state.database, &call.shop, &filter, page).await?;
    let next_cursor = next_cursor.map(|cursor| cursors.seal(&cursor));
    Ok(call.answer(position, &Listed { data, next_cursor }))
}
