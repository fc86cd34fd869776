//! An order as Shopify keeps it.

mod status;

use std::collections::{BTreeMap, BTreeSet};

use crate::market::{Market, part};
use crate::people::{Address, Company};

#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) token: String,
    /// The checkout it came from; none of a draft or over the counter.
    pub(crate) checkout: Option<String>,
    /// The one fulfilment order that it was routed as at last.
    pub(crate) fulfillment_order: u64,
    pub(crate) placed_at: i64,
    pub(crate) updated_at: i64,
    /// An index of the store's customers; none for a guest.
    pub(crate) customer: Option<usize>,
    pub(crate) company: Option<Company>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) shipping_address: Option<Address>,
    pub(crate) billing_address: Option<Address>,
    pub(crate) market: &'static Market,
    pub(crate) source: &'static str,
    /// Where it was sold over the counter.
    pub(crate) location: Option<u64>,
    pub(crate) test: bool,
    pub(crate) tags: BTreeSet<&'static str>,
    pub(crate) note: Option<&'static str>,
    pub(crate) gateway: &'static str,
    pub(crate) lines: Vec<Line>,
    pub(crate) shipping: i64,
    pub(crate) shipping_refunded: i64,
    /// Code and percent.
    pub(crate) discount: Option<(&'static str, i64)>,
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) fulfillments: Vec<Fulfillment>,
    /// When, and why.
    pub(crate) cancelled: Option<(i64, &'static str)>,
    pub(crate) closed_at: Option<i64>,
    pub(crate) voided: bool,
    pub(crate) deleted: bool,
    /// Placed without an address to write to.
    pub(crate) unreachable: bool,
    /// Totals as ordered: they never change.
    pub(crate) ordered: Ordered,
}

/// In cents of the shop's currency.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ordered {
    pub(crate) total: i64,
    pub(crate) subtotal: i64,
    pub(crate) tax: i64,
    pub(crate) discounts: i64,
    pub(crate) goods: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) id: u64,
    /// Product, variant and inventory item; none for a custom line.
    pub(crate) article: Option<(u64, u64, u64)>,
    pub(crate) title: String,
    pub(crate) variant_title: Option<String>,
    pub(crate) sku: Option<String>,
    pub(crate) vendor: Option<&'static str>,
    pub(crate) price: i64,
    /// Off all the units that were discounted when it was ordered.
    pub(crate) discount: i64,
    pub(crate) discounted: u32,
    pub(crate) tax_rate: i64,
    pub(crate) gift_card: bool,
    pub(crate) tracked: bool,
    pub(crate) grams: i64,
    /// As ordered and added by edits; never falls.
    pub(crate) quantity: u32,
    /// Taken off by edits.
    pub(crate) removed: u32,
    /// Refunded before they were shipped.
    pub(crate) dropped: u32,
    /// In fulfilments that stand.
    pub(crate) shipped: u32,
    /// Refunded after they were shipped.
    pub(crate) returned: u32,
    /// Committed units by location; of a line whose stock is counted.
    pub(crate) committed: BTreeMap<u64, u32>,
    /// Every location that units were committed at.
    pub(crate) seen: BTreeSet<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    pub(crate) id: u64,
    pub(crate) parent: Option<u64>,
    pub(crate) kind: &'static str,
    pub(crate) status: &'static str,
    pub(crate) cents: i64,
    pub(crate) at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) id: u64,
    pub(crate) at: i64,
    pub(crate) note: Option<&'static str>,
    pub(crate) lines: Vec<RefundLine>,
    /// Ids of the order's transactions.
    pub(crate) transactions: Vec<u64>,
    pub(crate) shipping: i64,
    /// Money that neither goods nor shipping explain.
    pub(crate) goodwill: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct RefundLine {
    pub(crate) id: u64,
    /// An index of the order's lines.
    pub(crate) line: usize,
    pub(crate) quantity: u32,
    pub(crate) restock: &'static str,
    pub(crate) location: Option<u64>,
    pub(crate) subtotal: i64,
    pub(crate) tax: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Fulfillment {
    pub(crate) id: u64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) service: &'static str,
    pub(crate) location: Option<u64>,
    pub(crate) status: &'static str,
    pub(crate) tracking: Option<(&'static str, String)>,
    pub(crate) shipment: Option<&'static str>,
    /// Indexes of the order's lines, and how many.
    pub(crate) lines: Vec<(usize, u32)>,
}

impl Line {
    pub(crate) fn current(&self) -> u32 {
        self.quantity - self.removed - self.dropped - self.returned
    }

    /// Still to be shipped, unless the order is cancelled.
    pub(crate) fn open(&self) -> u32 {
        self.quantity - self.removed - self.dropped - self.shipped
    }

    /// Shipped and still with the customer.
    pub(crate) fn kept(&self) -> u32 {
        self.shipped - self.returned
    }

    pub(crate) fn discount_of(&self, units: u32) -> i64 {
        match self.discounted {
            0 => 0,
            all => self.discount * i64::from(units.min(all)) / i64::from(all),
        }
    }

    /// What so many units cost after the discount, without tax.
    pub(crate) fn net(&self, units: u32) -> i64 {
        self.price * i64::from(units) - self.discount_of(units)
    }

    pub(crate) fn tax(&self, units: u32) -> i64 {
        part(self.net(units), self.tax_rate)
    }

    pub(crate) fn item(&self) -> Option<u64> {
        self.article.map(|(_, _, item)| item).filter(|_| self.tracked)
    }
}

impl Fulfillment {
    pub(crate) fn stands(&self) -> bool {
        self.status == "success"
    }
}
