use events::{AggregateKind, CustomerId, FinancialStatus, FulfillmentStatus, OrderId, Timestamp};
use projections::orders::{self, OrderFilter};
use projections::{Listed, PageRequest};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::Answer;
use crate::call::{Call, Position};
use crate::one::OneThen;
use crate::paging::{Limit, List};
use crate::problem::Problem;

/// One order.
#[utoipa::path(
    get, path = "/v1/{shop}/orders/{id}", operation_id = "get_order", tag = "orders", params(OneThen),
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

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderQuery {
    #[param(value_type = Option<String>)]
    financial_status: Option<FinancialStatus>,
    #[param(value_type = Option<String>)]
    fulfillment_status: Option<FulfillmentStatus>,
    #[param(value_type = Option<String>)]
    customer_id: Option<CustomerId>,
    /// Placed at this time or later (RFC 3339).
    #[param(value_type = Option<String>, format = "date-time")]
    placed_from: Option<Timestamp>,
    /// Placed before this time (RFC 3339).
    #[param(value_type = Option<String>, format = "date-time")]
    placed_to: Option<Timestamp>,
    /// How many to show; 50 when not said.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 250)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Waits until the answer holds at this position of the log.
    #[param(value_type = Option<u64>)]
    min_position: Option<Position>,
}

/// The orders of a shop, newest first.
#[utoipa::path(
    get, path = "/v1/{shop}/orders", operation_id = "list_orders", tag = "orders",
    params(OrderQuery),
    responses((status = 200, description = "A page of orders", body = ref("#/components/schemas/OrderList"))),
)]
pub(crate) async fn list(call: Call<OrderQuery>) -> Result<Answer, Problem> {
    let OrderQuery { financial_status, fulfillment_status, customer_id, placed_from, placed_to, .. } = call.query;
    if placed_from.zip(placed_to).is_some_and(|(from, to)| from > to) {
        return Err(Problem::parameter("placed_to"));
    }
    let filter = OrderFilter { financial_status, fulfillment_status, customer_id, placed_from, placed_to };
    let cursors = List::new("orders", (&call.shop, &filter));
    let after = call.query.cursor.as_deref().map(|cursor| cursors.open(cursor)).transpose()?;
    let page = PageRequest { limit: call.query.limit.get(), after };
    let position = call.position(orders::READS, call.query.min_position).await?;
    let Listed { data, next_cursor } = orders::list(&call.state.database, &call.shop, &filter, page).await?;
    let next_cursor = next_cursor.map(|cursor| cursors.seal(&cursor));
    Ok(call.answer(position, &Listed { data, next_cursor }))
}
