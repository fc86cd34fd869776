//! The topics that carry the whole order, and the one that says it is gone.

use aggregates::{Cancellation, Command, OrderCommand, OrderSnapshot};
use events::{
    AsOf, Currency, CustomerId, FinancialStatus, FulfillmentStatus, MoneySet, OrderAddresses, OrderContact,
    OrderExtras, OrderId, Timestamp, Totals,
};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::address::AddressBody;
use crate::fulfillment::FulfillmentBody;
use crate::line::LineBody;
use crate::refund::RefundBody;
use crate::wire::{
    Amount, Field, Id, List, Maybe, Object, PriceSet, Reference, Tags, Text, nonempty, optional, personal, price, total,
};
use crate::{Reading, Unreadable};

/// All full-order topics mean the same: this is the order at that time. What happened is found by comparing.
pub(crate) fn snapshot(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: OrderBody<'_> = delivery.decode()?;
    let Id(id) = body.id;
    let as_of = delivery.as_of(body.updated_at);
    Ok(vec![Command::Order(id, OrderCommand::Snapshot(Box::new(body.snapshot(as_of)?)))])
}

pub(crate) fn deleted(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let id: OrderId = delivery.deleted_id("Order")?;
    Ok(vec![Command::Order(id, OrderCommand::Delete { at: delivery.triggered_at() })])
}

#[derive(Deserialize)]
struct OrderBody<'a> {
    id: Id<OrderId>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    order_number: Option<Reference<u64>>,
    created_at: Timestamp,
    updated_at: Timestamp,
    processed_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    cancelled_at: Option<Timestamp>,
    cancel_reason: Option<Text<'a>>,
    test: Option<bool>,
    currency: Currency,
    source_name: Option<Text<'a>>,
    checkout_token: Option<Text<'a>>,
    customer_locale: Option<Text<'a>>,
    taxes_included: Option<bool>,
    email: Option<Text<'a>>,
    contact_email: Option<Text<'a>>,
    phone: Option<Text<'a>>,
    #[serde(default)]
    customer: Maybe<CustomerOfOrder>,
    #[serde(default)]
    billing_address: Maybe<AddressBody<'a>>,
    #[serde(default)]
    shipping_address: Maybe<AddressBody<'a>>,
    tags: Option<Tags>,
    note: Option<Text<'a>>,
    line_items: Vec<Object<LineBody<'a>>>,
    /// Never left out by Shopify: a body without it is a trimmed one, and shows no whole order.
    #[serde(default)]
    financial_status: Field<Text<'a>>,
    fulfillment_status: Option<Text<'a>>,
    #[serde(default)]
    refunds: List<RefundBody<'a>>,
    #[serde(default)]
    fulfillments: List<FulfillmentBody<'a>>,
    total_price: Option<Amount>,
    total_price_set: Option<Object<PriceSet>>,
    current_total_price: Option<Amount>,
    current_total_price_set: Option<Object<PriceSet>>,
    subtotal_price: Option<Amount>,
    subtotal_price_set: Option<Object<PriceSet>>,
    #[serde(default)]
    total_tax: Field<Amount>,
    total_tax_set: Option<Object<PriceSet>>,
    total_discounts: Option<Amount>,
    total_discounts_set: Option<Object<PriceSet>>,
    total_shipping_price_set: Option<Object<PriceSet>>,
    shipping_lines: Option<List<ShippingBody>>,
}

#[derive(Deserialize)]
struct CustomerOfOrder {
    id: Option<Reference<CustomerId>>,
}

/// What the customer pays for bringing it.
#[derive(Deserialize)]
struct ShippingBody {
    price: Option<Amount>,
    price_set: Option<Object<PriceSet>>,
}

