use std::collections::BTreeMap;

use events::{
    AsOf, Currency, CustomerId, FinancialStatus, Fulfillment, FulfillmentId, FulfillmentLine, FulfillmentState,
    FulfillmentStatus, Line, LineId, LocationId, Money, OrderEdited, OrderEvent, OrderPlaced, OrderRefunded, ProductId,
    Refund, RefundId, RefundLine, Timestamp, Totals, Transaction, TransactionId, TransactionKind, TransactionStatus,
    VariantId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::put;

/// An order as it is stored. What follows from it is worked out when it is shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OrderRow {
    /// None before the order is placed: refunds and fulfilments may be known earlier.
    pub(super) head: Option<OrderHead>,
    /// Sorted by id, as are the other lists.
    pub(super) lines: Vec<OrderLine>,
    pub(super) refunds: Vec<RefundRow>,
    pub(super) fulfillments: Vec<FulfillmentView>,
    /// The successful refund transactions, whoever told them.
    pub(super) given_back: BTreeMap<TransactionId, Money>,
    pub(super) deleted: bool,
}

/// What an order has one of. Money is the shop's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderHead {
    pub id: String,
    pub name: String,
    pub placed_at: Timestamp,
    pub updated_at: Timestamp,
    pub cancelled_at: Option<Timestamp>,
    pub cancel_reason: Option<String>,
    pub closed_at: Option<Timestamp>,
    pub test: bool,
    pub currency: Currency,
    pub financial_status: FinancialStatus,
    /// None while nothing is fulfilled.
    pub fulfillment_status: Option<FulfillmentStatus>,
    /// None for a guest.
    pub customer_id: Option<CustomerId>,
    /// As ordered.
    pub total: Money,
    /// After edits and refunds.
    pub current_total: Money,
    pub subtotal: Money,
    pub total_tax: Money,
    pub total_discounts: Money,
    pub total_shipping: Money,
    pub tags: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderLine {
    pub id: LineId,
    pub product_id: Option<ProductId>,
    pub variant_id: Option<VariantId>,
    pub sku: Option<String>,
    pub title: String,
    /// As ordered.
    pub quantity: u32,
    /// After edits and refunds.
    pub current_quantity: u32,
    /// Of one unit, before discounts.
    pub price: Money,
    /// Off the whole line.
    pub discount: Money,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RefundRow {
    pub(super) id: RefundId,
    pub(super) created_at: Timestamp,
    pub(super) lines: Vec<RefundLine>,
    pub(super) transactions: Vec<TransactionId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FulfillmentView {
    pub id: FulfillmentId,
    pub status: FulfillmentState,
    pub tracking_number: Option<String>,
    pub tracking_company: Option<String>,
    pub location_id: Option<LocationId>,
    pub lines: Vec<FulfillmentLine>,
}

impl OrderRow {
    pub(super) fn is_visible(&self) -> bool {
        self.head.is_some() && !self.deleted
    }

    pub(super) fn apply(&mut self, id: &str, event: &OrderEvent) {
        match event {
            OrderEvent::Placed(event) => self.place(id, event),
            OrderEvent::Edited(event) => self.edit(event),
            OrderEvent::ContactChanged(event) => {
                self.head(&event.as_of, |head| head.customer_id = event.contact.customer_id);
            }
            OrderEvent::AddressChanged(event) => self.head(&event.as_of, |_| {}),
            OrderEvent::Tagged(event) => self.head(&event.as_of, |head| head.tags.clone_from(&event.tags)),
            OrderEvent::Noted(event) => self.head(&event.as_of, |_| {}),
            OrderEvent::ExtrasChanged(event) => self.head(&event.as_of, |_| {}),
            OrderEvent::PaymentAuthorized(event) => self.payment(&event.as_of, event.status),
            OrderEvent::Paid(event) => self.payment(&event.as_of, event.status),
            OrderEvent::PartiallyPaid(event) => self.payment(&event.as_of, event.status),
            OrderEvent::PaymentVoided(event) => self.payment(&event.as_of, event.status),
            OrderEvent::PaymentStatusChanged(event) => self.payment(&event.as_of, event.status),
            OrderEvent::TransactionRecorded(event) => self.record(&event.transaction),
            OrderEvent::Refunded(event) => self.refund(event),
            OrderEvent::CheckedOut(_)
            | OrderEvent::Returned(_)
            | OrderEvent::ReturnUpdated(_)
            | OrderEvent::RiskAssessed(_)
            | OrderEvent::ProtectionChanged(_)
            | OrderEvent::ShipmentTracked(_) => {}
            OrderEvent::Fulfilled(event) => self.fulfill(&event.fulfillment),
            OrderEvent::FulfillmentUpdated(event) => self.fulfill(&event.fulfillment),
            OrderEvent::FulfillmentCancelled(event) => self.fulfill(&event.fulfillment),
            OrderEvent::FulfillmentStatusChanged(event) => {
                self.head(&event.as_of, |head| head.fulfillment_status = shown(event.status));
            }
            OrderEvent::Cancelled(event) => self.head(&event.as_of, |head| {
                head.cancelled_at = Some(event.at);
                head.cancel_reason.clone_from(&event.reason);
            }),
            OrderEvent::Reinstated(event) => self.head(&event.as_of, |head| {
                head.cancelled_at = None;
                head.cancel_reason = None;
            }),
            OrderEvent::Restated(event) => self.head(&event.as_of, |head| {
                head.placed_at = event.placed_at;
                head.name.clone_from(&event.name);
                head.test = event.test;
                head.currency = event.currency;
            }),
            OrderEvent::Closed(event) => self.head(&event.as_of, |head| head.closed_at = Some(event.at)),
            OrderEvent::Reopened(event) => self.head(&event.as_of, |head| head.closed_at = None),
            OrderEvent::Touched(event) => self.head(&event.as_of, |_| {}),
            OrderEvent::Deleted(_) => self.deleted = true,
        }
    }

    fn place(&mut self, id: &str, event: &OrderPlaced) {
        let totals = &event.totals;
        self.head = Some(OrderHead {
            id: id.to_owned(),
            name: event.name.clone(),
            placed_at: event.at,
            updated_at: event.as_of.updated_at,
            cancelled_at: None,
            cancel_reason: None,
            closed_at: None,
            test: event.test,
            currency: event.currency,
            financial_status: FinancialStatus::default(),
            fulfillment_status: None,
            customer_id: event.contact.customer_id,
            total: totals.total.shop,
            current_total: totals.current_total.shop,
            subtotal: totals.subtotal.shop,
            total_tax: totals.tax.shop,
            total_discounts: totals.discounts.shop,
            total_shipping: totals.shipping.shop,
            tags: event.tags.clone(),
        });
        event.lines.iter().for_each(|line| self.put_line(line));
    }

    fn edit(&mut self, event: &OrderEdited) {
        event.lines.iter().for_each(|line| self.put_line(line));
        self.lines.retain(|line| !event.removed.contains(&line.id));
        let Some(head) = &mut self.head else { return };
        if let Some(as_of) = &event.as_of {
            head.updated_at = as_of.updated_at;
        }
        if let Some(totals) = &event.totals {
            head.set_totals(totals);
        }
    }

    /// What a snapshot says of an order that is placed.
    fn head(&mut self, as_of: &AsOf, change: impl FnOnce(&mut OrderHead)) {
        if let Some(head) = &mut self.head {
            head.updated_at = as_of.updated_at;
            change(head);
        }
    }

    fn payment(&mut self, as_of: &AsOf, status: FinancialStatus) {
        self.head(as_of, |head| head.financial_status = status);
    }

    fn put_line(&mut self, line: &Line) {
        put(&mut self.lines, line.into(), |line| line.id);
    }

    fn refund(&mut self, event: &OrderRefunded) {
        for held in &event.quantities {
            if let Some(line) = self.lines.iter_mut().find(|line| line.id == held.line_id) {
                line.current_quantity = held.current_quantity;
            }
        }
        event.refund.transactions.iter().for_each(|transaction| self.record(transaction));
        put(&mut self.refunds, (&event.refund).into(), |refund| refund.id);
    }

    fn record(&mut self, transaction: &Transaction) {
        let succeeded = transaction.status == TransactionStatus::Success;
        if succeeded && transaction.kind == TransactionKind::Refund {
            self.given_back.insert(transaction.id, transaction.amount);
        } else {
            self.given_back.remove(&transaction.id);
        }
    }

    fn fulfill(&mut self, fulfillment: &Fulfillment) {
        put(&mut self.fulfillments, fulfillment.into(), |fulfillment| fulfillment.id);
    }
}

impl OrderHead {
    fn set_totals(&mut self, totals: &Totals) {
        self.total = totals.total.shop;
        self.current_total = totals.current_total.shop;
        self.subtotal = totals.subtotal.shop;
        self.total_tax = totals.tax.shop;
        self.total_discounts = totals.discounts.shop;
        self.total_shipping = totals.shipping.shop;
    }
}

fn shown(status: FulfillmentStatus) -> Option<FulfillmentStatus> {
    Some(status).filter(|status| *status != FulfillmentStatus::Unfulfilled)
}

impl From<&Line> for OrderLine {
    fn from(line: &Line) -> Self {
        Self {
            id: line.id,
            product_id: line.product_id,
            variant_id: line.variant_id,
            sku: line.sku.clone(),
            title: line.title.clone(),
            quantity: line.quantity,
            current_quantity: line.current_quantity,
            price: line.price.shop,
            discount: line.discount.shop,
        }
    }
}

impl From<&Refund> for RefundRow {
    fn from(refund: &Refund) -> Self {
        let transactions = refund.transactions.iter().map(|transaction| transaction.id).collect();
        Self { id: refund.id, created_at: refund.created_at, lines: refund.lines.clone(), transactions }
    }
}

impl From<&Fulfillment> for FulfillmentView {
    fn from(fulfillment: &Fulfillment) -> Self {
        Self {
            id: fulfillment.id,
            status: fulfillment.status,
            tracking_number: fulfillment.tracking_number.clone(),
            tracking_company: fulfillment.tracking_company.clone(),
            location_id: fulfillment.location_id,
            lines: fulfillment.lines.clone(),
        }
    }
}
