use events::{AggregateKind, CustomerId};
use projections::loyalty;

use crate::answer::Answer;
use crate::call::Call;
use crate::document::Query;
use crate::one::OneThen;
use crate::problem::Problem;

/// A customer's loyalty account: points, tier, lots and the latest movements.
#[utoipa::path(
    get, path = "/v1/{shop}/customers/{id}/loyalty", operation_id = "get_loyalty", tag = "loyalty",
    params(Query<OneThen>),
    responses((status = 200, description = "The account", body = ref("#/components/schemas/Loyalty"))),
)]
pub(crate) async fn get(call: Call<OneThen>) -> Result<Answer, Problem> {
    let id: CustomerId = call.id()?;
    if let Some(then) = call.query.as_of {
        let account = loyalty::after(id, &call.events_until(AggregateKind::Loyalty, id.get(), then).await?);
        return Ok(call.answer(then.0, &account.ok_or_else(|| Problem::not_found("account at this position"))?));
    }
    let position = call.position(loyalty::READS, call.query.min_position).await?;
    let account = loyalty::get(&call.state.database, &call.shop, id).await?;
    Ok(call.answer(position, &account.ok_or_else(|| Problem::not_found("customer"))?))
}
