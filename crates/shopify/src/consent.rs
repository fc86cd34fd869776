use aggregates::{Command, CustomerCommand};
use events::{Consent, ConsentChannel, CustomerId, Timestamp};
use serde::Deserialize;

use crate::wire::{Id, Object, Text, nonempty};
use crate::{Reading, Unreadable};

/// `customers_email_marketing_consent/update`.
pub(crate) fn email(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let EmailBody { customer_id: Id(id), email_marketing_consent: Object(consent) } = delivery.decode()?;
    Ok(vec![consent.command(id, ConsentChannel::Email, delivery)])
}

/// `customers_marketing_consent/update`: to text messages, although the topic does not say so.
pub(crate) fn sms(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let SmsBody { id: Id(id), sms_marketing_consent: Object(consent) } = delivery.decode()?;
    Ok(vec![consent.command(id, ConsentChannel::Sms, delivery)])
}

/// `customers_whats_app_marketing_consent/update`. Shopify documents no body; the other two topics' are alike.
pub(crate) fn whats_app(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let WhatsAppBody { customer_id, id, whats_app_marketing_consent: Object(consent) } = delivery.decode()?;
    let Id(id) = customer_id.or(id).ok_or_else(|| Unreadable::missing("customer_id"))?;
    Ok(vec![consent.command(id, ConsentChannel::WhatsApp, delivery)])
}

#[derive(Deserialize)]
struct WhatsAppBody<'a> {
    customer_id: Option<Id<CustomerId>>,
    id: Option<Id<CustomerId>>,
    #[serde(borrow, alias = "whatsapp_marketing_consent")]
    whats_app_marketing_consent: Object<ConsentBody<'a>>,
}

#[derive(Deserialize)]
struct EmailBody<'a> {
    customer_id: Id<CustomerId>,
    #[serde(borrow)]
    email_marketing_consent: Object<ConsentBody<'a>>,
}

#[derive(Deserialize)]
struct SmsBody<'a> {
    id: Id<CustomerId>,
    #[serde(borrow)]
    sms_marketing_consent: Object<ConsentBody<'a>>,
}

/// Also a part of a customer, before 2025-01.
#[derive(Deserialize)]
pub(crate) struct ConsentBody<'a> {
    #[serde(borrow)]
    state: Text<'a>,
    opt_in_level: Option<Text<'a>>,
    consent_updated_at: Option<Timestamp>,
}

impl ConsentBody<'_> {
    pub(crate) fn consent(self) -> Consent {
        Consent {
            state: self.state.as_str().to_owned(),
            opt_in_level: nonempty(self.opt_in_level),
            updated_at: self.consent_updated_at,
        }
    }

    /// When it was triggered says how new it is: the time inside may be set by the merchant, or be null.
    fn command(self, id: CustomerId, channel: ConsentChannel, delivery: &Reading<'_>) -> Command {
        let as_of = delivery.as_of(delivery.triggered_at());
        Command::Customer(id, CustomerCommand::Consent { as_of, channel, consent: self.consent() })
    }
}
