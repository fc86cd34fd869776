//! What Shopify says of a customer apart from the customer's record.

use aggregates::{Command, CustomerCommand};
use events::{CustomerId, Money, OrderId, PurchaseSummary, TagsTold, Timestamp};
use serde::Deserialize;

use crate::wire::{Amount, AnyId, Object, Text, any_id};
use crate::{Reading, Unreadable};

const KIND: &str = "Customer";

/// `customer.tags_added`.
pub(crate) fn tags_added(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    tagged(delivery, |tags| TagsTold::Added { tags })
}

/// `customer.tags_removed`.
pub(crate) fn tags_removed(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    tagged(delivery, |tags| TagsTold::Removed { tags })
}

/// `customer.joined_segment`.
pub(crate) fn joined_segment(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    segment(delivery, true)
}

/// `customer.left_segment`.
pub(crate) fn left_segment(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    segment(delivery, false)
}

/// Both topics say it with one body, and no time.
fn segment(delivery: &Reading<'_>, belongs: bool) -> Result<Vec<Command>, Unreadable> {
    let body: SegmentBody<'_> = delivery.decode()?;
    let as_of = delivery.as_of(delivery.triggered_at());
    let segment = CustomerCommand::Segment { as_of, segment_id: body.segment_id.of("Segment")?, belongs };
    Ok(vec![Command::Customer(body.customer_id.of(KIND)?, segment)])
}

fn tagged(delivery: &Reading<'_>, told: impl Fn(Vec<String>) -> TagsTold) -> Result<Vec<Command>, Unreadable> {
    let body: TagsBody<'_> = delivery.decode()?;
    let tags = body.tags.iter().map(|tag| tag.as_str().trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
    let tag = CustomerCommand::Tag { as_of: delivery.as_of(body.occurred_at), told: told(tags) };
    Ok(vec![Command::Customer(body.customer_id.of(KIND)?, tag)])
}

/// `customers/purchasing_summary`.
pub(crate) fn purchases(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: SummaryBody<'_> = delivery.decode()?;
    let id: CustomerId = body.customer_id.of(KIND)?;
    let spent = body.amount_spent.map(|Object(money)| Money::new(money.amount.0, money.currency_code));
    let summary = PurchaseSummary {
        orders_count: body.number_of_orders.count()?,
        total_spent: spent,
        last_order_id: any_id::<OrderId>(body.last_order_id.as_ref(), "Order")?,
    };
    let as_of = delivery.as_of(body.occurred_at);
    Ok(vec![Command::Customer(id, CustomerCommand::Summarize { as_of, summary })])
}

/// `customers/merge`: nothing has happened until it is completed.
pub(crate) fn merged(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: MergeBody<'_> = delivery.decode()?;
    let (into, gone) = (body.admin_graphql_api_customer_kept_id.of(KIND)?, body.admin_graphql_api_customer_deleted_id);
    let gone: CustomerId = gone.of(KIND)?;
    if gone == into {
        return Err(Unreadable::Shape("a customer merged into itself".to_owned()));
    }
    let merge = CustomerCommand::Merge { as_of: delivery.as_of(delivery.triggered_at()), into };
    Ok(if body.status.as_str() == "completed" { vec![Command::Customer(gone, merge)] } else { Vec::new() })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TagsBody<'a> {
    #[serde(borrow)]
    customer_id: AnyId<'a>,
    tags: Vec<Text<'a>>,
    occurred_at: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SummaryBody<'a> {
    #[serde(borrow)]
    customer_id: AnyId<'a>,
    number_of_orders: Count<'a>,
    amount_spent: Option<Object<SpentBody>>,
    last_order_id: Option<AnyId<'a>>,
    occurred_at: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpentBody {
    amount: Amount,
    currency_code: events::Currency,
}

/// A number, or its digits: GraphQL writes 64-bit numbers so.
#[derive(Deserialize)]
struct Count<'a>(#[serde(borrow)] &'a serde_json::value::RawValue);

impl Count<'_> {
    fn count(&self) -> Result<u64, Unreadable> {
        let digits = self.0.get().trim_matches('"');
        digits.parse().map_err(|_| Unreadable::out_of_range("numberOfOrders"))
    }
}

#[derive(Deserialize)]
struct SegmentBody<'a> {
    #[serde(borrow)]
    customer_id: AnyId<'a>,
    segment_id: AnyId<'a>,
}

#[derive(Deserialize)]
struct MergeBody<'a> {
    #[serde(borrow)]
    admin_graphql_api_customer_kept_id: AnyId<'a>,
    admin_graphql_api_customer_deleted_id: AnyId<'a>,
    status: Text<'a>,
}
