use aggregates::{Command, CustomerCommand, CustomerSnapshot};
use events::{Consent, ConsentChannel, CustomerId, CustomerProfile, Timestamp};
use serde::Deserialize;

use crate::address::AddressBody;
use crate::consent::ConsentBody;
use crate::wire::{Id, Maybe, Object, Tags, Text, personal};
use crate::{Reading, Unreadable};

/// `customers/create` and `customers/update`.
pub(crate) fn snapshot(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: CustomerBody<'_> = delivery.decode()?;
    let Id(id) = body.id;
    let snapshot = CustomerSnapshot {
        as_of: delivery.as_of(body.updated_at),
        created_at: body.created_at.unwrap_or(body.updated_at),
        profile: CustomerProfile {
            first_name: personal(body.first_name),
            last_name: personal(body.last_name),
            email: personal(body.email),
            phone: personal(body.phone),
            verified_email: body.verified_email.unwrap_or(false),
            tax_exempt: body.tax_exempt.unwrap_or(false),
            note: personal(body.note),
        },
        default_address: body.default_address.0.map(Into::into),
        tags: body.tags.map(|Tags(tags)| tags),
        consents: consents(body.email_marketing_consent, body.sms_marketing_consent),
        enabled: body.state.as_str() == "enabled",
    };
    Ok(vec![Command::Customer(id, CustomerCommand::Snapshot(Box::new(snapshot)))])
}

/// Only bodies of before 2025-01 say them.
fn consents(
    email: Option<Object<ConsentBody<'_>>>,
    sms: Option<Object<ConsentBody<'_>>>,
) -> Vec<(ConsentChannel, Consent)> {
    let said = [(ConsentChannel::Email, email), (ConsentChannel::Sms, sms)].into_iter();
    said.filter_map(|(channel, said)| said.map(|Object(body)| (channel, body.consent()))).collect()
}

pub(crate) fn deleted(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let id: CustomerId = delivery.deleted_id("Customer")?;
    Ok(vec![Command::Customer(id, CustomerCommand::Delete { at: delivery.triggered_at() })])
}

#[derive(Deserialize)]
struct CustomerBody<'a> {
    id: Id<CustomerId>,
    created_at: Option<Timestamp>,
    updated_at: Timestamp,
    #[serde(borrow)]
    first_name: Option<Text<'a>>,
    last_name: Option<Text<'a>>,
    email: Option<Text<'a>>,
    phone: Option<Text<'a>>,
    /// Every customer has one, and no body of another topic does.
    state: Text<'a>,
    verified_email: Option<bool>,
    tax_exempt: Option<bool>,
    note: Option<Text<'a>>,
    tags: Option<Tags>,
    email_marketing_consent: Option<Object<ConsentBody<'a>>>,
    sms_marketing_consent: Option<Object<ConsentBody<'a>>>,
    #[serde(default)]
    default_address: Maybe<AddressBody<'a>>,
}
