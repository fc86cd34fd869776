//! Shopify's three topics of compliance. Whose mail and phone it is stays in the inbox.

use aggregates::{Command, CustomerCommand, ShopCommand};
use events::{CustomerId, DataRequestId, OrderId, Shop};
use serde::Deserialize;

use crate::wire::{Id, Object, Text};
use crate::{Reading, Unreadable};

/// `customers/data_request`.
pub(crate) fn data_requested(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: DataRequestBody<'_> = delivery.decode()?;
    same_shop(&body.shop_domain, delivery)?;
    let (Object(CustomerBody { id: Id(customer) }), Object(RequestBody { id: Id(request_id) })) =
        (body.customer, body.data_request);
    let (at, as_of) = (delivery.asked_at(), delivery.as_of(delivery.triggered_at()));
    let request = CustomerCommand::RequestData { at, as_of, request_id, orders: ids(body.orders_requested) };
    Ok(vec![Command::Customer(customer, request)])
}

/// `customers/redact`.
pub(crate) fn customer_redaction(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: RedactBody<'_> = delivery.decode()?;
    same_shop(&body.shop_domain, delivery)?;
    let Object(CustomerBody { id: Id(customer) }) = body.customer;
    let (at, orders) = (delivery.asked_at(), ids(body.orders_to_redact));
    Ok(vec![Command::Customer(customer, CustomerCommand::RequestRedaction { at, orders, reason: None })])
}

/// `shop/redact`: 48 hours after the app was removed.
pub(crate) fn shop_redaction(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: ShopRedactBody<'_> = delivery.decode()?;
    same_shop(&body.shop_domain, delivery)?;
    if body.customer.is_some() {
        return Err(Unreadable::Shape("of a customer, not of the shop".to_owned()));
    }
    let (at, asked_at) = (delivery.triggered_at(), delivery.asked_at());
    Ok(vec![Command::Shop(ShopCommand::RequestRedaction { at, asked_at })])
}

fn same_shop(domain: &Text<'_>, delivery: &Reading<'_>) -> Result<(), Unreadable> {
    let same = Shop::from_domain(domain.as_str()).as_ref() == Ok(delivery.shop);
    if same { Ok(()) } else { Err(Unreadable::ForeignShop) }
}

fn ids(ids: Option<Vec<Id<OrderId>>>) -> Vec<OrderId> {
    ids.unwrap_or_default().into_iter().map(|Id(id)| id).collect()
}

#[derive(Deserialize)]
struct DataRequestBody<'a> {
    #[serde(borrow)]
    shop_domain: Text<'a>,
    customer: Object<CustomerBody>,
    orders_requested: Option<Vec<Id<OrderId>>>,
    data_request: Object<RequestBody>,
}

#[derive(Deserialize)]
struct RedactBody<'a> {
    #[serde(borrow)]
    shop_domain: Text<'a>,
    customer: Object<CustomerBody>,
    orders_to_redact: Option<Vec<Id<OrderId>>>,
}

#[derive(Deserialize)]
struct ShopRedactBody<'a> {
    #[serde(borrow)]
    shop_domain: Text<'a>,
    customer: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct CustomerBody {
    id: Id<CustomerId>,
}

#[derive(Deserialize)]
struct RequestBody {
    id: Id<DataRequestId>,
}
