//! `orders`: one row per order, as `GET /v1/{shop}/orders/{id}` shows it.

mod row;
mod view;

use db::{Column, Database, Filter, Order, Select, Value};
use events::{
    AggregateKind, CustomerId, Event, FinancialStatus, FulfillmentStatus, OrderId, Recorded, Shop, Timestamp,
};

pub use row::{FulfillmentView, OrderHead, OrderLine, OrderRow};
pub use view::{LineView, OrderView, RefundView};

use super::{id_column, word};
use crate::past::folded;
use crate::read::{self, every, page};
use crate::{Found, Listed, PageRequest, Projection, ReadError, Seen};

/// What its readers wait for.
pub const READS: &[&str] = &[Orders::NAME];

pub struct Orders;

impl Projection for Orders {
    const NAME: &'static str = "orders";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::integer("visible"),
        Column::integer("placed_at"),
        Column::text("financial_status"),
        Column::text("fulfillment_status"),
        Column::integer("customer_id"),
    ];
    const INDEXES: &'static [&'static [&'static str]] = &[&["visible", "placed_at"], &["customer_id", "placed_at"]];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Order];

    type Row = OrderRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Order(_) => vec![event.envelope.key.id.clone()],
            _ => Vec::new(),
        }
    }

    fn project(id: &str, row: Option<OrderRow>, event: &Recorded<Event>) -> Option<OrderRow> {
        let Event::Order(event) = &event.event else { return row };
        let mut row = row.unwrap_or_default();
        row.apply(id, event);
        Some(row)
    }

    fn columns(row: &OrderRow) -> Vec<Value> {
        let head = row.head.as_ref();
        vec![
            Value::from(row.is_visible()),
            head.map(|head| head.placed_at.as_microsecond()).into(),
            head.map_or(Value::Null, |head| word(head.financial_status)),
            head.map_or(Value::Null, |head| word(head.fulfillment_status.unwrap_or_default())),
            head.and_then(|head| head.customer_id).map_or(Value::Null, |id| id_column(id.get())),
        ]
    }
}

/// Which orders to list; none of a kind means all.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    pub financial_status: Option<FinancialStatus>,
    pub fulfillment_status: Option<FulfillmentStatus>,
    pub customer_id: Option<CustomerId>,
    /// Placed at this time or later.
    pub placed_from: Option<Timestamp>,
    /// Placed before this time.
    pub placed_to: Option<Timestamp>,
}

/// Those of a customer, deleted ones too.
pub async fn ids_of_customer(db: &Database, shop: &Shop, id: CustomerId) -> Result<Vec<OrderId>, ReadError> {
    let rows = every::<Orders>(db, Select::all_with(shop, "customer_id", id_column(id.get()))).await?;
    Ok(rows.into_iter().filter_map(|row| row.view.head?.id.parse().ok()).collect())
}

/// None before the order is placed, and once it is deleted.
pub async fn get(db: &Database, shop: &Shop, id: OrderId) -> Result<Option<Found<OrderView>>, ReadError> {
    Ok(see(db, shop, id).await?.found)
}

/// The same, and how far the read model has come.
pub async fn see(db: &Database, shop: &Shop, id: OrderId) -> Result<Seen<OrderView>, ReadError> {
    Ok(read::see::<Orders>(db, shop, id).await?.show(OrderRow::view))
}

/// The order as it was after `events`, its own from the first on.
pub fn after(id: OrderId, events: &[Recorded<Event>]) -> Option<Found<OrderView>> {
    folded::<Orders>(&id.to_string(), None, events)?.show(OrderRow::view)
}

/// Newest first.
pub async fn list(
    db: &Database,
    shop: &Shop,
    filter: &OrderFilter,
    request: PageRequest,
) -> Result<Listed<OrderView>, ReadError> {
    let PageRequest { limit, after } = request;
    let select = Select { shop, filters: filters(filter), order: Order::Descending("placed_at"), after, limit };
    page::<Orders, _>(db, select, OrderRow::view).await
}

/// Every visible order of a customer.
pub(super) async fn of_customer(
    db: &Database,
    shop: &Shop,
    customer: CustomerId,
) -> Result<Vec<Found<OrderView>>, ReadError> {
    let filters = filters(&OrderFilter { customer_id: Some(customer), ..OrderFilter::default() });
    let select = Select { shop, filters, order: Order::Id, after: None, limit: u32::MAX };
    let rows = every::<Orders>(db, select).await?;
    Ok(rows.into_iter().filter_map(|found| found.show(OrderRow::view)).collect())
}

fn filters(filter: &OrderFilter) -> Vec<Filter> {
    let mut filters = vec![Filter::Equals("visible", true.into())];
    filters.extend(filter.financial_status.map(|status| Filter::Equals("financial_status", word(status))));
    filters.extend(filter.fulfillment_status.map(|status| Filter::Equals("fulfillment_status", word(status))));
    filters.extend(filter.customer_id.map(|id| Filter::Equals("customer_id", id_column(id.get()))));
    filters.extend(filter.placed_from.map(|from| Filter::AtLeast("placed_at", from.as_microsecond())));
    filters.extend(filter.placed_to.map(|to| Filter::Below("placed_at", to.as_microsecond())));
    filters
}
