use aggregates::{Command, ShopCommand};
use events::{Currency, LocationId, Shop, ShopProfile, Timestamp};
use serde::Deserialize;

use crate::wire::{Field, Reference, Text, nonempty, optional};
use crate::{Reading, Unreadable};

/// `app/uninstalled`: the shop's own record, as it was. It may come more than once, and after a new installation.
pub(crate) fn uninstalled(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    ShopBody::read(delivery)?;
    Ok(vec![Command::Shop(ShopCommand::Uninstall { at: delivery.triggered_at() })])
}

/// `shop/update`. Its own time may be null, and an uninstallation has none: both are ordered by the time at
/// which they were triggered.
pub(crate) fn snapshot(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body = ShopBody::read(delivery)?;
    let at = delivery.triggered().or(body.updated_at).unwrap_or(Timestamp::UNIX_EPOCH);
    let profile = ShopProfile {
        name: body.name.as_str().to_owned(),
        domain: nonempty(body.domain),
        currency: body.currency,
        time_zone: nonempty(body.iana_timezone),
        locale: nonempty(body.primary_locale),
        country_code: nonempty(body.country_code),
        plan: nonempty(body.plan_name),
        primary_location_id: optional(body.primary_location_id),
    };
    Ok(vec![Command::Shop(ShopCommand::Snapshot { as_of: delivery.as_of(at), profile: Box::new(profile) })])
}

/// `app/scopes_update`. Ordered like the shop's other news, by when it was triggered.
pub(crate) fn scopes(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: ScopesBody<'_> = delivery.decode()?;
    let at = delivery.triggered().or(body.updated_at).unwrap_or(Timestamp::UNIX_EPOCH);
    let scopes = body.current.iter().map(|scope| scope.as_str().to_owned()).collect();
    Ok(vec![Command::Shop(ShopCommand::Grant { as_of: delivery.as_of(at), scopes })])
}

#[derive(Deserialize)]
struct ScopesBody<'a> {
    #[serde(borrow)]
    current: Vec<Text<'a>>,
    /// No other body has it: this is how it shows what it is.
    #[serde(rename = "previous")]
    _previous: Vec<Text<'a>>,
    updated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct ShopBody<'a> {
    /// Null in Shopify's sample, but always there: this is how the body shows that it is a shop's.
    #[serde(borrow, default)]
    myshopify_domain: Field<Text<'a>>,
    name: Text<'a>,
    domain: Option<Text<'a>>,
    currency: Option<Currency>,
    iana_timezone: Option<Text<'a>>,
    primary_locale: Option<Text<'a>>,
    country_code: Option<Text<'a>>,
    plan_name: Option<Text<'a>>,
    primary_location_id: Option<Reference<LocationId>>,
    updated_at: Option<Timestamp>,
}

impl<'a> ShopBody<'a> {
    fn read(delivery: &Reading<'a>) -> Result<Self, Unreadable> {
        let body: Self = delivery.decode()?;
        match &body.myshopify_domain {
            Field::Value(domain) if Shop::from_domain(domain.as_str()).as_ref() == Ok(delivery.shop) => Ok(body),
            Field::Value(_) => Err(Unreadable::ForeignShop),
            Field::Null => Ok(body),
            Field::Missing => Err(Unreadable::missing("myshopify_domain")),
        }
    }
}
