use events::CustomerId;
use projections::loyalty;

use crate::answer::Answer;
use crate::call::Call;
use crate::one::One;
use crate::problem::Problem;

/// A customer's loyalty account: points, tier, lots and the latest movements.
#[utoipa::path(
    get, path = "/v1/{shop}/customers/{id}/loyalty", operation_id = "get_loyalty", tag = "loyalty", params(One),
    responses((status = 200, description = "The account", body = ref("#/components/schemas/Loyalty"))),
)]
pub(crate) async fn get(call: Call<One>) -> Result<Answer, Problem> {
    let id: CustomerId = call.id()?;
    let position = call.position(loyalty::READS, call.query.min_position).await?;
    let account = loyalty::get(&call.state.database, &call.shop, id).await?;
    Ok(call.answer(position, &account.ok_or_else(|| Problem::not_found("customer"))?))
}
