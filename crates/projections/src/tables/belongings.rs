//! `belongings`: what beside orders holds words of a customer, one row for each customer that it ever named: checkouts
//! that nothing came of, drafts, means of payment.

use db::{Column, Database, Select, Value};
use events::{
    AggregateKey, AggregateKind, CheckoutEvent, CheckoutStarted, CheckoutUpdated, CustomerId, Event, Recorded,
    ResourceEvent, Shop,
};
use serde::{Deserialize, Serialize};

use super::id_column;
use crate::read::every;
use crate::{Projection, ReadError};

pub struct Belongings;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BelongingRow {
    pub customer_id: CustomerId,
    pub kind: String,
    pub id: String,
}

impl Projection for Belongings {
    const NAME: &'static str = "belongings";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[Column::integer("customer_id")];
    const INDEXES: &'static [&'static [&'static str]] = &[&["customer_id"]];
    const KINDS: &'static [AggregateKind] = &[
        AggregateKind::Checkout,
        AggregateKind::CompanyContact,
        AggregateKind::CustomerPaymentMethod,
        AggregateKind::DraftOrder,
        AggregateKind::SubscriptionContract,
    ];

    type Row = BelongingRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        let AggregateKey { kind, id, .. } = &event.envelope.key;
        named(&event.event).into_iter().map(|customer| format!("{customer}/{kind}/{id}")).collect()
    }

    fn project(_: &str, row: Option<BelongingRow>, event: &Recorded<Event>) -> Option<BelongingRow> {
        let Some(customer_id) = named(&event.event) else { return row };
        let AggregateKey { kind, id, .. } = &event.envelope.key;
        Some(BelongingRow { customer_id, kind: kind.to_string(), id: id.clone() })
    }

    fn columns(row: &BelongingRow) -> Vec<Value> {
        vec![id_column(row.customer_id.get())]
    }
}

fn named(event: &Event) -> Option<CustomerId> {
    match event {
        Event::Checkout(
            CheckoutEvent::Started(CheckoutStarted { content, .. })
            | CheckoutEvent::Updated(CheckoutUpdated { content, .. }),
        ) => content.customer_id,
        Event::CompanyContact(ResourceEvent::Observed(told)) => told.snapshot.customer_id,
        Event::CustomerPaymentMethod(ResourceEvent::Observed(told)) => Some(told.snapshot.customer_id),
        Event::DraftOrder(ResourceEvent::Observed(told)) => told.snapshot.customer_id,
        Event::SubscriptionContract(ResourceEvent::Observed(told)) => told.snapshot.customer_id,
        _ => None,
    }
}

/// All that ever named a customer, orders aside.
pub async fn of_customer(db: &Database, shop: &Shop, id: CustomerId) -> Result<Vec<AggregateKey>, ReadError> {
    let rows = every::<Belongings>(db, Select::all_with(shop, "customer_id", id_column(id.get()))).await?;
    let key = |row: BelongingRow| Some(AggregateKey { kind: row.kind.parse().ok()?, shop: shop.clone(), id: row.id });
    Ok(rows.into_iter().filter_map(|row| key(row.view)).collect())
}
