//! `order_contacts`: one row per order, how whoever placed it is reached.
//!
//! A local copy for services, not shown by the API.

use db::{Column, Database, Value};
use events::{
    AggregateKind, CustomerId, Event, OrderAddresses, OrderContact, OrderEvent, OrderId, OrderPlaced, Recorded, Shop,
};
use serde::{Deserialize, Serialize};

use crate::read::one;
use crate::{Found, Projection, ReadError};

pub struct OrderContacts;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OrderContactRow {
    /// None for a guest.
    pub customer_id: Option<CustomerId>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub first_name: Option<String>,
    /// Of the shipping address, else the billing one: ISO 3166-1 alpha-2.
    pub country: Option<String>,
    pub deleted: bool,
}

impl Projection for OrderContacts {
    const NAME: &'static str = "order_contacts";
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[];
    const INDEXES: &'static [&'static [&'static str]] = &[];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Order];

    type Row = OrderContactRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Order(
                OrderEvent::Placed(_)
                | OrderEvent::ContactChanged(_)
                | OrderEvent::AddressChanged(_)
                | OrderEvent::Deleted(_),
            ) => vec![event.envelope.key.id.clone()],
            _ => Vec::new(),
        }
    }

    fn project(_: &str, row: Option<OrderContactRow>, event: &Recorded<Event>) -> Option<OrderContactRow> {
        let Event::Order(event) = &event.event else { return row };
        let mut row = row.unwrap_or_default();
        match event {
            OrderEvent::Placed(OrderPlaced { contact, addresses, .. }) => {
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

    fn columns(_: &OrderContactRow) -> Vec<Value> {
        Vec::new()
    }
}

impl OrderContactRow {
    fn reach(&mut self, contact: &OrderContact) {
        self.customer_id = contact.customer_id;
        self.email.clone_from(&contact.email);
        self.phone.clone_from(&contact.phone);
    }

    fn live(&mut self, addresses: &OrderAddresses) {
        let both = || addresses.shipping.iter().chain(&addresses.billing);
        self.first_name = both().find_map(|address| address.first_name.clone());
        self.country = both().find_map(|address| address.country_code.clone());
    }
}

pub async fn get(db: &Database, shop: &Shop, id: OrderId) -> Result<Option<Found<OrderContactRow>>, ReadError> {
    one::<OrderContacts>(db, shop, id).await
}
