use events::{CustomerId, OrderId};
use projections::notifications::{self, NotificationFilter};
use projections::{Listed, PageRequest};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::answer::Answer;
use crate::call::{Call, Position};
use crate::document::Query;
use crate::paging::{Cursor, Limit, List};
use crate::problem::Problem;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationQuery {
    order_id: Option<OrderId>,
    customer_id: Option<CustomerId>,
    /// How many to show; 50 when not said.
    #[serde(default)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    cursor: Option<Cursor>,
    /// Waits until the answer holds at this position of the log.
    min_position: Option<Position>,
}

/// What was sent, what was not, and why; newest first.
#[utoipa::path(
    get, path = "/v1/{shop}/notifications", operation_id = "list_notifications", tag = "notifications",
    params(Query<NotificationQuery>),
    responses((
        status = 200, description = "A page of notifications",
        body = ref("#/components/schemas/NotificationList"),
    )),
)]
pub(crate) async fn list(call: Call<NotificationQuery>) -> Result<Answer, Problem> {
    let NotificationQuery { order_id, customer_id, .. } = call.query;
    let filter = NotificationFilter { order_id, customer_id };
    let cursors = List::new("notifications", (&call.shop, &filter));
    let after = call.query.cursor.as_ref().map(|cursor| cursors.open(cursor)).transpose()?;
    let page = PageRequest { limit: call.query.limit.get(), after };
    let position = call.position(notifications::READS, call.query.min_position).await?;
    let Listed { data, next_cursor } = notifications::list(&call.state.database, &call.shop, &filter, page).await?;
    let next_cursor = next_cursor.map(|cursor| cursors.seal(&cursor));
    Ok(call.answer(position, &Listed { data, next_cursor }))
}
