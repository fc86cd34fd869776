use std::time::Duration;

use db::Database;
use events::{CheckoutContent, CustomerId, InventoryItemId, OrderId, Recipient, Sealed, Shop};
use privacy::Vault;
use projections::order_contacts::OrderContactRow;
use projections::orders::{self, OrderView};
use projections::{ReadError, checkout_contacts, customer_contacts, order_contacts, products, variants, wait_for};
use streams::Failure;

use super::context::ItemPart;

/// How recipients are reached and what they have agreed to, by the service's own copies.
pub(super) struct Recipients {
    copies: Database,
    vault: Vault,
}

/// What is known of a recipient at this moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Contact {
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) customer_id: Option<CustomerId>,
    pub(super) first_name: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub(super) country: Option<String>,
    /// Has agreed to marketing by e-mail.
    pub(super) email_consent: bool,
    /// Has agreed to marketing by SMS.
    pub(super) sms_consent: bool,
    /// Deleted.
    pub(super) gone: bool,
    /// In which they ordered last, or began a checkout.
    pub(super) locale: Option<String>,
    /// What they are to be told is no longer so.
    pub(super) superseded: bool,
}

impl Recipients {
    pub(super) fn new(copies: Database, vault: Vault) -> Self {
        Self { copies, vault }
    }

    /// Waits until the copies hold what the log says up to there.
    pub(super) async fn reach(&self, names: &[&str], position: u64, patience: Duration) -> Result<(), Failure> {
        let reached = wait_for(&self.copies, names, position, patience).await;
        reached.map(drop).map_err(Failure::unavailable)
    }

    /// None for a reference that nothing is known of.
    pub(super) async fn contact(&self, shop: &Shop, recipient: &Recipient) -> Result<Option<Contact>, Failure> {
        match recipient {
            Recipient::Order { order_id } => self.of_order(shop, *order_id).await,
            Recipient::Customer { customer_id } => self.of_customer(shop, *customer_id).await,
            Recipient::Checkout { token } => self.of_checkout(shop, token).await,
            Recipient::Operations => Ok(None),
        }
    }

    /// None as long as nothing is known of an order but what happened to it.
    pub(super) async fn order_contact(&self, shop: &Shop, id: OrderId) -> Result<Option<OrderContactRow>, Failure> {
        let found = order_contacts::get(&self.copies, shop, id).await.map_err(unreadable)?;
        Ok(found.map(|found| found.view))
    }

    /// The customers who wait for any variant that the item stocks.
    pub(super) async fn waiting_for(&self, shop: &Shop, item: InventoryItemId) -> Result<Vec<CustomerId>, Failure> {
        let variants = variants::of_inventory_item(&self.copies, shop, item).await.map_err(unreadable)?;
        let mut waiting = Vec::new();
        for sku in variants.into_iter().filter_map(|found| found.view.variant.sku) {
            waiting.extend(customer_contacts::waiting_for(&self.copies, shop, &sku).await.map_err(unreadable)?);
        }
        waiting.sort_unstable();
        waiting.dedup();
        Ok(waiting)
    }

    /// None before its first snapshot.
    pub(super) async fn checkout(&self, shop: &Shop, token: &str) -> Result<Option<CheckoutContent>, Failure> {
        let found = checkout_contacts::get(&self.copies, shop, token).await.map_err(unreadable)?;
        Ok(found.and_then(|found| found.view.content))
    }

    /// None before its first snapshot, and once it is deleted.
    pub(super) async fn order(&self, shop: &Shop, id: OrderId) -> Result<Option<OrderView>, Failure> {
        let found = orders::get(&self.copies, shop, id).await.map_err(unreadable)?;
        Ok(found.map(|found| found.view))
    }

