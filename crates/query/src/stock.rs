use events::{AggregateKind, InventoryItemId};
use projections::stock;

use crate::answer::Answer;
use crate::call::Call;
use crate::document::Query;
use crate::one::OneThen;
use crate::problem::Problem;

/// The stock of one inventory item over its locations.
#[utoipa::path(
    get, path = "/v1/{shop}/stock/{inventory_item_id}", operation_id = "get_stock", tag = "stock",
    params(Query<OneThen>),
    responses((status = 200, description = "The stock", body = ref("#/components/schemas/Stock"))),
)]
pub(crate) async fn get(call: Call<OneThen>) -> Result<Answer, Problem> {
    let id: InventoryItemId = call.id()?;
    if let Some(then) = call.query.as_of {
        let events = call.events_until(AggregateKind::Stock, id.get(), then).await?;
        let stock = stock::after(&call.state.database, &call.shop, id, &events).await?;
        return Ok(call.answer(then.0, &stock.ok_or_else(|| Problem::not_found("inventory item at this position"))?));
    }
    call.reached(stock::READS, call.query.min_position).await?;
    let stock = stock::see(&call.state.database, &call.shop, id).await?;
    Ok(call.answer(stock.position, &stock.found.ok_or_else(|| Problem::not_found("inventory item"))?))
}
