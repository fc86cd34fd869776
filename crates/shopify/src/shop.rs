use aggregates::{Command, ShopCommand};
use events::Shop;
use serde::Deserialize;

use crate::wire::{Field, Text};
use crate::{Reading, Unreadable};

/// `app/uninstalled`: the shop's own record, as it was. It may come more than once, and after a new installation.
pub(crate) fn uninstalled(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: ShopBody<'_> = delivery.decode()?;
    match body.myshopify_domain {
        Field::Value(domain) if Shop::from_domain(domain.as_str()).as_ref() == Ok(delivery.shop) => {}
        Field::Value(_) => return Err(Unreadable::ForeignShop),
        Field::Null => {}
        Field::Missing => return Err(Unreadable::missing("myshopify_domain")),
    }
    Ok(vec![Command::Shop(ShopCommand::Uninstall { at: delivery.triggered_at() })])
}

#[derive(Deserialize)]
struct ShopBody<'a> {
    /// Null in Shopify's sample, but always there: this is how the body shows that it is a shop's.
    #[serde(borrow, default)]
    myshopify_domain: Field<Text<'a>>,
}