    /// What an inventory item is called.
    pub(super) async fn item(&self, shop: &Shop, id: InventoryItemId) -> Result<ItemPart, Failure> {
        let nameless = ItemPart { id: id.to_string(), sku: None, title: None, short: None, order_id: None };
        let found = variants::of_inventory_item(&self.copies, shop, id).await.map_err(unreadable)?;
        let Some(row) = found.into_iter().next().map(|found| found.view) else { return Ok(nameless) };
        let product = match row.product_id {
            Some(product) => products::get(&self.copies, shop, product).await.map_err(unreadable)?,
            None => None,
        };
        let title = product.map(|found| found.view.product.title);
        // A product without options has one variant of this title.
        let variant = Some(row.variant.title).filter(|title| title != "Default Title" && !title.is_empty());
        let title = match (title, variant) {
            (Some(title), Some(variant)) => Some(format!("{title}, {variant}")),
            (title, variant) => title.or(variant),
        };
        Ok(ItemPart { sku: row.variant.sku, title, ..nameless })
    }

    /// The order's own address wins: it is the one that was given for it.
    async fn of_order(&self, shop: &Shop, id: OrderId) -> Result<Option<Contact>, Failure> {
        let Some(order) = self.order_contact(shop, id).await? else { return Ok(None) };
        let known = match order.customer_id {
            Some(customer) => self.of_customer(shop, customer).await?.unwrap_or_default(),
            None => Contact::default(),
        };
        Ok(Some(Contact {
            email: self.open(shop, order.email.as_ref()).await?.or(known.email),
            phone: self.open(shop, order.phone.as_ref()).await?.or(known.phone),
            customer_id: order.customer_id,
            first_name: self.open(shop, order.first_name.as_ref()).await?.or(known.first_name),
            country: order.country.or(known.country),
            gone: order.deleted || order.redacted || known.gone,
            locale: order.locale.or(known.locale),
            ..known
        }))
    }

    /// A customer's own word on marketing wins over the box they ticked in the checkout.
    async fn of_checkout(&self, shop: &Shop, token: &str) -> Result<Option<Contact>, Failure> {
        let found = checkout_contacts::get(&self.copies, shop, token).await.map_err(unreadable)?;
        let Some(row) = found.map(|found| found.view) else { return Ok(None) };
        let Some(content) = row.content else { return Ok(None) };
        let known = match content.customer_id {
            Some(customer) => self.of_customer(shop, customer).await?,
            None => None,
        };
        let ticked = Contact { email_consent: content.accepts_marketing, ..Contact::default() };
        let known = known.unwrap_or(ticked);
        Ok(Some(Contact {
            email: self.open(shop, content.email.as_ref()).await?.or(known.email),
            phone: self.open(shop, content.phone.as_ref()).await?.or(known.phone),
            customer_id: content.customer_id,
            locale: content.locale.or(known.locale),
            superseded: row.completed,
            ..known
        }))
    }

    async fn of_customer(&self, shop: &Shop, id: CustomerId) -> Result<Option<Contact>, Failure> {
        let found = customer_contacts::get(&self.copies, shop, id).await.map_err(unreadable)?;
        let locale = order_contacts::locale_of(&self.copies, shop, id).await.map_err(unreadable)?;
        let Some(row) = found.map(|found| found.view) else { return Ok(None) };
        Ok(Some(Contact {
            email: self.open(shop, row.email.as_ref()).await?,
            phone: self.open(shop, row.phone.as_ref()).await?,
            customer_id: Some(id),
            first_name: self.open(shop, row.first_name.as_ref()).await?,
            country: row.country,
            email_consent: row.email_consent,
            sms_consent: row.sms_consent,
            gone: row.gone,
            locale,
            ..Contact::default()
        }))
    }
}

impl Recipients {
    /// None for what is forgotten. A key that cannot be read is a fault of the house.
    pub(super) async fn open(&self, shop: &Shop, value: Option<&Sealed>) -> Result<Option<String>, Failure> {
        self.vault.read(shop, value).await.map_err(Failure::unavailable)
    }
}

/// The copies are this service's own: one that cannot be read is a fault of the house, not of the event.
fn unreadable(error: ReadError) -> Failure {
    Failure::unavailable(error)
}
