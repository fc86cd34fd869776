use events::CustomerId;
use projections::customers;

use crate::answer::Answer;
use crate::call::Call;
use crate::one::One;
use crate::problem::Problem;

/// One customer, with what they ordered.
#[utoipa::path(
    get, path = "/v1/{shop}/customers/{id}", operation_id = "get_customer", tag = "customers", params(One),
    responses((status = 200, description = "The customer", body = ref("#/components/schemas/Customer"))),
)]
pub(crate) async fn get(call: Call<One>) -> Result<Answer, Problem> {
    let id: CustomerId = call.id()?;
    let position = call.position(customers::READS, call.query.min_position).await?;
    let customer = customers::get(&call.state.database, &call.shop, id).await?;
    call.answer_opened(position, &customer.ok_or_else(|| Problem::not_found("customer"))?).await
}
