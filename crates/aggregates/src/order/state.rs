use std::collections::BTreeMap;

use events::{
    AsOf, Currency, Edit, EditId, FinancialStatus, Fulfillment, FulfillmentId, FulfillmentStatus, Line, LineDelta,
    LineId, OrderAddresses, OrderContact, OrderEdited, OrderEvent, OrderExtras, OrderPlaced, OrderProtection,
    OrderRefunded, OrderRestated, Refund, RefundId, ReturnId, ReturnTold, Sealed, Timestamp, Totals, Transaction,
    TransactionId,
};
use serde::{Deserialize, Serialize};

use super::Cancellation;
use super::quantities::Standing;
use super::returns::HeldReturn;
use super::shipments::Shipment;
use crate::latest::Latest;

/// An order as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The newest snapshot; none before the order is placed.
    pub(super) as_of: Option<AsOf>,
    /// What a snapshot says once and for all.
    pub(super) identity: Option<Identity>,
    pub(super) contact: OrderContact,
    pub(super) addresses: OrderAddresses,
    pub(super) tags: Vec<String>,
    pub(super) note: Option<Sealed>,
    pub(super) checkout_token: Option<String>,
    pub(super) lines: BTreeMap<LineId, HeldLine>,
    /// Units that were taken off lines beyond those that are known of.
    pub(super) lacking: BTreeMap<LineId, u32>,
    pub(super) extras: OrderExtras,
    pub(super) totals: Option<Totals>,
    pub(super) financial_status: FinancialStatus,
    pub(super) fulfillment_status: FulfillmentStatus,
    pub(super) cancelled: Option<Cancellation>,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) deleted_at: Option<Timestamp>,
    pub(super) refunds: BTreeMap<RefundId, Refund>,
    pub(super) fulfillments: BTreeMap<FulfillmentId, Fulfillment>,
    pub(super) transactions: BTreeMap<TransactionId, Transaction>,
    pub(super) edits: BTreeMap<EditId, Edit>,
    pub(super) returns: BTreeMap<ReturnId, HeldReturn>,
    /// By who judged; an empty name is Shopify itself.
    pub(super) risks: BTreeMap<String, Latest<String>>,
    pub(super) protection: Latest<OrderProtection>,
    pub(super) shipments: BTreeMap<FulfillmentId, Shipment>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) placed_at: Timestamp,
    pub(super) name: String,
    pub(super) test: bool,
    pub(super) currency: Currency,
    pub(super) source_name: Option<String>,
}

/// A line, and what its snapshot no longer says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct HeldLine {
    pub(super) line: Line,
    /// Its quantity when the order was placed; 0 for a line that was added later.
    pub(super) placed_quantity: u32,
    /// The snapshot that last changed its quantities.
    pub(super) changed_at: Option<Timestamp>,
}

impl Order {
    pub(super) fn evolve(&mut self, event: OrderEvent) {
        match event {
            OrderEvent::Placed(event) => self.place(event),
            OrderEvent::Edited(event) => self.edit(event),
            OrderEvent::ContactChanged(event) => {
                self.as_of = Some(event.as_of);
                self.contact = event.contact;
            }
            OrderEvent::AddressChanged(event) => {
                self.as_of = Some(event.as_of);
                self.addresses = event.addresses;
            }
            OrderEvent::Tagged(event) => {
                self.as_of = Some(event.as_of);
                self.tags = event.tags;
            }
            OrderEvent::Noted(event) => {
                self.as_of = Some(event.as_of);
                self.note = event.note;
            }
            OrderEvent::PaymentAuthorized(event) => self.payment(event.as_of, event.status),
            OrderEvent::Paid(event) => self.payment(event.as_of, event.status),
            OrderEvent::PartiallyPaid(event) => self.payment(event.as_of, event.status),
            OrderEvent::PaymentVoided(event) => self.payment(event.as_of, event.status),
            OrderEvent::PaymentStatusChanged(event) => self.payment(event.as_of, event.status),
            OrderEvent::TransactionRecorded(event) => self.record(event.transaction),
            OrderEvent::Refunded(event) => self.refund(event),
            OrderEvent::Returned(event) => self.hear_return(event.order_return.id, &event.as_of, event.told),
            OrderEvent::ReturnUpdated(event) => self.hear_return(event.order_return.id, &event.as_of, event.told),
            OrderEvent::RiskAssessed(event) => {
                self.risks.entry(event.provider_id.unwrap_or_default()).or_default().hear(&event.as_of, event.level);
            }
            OrderEvent::ProtectionChanged(event) => self.protection.hear(&event.as_of, event.protection),
            OrderEvent::ShipmentTracked(event) => {
                self.shipments.entry(event.fulfillment_id).or_default().hear(&event.as_of, event.told);
            }
            OrderEvent::CheckedOut(event) => self.checkout_token = Some(event.checkout_token),
            OrderEvent::ExtrasChanged(event) => {
                self.as_of = Some(event.as_of);
                self.extras = event.extras;
            }
            OrderEvent::Fulfilled(event) => self.fulfill(event.fulfillment),
            OrderEvent::FulfillmentUpdated(event) => self.fulfill(event.fulfillment),
            OrderEvent::FulfillmentCancelled(event) => self.fulfill(event.fulfillment),
            OrderEvent::FulfillmentStatusChanged(event) => {
                self.as_of = Some(event.as_of);
                self.fulfillment_status = event.status;
            }
            OrderEvent::Cancelled(event) => {
                self.as_of = Some(event.as_of);
                self.cancelled = Some(Cancellation { at: event.at, reason: event.reason });
            }
            OrderEvent::Closed(event) => {
                self.as_of = Some(event.as_of);
                self.closed_at = Some(event.at);
            }
            OrderEvent::Reopened(event) => {
                self.as_of = Some(event.as_of);
                self.closed_at = None;
            }
            OrderEvent::Reinstated(event) => {
                self.as_of = Some(event.as_of);
                self.cancelled = None;
            }
            OrderEvent::Restated(event) => self.restate(event),
            OrderEvent::Touched(event) => self.as_of = Some(event.as_of),
            OrderEvent::Deleted(event) => self.deleted_at = Some(event.at),
        }
    }