impl OrderBody<'_> {
    fn snapshot(self, as_of: AsOf) -> Result<OrderSnapshot, Unreadable> {
        let currency = self.currency;
        let (mut lines, mut extras) = (Vec::with_capacity(self.line_items.len()), OrderExtras::default());
        for Object(mut line) in self.line_items {
            line.extras(&mut extras, self.taxes_included.unwrap_or(false), currency)?;
            lines.push(line.line(currency)?);
        }
        let refunds = self.refunds.0.into_iter().map(|Object(refund)| refund.refund(Some(currency)));
        let fulfillments = self.fulfillments.0.into_iter().map(|Object(fulfillment)| fulfillment.fulfillment());
        let reason = nonempty(self.cancel_reason);
        let total = price("total_price", self.total_price_set, self.total_price, currency)?;
        let current = (self.current_total_price_set, self.current_total_price);
        // Versions from before orders could be edited say one total; what was given back, their refunds say.
        let current_total = match current {
            (None, None) => total,
            (set, plain) => price("current_total_price", set, plain, currency)?,
        };
        Ok(OrderSnapshot {
            as_of,
            placed_at: self.processed_at.unwrap_or(self.created_at),
            name: name(self.name, self.order_number)?,
            test: self.test.unwrap_or(false),
            currency,
            source_name: nonempty(self.source_name),
            checkout_token: nonempty(self.checkout_token),
            locale: nonempty(self.customer_locale),
            contact: OrderContact {
                customer_id: self.customer.0.and_then(|customer| optional(customer.id)),
                email: personal(self.email).or(personal(self.contact_email)),
                phone: personal(self.phone),
            },
            addresses: OrderAddresses {
                billing: self.billing_address.boxed(),
                shipping: self.shipping_address.boxed(),
            },
            tags: self.tags.map_or_else(Vec::new, |Tags(tags)| tags),
            note: personal(self.note),
            lines,
            extras,
            totals: Totals {
                total,
                current_total,
                subtotal: price("subtotal_price", self.subtotal_price_set, self.subtotal_price, currency)?,
                tax: price("total_tax", self.total_tax_set, amount_of_tax(self.total_tax), currency)?,
                discounts: price("total_discounts", self.total_discounts_set, self.total_discounts, currency)?,
                shipping: shipping(self.total_shipping_price_set, self.shipping_lines, currency)?,
            },
            financial_status: financial_status(&self.financial_status)?,
            fulfillment_status: fulfillment_status(self.fulfillment_status.as_ref().map(Text::as_str)),
            cancelled: self.cancelled_at.map(|at| Cancellation { at, reason }),
            closed_at: self.closed_at,
            refunds: refunds.collect::<Result<_, _>>()?,
            fulfillments: fulfillments.collect(),
        })
    }
}

fn name(name: Option<Text<'_>>, number: Option<Reference<u64>>) -> Result<String, Unreadable> {
    nonempty(name).or(optional(number).map(|number| format!("#{number}"))).ok_or_else(|| Unreadable::missing("name"))
}

/// Null is how an untaxed order of an old version says zero.
fn amount_of_tax(tax: Field<Amount>) -> Option<Amount> {
    match tax {
        Field::Value(amount) => Some(amount),
        Field::Null => Some(Amount(Decimal::ZERO)),
        Field::Missing => None,
    }
}

/// Old versions give no total, only the lines.
fn shipping(
    set: Option<Object<PriceSet>>,
    lines: Option<List<ShippingBody>>,
    currency: Currency,
) -> Result<MoneySet, Unreadable> {
    if set.is_some() {
        return price("total_shipping_price_set", set, None, currency);
    }
    let List(lines) = lines.ok_or_else(|| Unreadable::missing("total_shipping_price_set"))?;
    let prices = lines.into_iter().map(|Object(line)| price("price", line.price_set, line.price, currency));
    total("shipping_lines", prices, currency)
}

/// A status that we do not know counts as nothing paid.
fn financial_status(status: &Field<Text<'_>>) -> Result<FinancialStatus, Unreadable> {
    let status = match status {
        Field::Value(status) => status.as_str(),
        Field::Null => "pending",
        Field::Missing => return Err(Unreadable::missing("financial_status")),
    };
    Ok(match status {
        "authorized" => FinancialStatus::Authorized,
        "partially_paid" => FinancialStatus::PartiallyPaid,
        "paid" => FinancialStatus::Paid,
        "partially_refunded" => FinancialStatus::PartiallyRefunded,
        "refunded" => FinancialStatus::Refunded,
        "voided" => FinancialStatus::Voided,
        "expired" => FinancialStatus::Expired,
        _ => FinancialStatus::Pending,
    })
}

/// A status that we do not know counts as nothing sent; what was sent comes with the fulfilments.
fn fulfillment_status(status: Option<&str>) -> FulfillmentStatus {
    match status {
        Some("partial") => FulfillmentStatus::Partial,
        Some("fulfilled") => FulfillmentStatus::Fulfilled,
        Some("restocked") => FulfillmentStatus::Restocked,
        _ => FulfillmentStatus::Unfulfilled,
    }
}
