//! `customer_contacts`: one row per customer, how they are reached and what they have agreed to.
//!
//! A local copy for services, not shown by the API.

use db::{Column, Database, Select, Value};
use events::{
    AggregateKind, ConsentChannel, CustomerConsentChanged, CustomerEvent, CustomerId, CustomerProfile, Event, Recorded,
    Sealed, Shop,
};
use serde::{Deserialize, Serialize};

use crate::read::{every, one};
use crate::{Found, Projection, ReadError};

/// A customer with the tag `back-in-stock:<SKU>` waits for that SKU.
const WAITS_FOR: &str = "back-in-stock:";

pub struct CustomerContacts;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CustomerContactRow {
    /// None when the customer's id is not one of Shopify's.
    pub customer_id: Option<CustomerId>,
    pub email: Option<Sealed>,
    pub phone: Option<Sealed>,
    pub first_name: Option<Sealed>,
    /// Of the default address: ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// SKUs, in lower case.
    pub waits_for: Vec<String>,
    /// Has agreed to marketing by e-mail.
    pub email_consent: bool,
    /// Has agreed to marketing by SMS.
    pub sms_consent: bool,
    /// Deleted, merged into another, or wants to be forgotten.
    pub gone: bool,
    /// Wants to be forgotten: what is told later is not kept either.
    pub redacted: bool,
}

impl Projection for CustomerContacts {
    const NAME: &'static str = "customer_contacts";
    const VERSION: u32 = 3;
    const COLUMNS: &'static [Column] = &[Column::integer("waits")];
    const INDEXES: &'static [&'static [&'static str]] = &[&["waits"]];
    const KINDS: &'static [AggregateKind] = &[AggregateKind::Customer];

    type Row = CustomerContactRow;

    fn keys(event: &Recorded<Event>) -> Vec<String> {
        match &event.event {
            Event::Customer(_) => vec![event.envelope.key.id.clone()],
            _ => Vec::new(),
        }
    }

    fn project(id: &str, row: Option<CustomerContactRow>, event: &Recorded<Event>) -> Option<CustomerContactRow> {
        let Event::Customer(event) = &event.event else { return row };
        let mut row = row.unwrap_or_default();
        row.customer_id = id.parse().ok();
        match event {
            CustomerEvent::Registered(event) => row.reach(&event.profile),
            CustomerEvent::ProfileChanged(event) => row.reach(&event.profile),
            CustomerEvent::AddressChanged(event) => {
                row.country = event.default_address.as_ref().and_then(|address| address.country_code.clone());
            }
            CustomerEvent::Tagged(event) => row.waits_for = waits(&event.tags),
            CustomerEvent::ConsentChanged(event) => row.consent(event),
            CustomerEvent::Deleted(_) | CustomerEvent::Merged(_) => row.gone = true,
            CustomerEvent::RedactionRequested(_) | CustomerEvent::Redacted(_) => row.redacted = true,
            CustomerEvent::SegmentJoined(_)
            | CustomerEvent::SegmentLeft(_)
            | CustomerEvent::PurchasesSummarized(_)
            | CustomerEvent::DataRequested(_)
            | CustomerEvent::Enabled(_)
            | CustomerEvent::Disabled(_)
            | CustomerEvent::Touched(_) => {}
        }
        if row.redacted {
            row.forget();
        }
        Some(row)
    }

    fn columns(row: &CustomerContactRow) -> Vec<Value> {
        vec![Value::from(!row.gone && !row.waits_for.is_empty())]
    }
}

impl CustomerContactRow {
    fn reach(&mut self, profile: &CustomerProfile) {
        self.email.clone_from(&profile.email);
        self.phone.clone_from(&profile.phone);
        self.first_name.clone_from(&profile.first_name);
    }

    fn forget(&mut self) {
        (self.gone, self.email, self.phone, self.first_name, self.country) = (true, None, None, None, None);
    }

    fn consent(&mut self, CustomerConsentChanged { channel, consent, .. }: &CustomerConsentChanged) {
        let given = consent.state == "subscribed";
        match channel {
            ConsentChannel::Email => self.email_consent = given,
            ConsentChannel::Sms => self.sms_consent = given,
            // No message goes out on it.
            ConsentChannel::WhatsApp => {}
        }
    }
}

fn waits(tags: &[String]) -> Vec<String> {
    let lower = tags.iter().map(|tag| tag.trim().to_lowercase());
    lower.filter_map(|tag| tag.strip_prefix(WAITS_FOR).map(|sku| sku.trim().to_owned())).collect()
}

pub async fn get(db: &Database, shop: &Shop, id: CustomerId) -> Result<Option<Found<CustomerContactRow>>, ReadError> {
    one::<CustomerContacts>(db, shop, id).await
}

/// The customers who wait for this SKU.
pub async fn waiting_for(db: &Database, shop: &Shop, sku: &str) -> Result<Vec<CustomerId>, ReadError> {
    let sku = sku.to_lowercase();
    let rows = every::<CustomerContacts>(db, Select::all_with(shop, "waits", true)).await?;
    let waiting = rows.into_iter().map(|row| row.view).filter(|row| row.waits_for.contains(&sku));
    Ok(waiting.filter_map(|row| row.customer_id).collect())
}
