use events::{AggregateKind, CustomerId};
use projections::customers;

use crate::answer::Answer;
use crate::call::Call;
use crate::document::Query;
use crate::one::OneThen;
use crate::problem::Problem;

/// One customer, with what they ordered; as of a position only the customer's own record, without what they ordered.
#[utoipa::path(
    get, path = "/v1/{shop}/customers/{id}", operation_id = "get_customer", tag = "customers",
    params(Query<OneThen>),
    responses((status = 200, description = "The customer", body = ref("#/components/schemas/Customer"))),
)]
pub(crate) async fn get(call: Call<OneThen>) -> Result<Answer, Problem> {
    let id: CustomerId = call.id()?;
    if let Some(then) = call.query.as_of {
        let customer = customers::after(id, &call.events_until(AggregateKind::Customer, id.get(), then).await?);
        let customer = customer.ok_or_else(|| Problem::not_found("customer at this position"))?;
        return call.answer_opened(then.0, &customer).await;
    }
    let position = call.position(customers::READS, call.query.min_position).await?;
    let customer = customers::get(&call.state.database, &call.shop, id).await?;
    call.answer_opened(position, &customer.ok_or_else(|| Problem::not_found("customer"))?).await
}
