use events::{CustomerId, OrderId};
use projections::notifications::{self, NotificationFilter};
use projections::{Listed, PageRequest};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::Answer;
use crate::call::{Call, Position};
use crate::paging::{Limit, List};
use crate::problem::Problem;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NotificationQuery {
    #[param(value_type = Option<String>)]
    order_id: Option<OrderId>,
    #[param(value_type = Option<String>)]
    customer_id: Option<CustomerId>,
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

/// What was sent, what was not, and why; newest first.
#[utoipa::path(
    get, path = "/v1/{shop}/notifications", operation_id = "list_notifications", tag = "notifications",
    params(NotificationQuery),
    responses((
        status = 200, description = "A page of notifications",
        body = ref("#/components/schemas/NotificationList"),
    )),
)]
pub(crate) async fn list(call: Call<NotificationQuery>) -> Result<Answer, Problem> {
    let NotificationQuery { order_id, customer_id, .. } = call.query;
    let filter = NotificationFilter { order_id, customer_id };
    let cursors = List::new("notifications", (&call.shop, &filter));
    let after = call.query.cursor.as_deref().map(|cursor| cursors.open(cursor)).transpose()?;
    let page = PageRequest { limit: call.query.limit.get(), after };
    let position = call.position(notifications::READS, call.query.min_position).await?;
    let Listed { data, next_cursor } = notifications::list(&call.state.database, &call.shop, &filter, page).await?;
    let next_cursor = next_cursor.map(|cursor| cursors.seal(&cursor));
    Ok(call.answer(position, &Listed { data, next_cursor }))
}
