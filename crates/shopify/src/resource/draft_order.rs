use events::{
    Currency, CustomerId, DraftLine, DraftOrder, DraftPersonal, LineId, Money, OrderId, ProductId, Timestamp, VariantId,
};
use serde::Deserialize;

use super::Snapshot;
use crate::address::AddressBody;
use crate::wire::{Amount, Maybe, Object, Reference, Tags, Text, nonempty, optional, personal};
use crate::{Reading, Topic, Unreadable};

#[derive(Deserialize)]
struct DraftBody<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    status: Text<'a>,
    currency: Currency,
    order_id: Option<Reference<OrderId>>,
    #[serde(default)]
    customer: Maybe<CustomerOfDraft>,
    #[serde(rename = "b2b?")]
    b2b: Option<bool>,
    tax_exempt: Option<bool>,
    taxes_included: Option<bool>,
    tags: Option<Tags>,
    line_items: Vec<Object<DraftLineBody<'a>>>,
    #[serde(default)]
    applied_discount: Maybe<DiscountBody>,
    #[serde(default)]
    shipping_line: Maybe<ShippingBody>,
    subtotal_price: Amount,
    total_tax: Amount,
    total_price: Amount,
    created_at: Option<Timestamp>,
    invoice_sent_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    email: Option<Text<'a>>,
    note: Option<Text<'a>>,
    #[serde(default)]
    billing_address: Maybe<AddressBody<'a>>,
    #[serde(default)]
    shipping_address: Maybe<AddressBody<'a>>,
}

#[derive(Deserialize)]
struct CustomerOfDraft {
    id: Option<Reference<CustomerId>>,
}

#[derive(Deserialize)]
struct DraftLineBody<'a> {
    id: Option<Reference<LineId>>,
    product_id: Option<Reference<ProductId>>,
    variant_id: Option<Reference<VariantId>>,
    #[serde(borrow)]
    sku: Option<Text<'a>>,
    title: Option<Text<'a>>,
    quantity: u32,
    price: Amount,
    gift_card: Option<bool>,
}

#[derive(Deserialize)]
struct DiscountBody {
    amount: Option<Amount>,
}

#[derive(Deserialize)]
struct ShippingBody {
    price: Option<Amount>,
}

impl Snapshot for DraftOrder {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: DraftBody<'_> = reading.decode()?;
        let currency = body.currency;
        let money = |Amount(amount)| Money::new(amount, currency);
        Ok(Self {
            name: nonempty(body.name),
            status: body.status.as_str().to_owned(),
            currency,
            order_id: optional(body.order_id),
            customer_id: body.customer.0.and_then(|customer| optional(customer.id)),
            b2b: body.b2b.unwrap_or(false),
            tax_exempt: body.tax_exempt.unwrap_or(false),
            taxes_included: body.taxes_included.unwrap_or(false),
            tags: body.tags.map_or_else(Vec::new, |Tags(tags)| tags),
            lines: body.line_items.into_iter().map(|Object(line)| line.line(currency)).collect(),
            discount: body.applied_discount.0.and_then(|discount| discount.amount).map(money),
            shipping: body.shipping_line.0.and_then(|shipping| shipping.price).map(money),
            subtotal: money(body.subtotal_price),
            tax: money(body.total_tax),
            total: money(body.total_price),
            created_at: body.created_at,
            invoice_sent_at: body.invoice_sent_at,
            completed_at: body.completed_at,
            personal: DraftPersonal {
                email: personal(body.email),
                note: personal(body.note),
                billing: body.billing_address.boxed(),
                shipping: body.shipping_address.boxed(),
            },
        })
    }
}

impl DraftLineBody<'_> {
    fn line(self, currency: Currency) -> DraftLine {
        DraftLine {
            id: optional(self.id),
            product_id: optional(self.product_id),
            variant_id: optional(self.variant_id),
            sku: nonempty(self.sku),
            title: nonempty(self.title).unwrap_or_default(),
            quantity: self.quantity,
            price: Money::new(self.price.0, currency),
            gift_card: self.gift_card.unwrap_or(false),
        }
    }
}