    fn restate(&mut self, event: OrderRestated) {
        let OrderRestated { at: _, as_of, placed_at, name, test, currency, source_name } = event;
        self.as_of = Some(as_of);
        self.identity = Some(Identity { placed_at, name, test, currency, source_name });
    }

    fn place(&mut self, event: OrderPlaced) {
        let OrderPlaced { at: placed_at, name, test, currency, source_name, .. } = event;
        self.as_of = Some(event.as_of);
        self.identity = Some(Identity { placed_at, name, test, currency, source_name });
        self.contact = event.contact;
        self.addresses = event.addresses;
        self.tags = event.tags;
        self.note = event.note;
        self.totals = Some(event.totals);
        for line in event.lines {
            self.lines.insert(line.id, HeldLine { placed_quantity: line.quantity, line, changed_at: None });
        }
    }

    fn edit(&mut self, event: OrderEdited) {
        let changed_at = event.as_of.as_ref().map(|as_of| as_of.updated_at);
        for line in event.lines {
            let held = self.lines.get(&line.id);
            let placed_quantity = held.map_or(0, |held| held.placed_quantity);
            let same = |held: &&HeldLine| quantities(&held.line) == quantities(&line);
            let before = held.and_then(|held| held.changed_at);
            let changed_at = if held.filter(same).is_some() { before } else { changed_at.or(before) };
            self.lines.insert(line.id, HeldLine { line, placed_quantity, changed_at });
        }
        event.removed.iter().for_each(|id| drop(self.lines.remove(id)));
        self.lack(event.lacking);
        self.edits.extend(event.edit.map(|edit| (edit.id, edit)));
        self.totals = event.totals.or_else(|| self.totals.take());
        self.as_of = event.as_of.or_else(|| self.as_of.take());
    }

    fn refund(&mut self, event: OrderRefunded) {
        for held in event.quantities {
            self.set_current_quantity(held.line_id, held.current_quantity);
        }
        self.lack(event.lacking);
        event.refund.transactions.iter().cloned().for_each(|transaction| self.record(transaction));
        self.refunds.insert(event.refund.id, event.refund);
    }

    fn lack(&mut self, lacking: Vec<LineDelta>) {
        self.lacking = lacking.into_iter().map(|lack| (lack.line_id, lack.quantity)).collect();
    }

    /// The lines and what they lack, to be changed by what becomes known.
    pub(super) fn standing(&self) -> Standing {
        Standing::new(self.lines.values().map(|held| held.line.clone()).collect(), self.lacking.clone())
    }

    fn hear_return(&mut self, id: ReturnId, as_of: &AsOf, told: ReturnTold) {
        self.returns.entry(id).or_default().hear(as_of, told);
    }

    fn payment(&mut self, as_of: AsOf, status: FinancialStatus) {
        self.as_of = Some(as_of);
        self.financial_status = status;
    }

    fn set_current_quantity(&mut self, line: LineId, current_quantity: u32) {
        if let Some(held) = self.lines.get_mut(&line) {
            held.line.current_quantity = current_quantity;
        }
    }

    fn record(&mut self, transaction: Transaction) {
        self.transactions.insert(transaction.id, transaction);
    }

    fn fulfill(&mut self, fulfillment: Fulfillment) {
        self.fulfillments.insert(fulfillment.id, fulfillment);
    }
}

fn quantities(line: &Line) -> (u32, u32) {
    (line.quantity, line.current_quantity)
}
