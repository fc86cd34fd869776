use events::{Currency, Line, LineId, LineTax, OrderExtras, ProductId, VariantId};
use serde::{Deserialize, de};

use crate::Unreadable;
use crate::wire::{Amount, Field, Id, List, Object, PriceSet, Reference, Text, nonempty, optional, price, total};

/// A line of an order.
#[derive(Deserialize)]
pub(crate) struct LineBody<'a> {
    id: Id<LineId>,
    product_id: Option<Reference<ProductId>>,
    variant_id: Option<Reference<VariantId>>,
    #[serde(borrow)]
    sku: Option<Text<'a>>,
    title: Option<Text<'a>>,
    name: Option<Text<'a>>,
    quantity: u32,
    current_quantity: Option<u32>,
    price: Option<Amount>,
    price_set: Option<Object<PriceSet>>,
    total_discount: Option<Amount>,
    total_discount_set: Option<Object<PriceSet>>,
    #[serde(default)]
    discount_allocations: List<AllocationBody>,
    gift_card: Option<bool>,
    #[serde(default)]
    tax_lines: List<TaxBody>,
    /// Only a tip has it.
    #[serde(default)]
    tip: Field<de::IgnoredAny>,
    #[serde(default)]
    variant_inventory_management: Field<Text<'a>>,
}

/// A part of a discount that falls on the line.
#[derive(Deserialize)]
struct AllocationBody {
    amount: Option<Amount>,
    amount_set: Option<Object<PriceSet>>,
}

/// A part of the tax on the line.
#[derive(Deserialize)]
struct TaxBody {
    price: Option<Amount>,
    price_set: Option<Object<PriceSet>>,
}

impl LineBody<'_> {
    /// Takes note of what of the line's price is not paid for goods.
    pub(crate) fn extras(
        &mut self,
        extras: &mut OrderExtras,
        taxes_included: bool,
        currency: Currency,
    ) -> Result<(), Unreadable> {
        let Id(line_id) = self.id;
        if matches!(self.tip, Field::Value(_)) {
            extras.tips.push(line_id);
        }
        let parts = std::mem::take(&mut self.tax_lines).0;
        if taxes_included && !parts.is_empty() {
            let parts = parts.into_iter().map(|Object(part)| price("price", part.price_set, part.price, currency));
            extras.included_tax.push(LineTax { line_id, tax: total("tax_lines", parts, currency)? });
        }
        Ok(())
    }

    pub(crate) fn line(self, currency: Currency) -> Result<Line, Unreadable> {
        let Id(id) = self.id;
        let variant_id = optional(self.variant_id);
        let gift_card = self.gift_card.unwrap_or(false);
        Ok(Line {
            id,
            product_id: optional(self.product_id),
            variant_id,
            sku: nonempty(self.sku),
            title: nonempty(self.title).or(nonempty(self.name)).unwrap_or_default(),
            quantity: self.quantity,
            current_quantity: self.current_quantity.unwrap_or(self.quantity),
            price: price("price", self.price_set, self.price, currency)?,
            discount: discount(self.discount_allocations, self.total_discount_set, self.total_discount, currency)?,
            gift_card,
            tracked: match self.variant_inventory_management {
                Field::Value(_) => true,
                Field::Null => false,
                // Newer versions stop naming it on a variant. A line that may be counted has to be looked at.
                Field::Missing => variant_id.is_some() && !gift_card,
            },
        })
    }
}

/// The allocations, when there are any: `total_discount` then often says "0.00" all the same.
fn discount(
    allocations: List<AllocationBody>,
    set: Option<Object<PriceSet>>,
    plain: Option<Amount>,
    currency: Currency,
) -> Result<events::MoneySet, Unreadable> {
    if allocations.0.is_empty() {
        let nothing = Amount(rust_decimal::Decimal::ZERO);
        return price("total_discount", set, Some(plain.unwrap_or(nothing)), currency);
    }
    let parts = allocations.0.into_iter().map(|Object(part)| price("amount", part.amount_set, part.amount, currency));
    total("discount_allocations", parts, currency)
}
