use events::InventoryItemId;
use projections::stock;

use crate::answer::Answer;
use crate::call::Call;
use crate::one::One;
use crate::problem::Problem;

/// The stock of one inventory item over its locations.
#[utoipa::path(
    get, path = "/v1/{shop}/stock/{inventory_item_id}", operation_id = "get_stock", tag = "stock", params(One),
    responses((status = 200, description = "The stock", body = ref("#/components/schemas/Stock"))),
)]
pub(crate) async fn get(call: Call<One>) -> Result<Answer, Problem> {
    let id: InventoryItemId = call.id()?;
    let position = call.position(stock::READS, call.query.min_position).await?;
    let stock = stock::get(&call.state.database, &call.shop, id).await?;
    Ok(call.answer(position, &stock.ok_or_else(|| Problem::not_found("inventory item"))?))
}
