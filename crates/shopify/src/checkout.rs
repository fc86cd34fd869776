use aggregates::{CheckoutCommand, CheckoutSnapshot, Command};
use events::{CheckoutContent, CheckoutLine, Currency, CustomerId, Money, ProductId, Timestamp, VariantId};
use serde::Deserialize;

use crate::wire::{Amount, List, Maybe, Object, Reference, Text, nonempty, optional, personal};
use crate::{Reading, Unreadable};

/// More than any token of Shopify's has; a subject must hold it.
const MAX_TOKEN: usize = 128;

/// `checkouts/create` and `checkouts/update`.
pub(crate) fn snapshot(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: CheckoutBody<'_> = delivery.decode()?;
    let token = body.token.as_str().to_owned();
    if !(1..=MAX_TOKEN).contains(&token.len()) {
        return Err(Unreadable::out_of_range("token"));
    }
    let money = |Amount(amount): Amount| Money::new(amount, body.currency);
    let snapshot = CheckoutSnapshot {
        as_of: delivery.as_of(body.updated_at),
        created_at: body.created_at,
        completed_at: body.completed_at,
        content: CheckoutContent {
            cart_token: nonempty(body.cart_token),
            customer_id: body.customer.0.and_then(|customer| optional(customer.id)),
            email: personal(body.email),
            phone: personal(body.phone),
            locale: nonempty(body.customer_locale),
            accepts_marketing: body.buyer_accepts_marketing.unwrap_or(false),
            total: money(body.total_price),
            lines: body.line_items.0.into_iter().map(|Object(line)| line.line(body.currency)).collect(),
            recovery_url: personal(body.abandoned_checkout_url),
        },
    };
    Ok(vec![Command::Checkout(token, CheckoutCommand::Snapshot(Box::new(snapshot)))])
}

#[derive(Deserialize)]
struct CheckoutBody<'a> {
    #[serde(borrow)]
    token: Text<'a>,
    cart_token: Option<Text<'a>>,
    created_at: Timestamp,
    updated_at: Timestamp,
    completed_at: Option<Timestamp>,
    email: Option<Text<'a>>,
    phone: Option<Text<'a>>,
    customer_locale: Option<Text<'a>>,
    buyer_accepts_marketing: Option<bool>,
    currency: Currency,
    total_price: Amount,
    #[serde(default)]
    line_items: List<CheckoutLineBody<'a>>,
    abandoned_checkout_url: Option<Text<'a>>,
    #[serde(default)]
    customer: Maybe<CheckoutCustomer>,
}

#[derive(Deserialize)]
struct CheckoutCustomer {
    id: Option<Reference<CustomerId>>,
}

#[derive(Deserialize)]
struct CheckoutLineBody<'a> {
    product_id: Option<Reference<ProductId>>,
    variant_id: Option<Reference<VariantId>>,
    #[serde(borrow)]
    title: Option<Text<'a>>,
    quantity: u32,
    price: Amount,
}

impl CheckoutLineBody<'_> {
    fn line(self, currency: Currency) -> CheckoutLine {
        CheckoutLine {
            product_id: optional(self.product_id),
            variant_id: optional(self.variant_id),
            title: nonempty(self.title).unwrap_or_default(),
            quantity: self.quantity,
            price: Money::new(self.price.0, currency),
        }
    }
}
