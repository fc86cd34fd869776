use events::OrderId;
use projections::order_timeline;

use crate::answer::Answer;
use crate::call::Call;
use crate::document::Query;
use crate::one::One;
use crate::problem::Problem;

/// All that happened to an order and because of it: its own events, stock, points, notifications.
#[utoipa::path(
    get, path = "/v1/{shop}/orders/{id}/timeline", operation_id = "get_order_timeline", tag = "orders",
    params(Query<One>),
    responses((status = 200, description = "The timeline", body = ref("#/components/schemas/Timeline"))),
)]
pub(crate) async fn of_order(call: Call<One>) -> Result<Answer, Problem> {
    let id: OrderId = call.id()?;
    call.reached(order_timeline::READS, call.query.min_position).await?;
    let timeline = order_timeline::see(&call.state.database, &call.shop, id).await?;
    Ok(call.answer(timeline.position, &timeline.found.ok_or_else(|| Problem::not_found("order"))?))
}
