//! `order_contacts`: one row per order, how whoever placed it is reached.
//!
//! A local copy for services, not shown by the API.

use db::{Column, Database, Filter, Order, Select, Value};
use events::{
    AggregateKind, CustomerEvent, CustomerId, Event, OrderAddresses, OrderContact, OrderEvent, OrderId, OrderPlaced,
    Recorded, Sealed, Shop, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::id_column;
use crate::read::{every, one};
use crate::{Found, Projection, ReadError};

/// How many orders of a customer are asked for a language: those of a till or an app have none.
const LATEST: u32 = 20;

pub struct OrderContacts;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OrderContactRow {
    /// None for a guest.
    pub customer_id: Option<CustomerId>,
    pub email: Option<Sealed>,
    pub phone: Option<Sealed>,
    pub first_name: Option<Sealed>,
    /// Of the shipping address, else the billing one: ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// In which it was ordered.
    pub locale: Option<String>,
    /// None before its first snapshot.
    pub placed_at: Option<Timestamp>,
    pub deleted: bool,
    /// The customer wants to be forgotten: nothing of them is kept here.
    pub redacted: bool,
}

impl Projection for OrderContacts {
    const NAME: &'static str = "order_contacts";
    const VERSION: u32 = 2;
    const COLUMNS: &'static [Column] = &[Column::integer("customer_id"), Column::integer("placed_at")];
    const INDEXES: &'static [&'static [&'static str]] = &[&["customer_id", "placed_at"]];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Order, AggregateKind::Customer];

    type Row = OrderContactRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Order(
                OrderEvent::Placed(_)
                | OrderEvent::ContactChanged(_)
                | OrderEvent::AddressChanged(_)
                | OrderEvent::Deleted(_),
            ) => vec![event.envelope.key.id.clone()],
            Event::Customer(CustomerEvent::RedactionRequested(told)) => {
                told.orders.iter().map(ToString::to_string).collect()
            }
            _ => Vec::new(),
        }
    }

    fn project(_: &str, row: Option<OrderContactRow>, event: &Recorded<Event>) -> Option<OrderContactRow> {
        let mut row = row.unwrap_or_default();
        let Event::Order(event) = &event.event else {
            // Of the customers' events only one has keys here.
            row.forget();
            return Some(row);
        };
        match event {
            OrderEvent::Placed(OrderPlaced { at, locale, contact, addresses, .. }) => {
                row.placed_at = Some(*at);
                row.locale.clone_from(locale);
                row.reach(contact);
                row.live(addresses);
            }
            OrderEvent::ContactChanged(changed) => row.reach(&changed.contact),
            OrderEvent::AddressChanged(changed) => row.live(&changed.addresses),
            OrderEvent::Deleted(_) => row.deleted = true,
            _ => {}
        }
        Some(row)
    }

    fn columns(row: &OrderContactRow) -> Vec<Value> {
        let customer = row.customer_id.map_or(Value::Null, |id| id_column(id.get()));
        vec![customer, row.placed_at.map_or(Value::Null, |at| Value::Integer(at.as_second()))]
    }
}

impl OrderContactRow {
    fn reach(&mut self, contact: &OrderContact) {
        self.customer_id = contact.customer_id;
        if self.redacted {
            return;
        }
        self.email.clone_from(&contact.email);
        self.phone.clone_from(&contact.phone);
    }

    fn forget(&mut self) {
        (self.redacted, self.email, self.phone, self.first_name, self.country) = (true, None, None, None, None);
    }

    fn live(&mut self, addresses: &OrderAddresses) {
        if self.redacted {
            return;
        }
        let both = || addresses.shipping.iter().chain(&addresses.billing);
        self.first_name = both().find_map(|address| address.first_name.clone());
        self.country = both().find_map(|address| address.country_code.clone());
    }
}

pub async fn get(db: &Database, shop: &Shop, id: OrderId) -> Result<Option<Found<OrderContactRow>>, ReadError> {
    one::<OrderContacts>(db, shop, id).await
}

/// The language that the customer ordered in last.
pub async fn locale_of(db: &Database, shop: &Shop, id: CustomerId) -> Result<Option<String>, ReadError> {
    let filters = vec![Filter::Equals("customer_id", id_column(id.get()))];
    let select = Select { shop, filters, order: Order::Descending("placed_at"), after: None, limit: LATEST };
    let rows = every::<OrderContacts>(db, select).await?;
    Ok(rows.into_iter().find_map(|found| found.view.locale))
}
