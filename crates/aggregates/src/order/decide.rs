//! What a webhook adds to an order.
//!
//! The newest snapshot gives every plain field. Refunds, fulfilments, transactions and edits are
//! merged by id, whatever the age of what tells them. A quantity is what the newest snapshot says,
//! less the refunds and with the edits that the snapshot does not know: so the end is the same in
//! whatever order webhooks come.

use std::collections::BTreeMap;

use events::{
    AggregateKey, AsOf, Edit, FinancialStatus, Fulfillment, FulfillmentId, FulfillmentState, Line, LineId,
    OrderAddressChanged, OrderCancelled, OrderCheckedOut, OrderClosed, OrderContactChanged, OrderDeleted, OrderEdited,
    OrderEvent, OrderExtrasChanged, OrderFulfilled, OrderFulfillmentCancelled, OrderFulfillmentStatusChanged,
    OrderFulfillmentUpdated, OrderNoted, OrderPaid, OrderPartiallyPaid, OrderPaymentAuthorized,
    OrderPaymentStatusChanged, OrderPaymentVoided, OrderPlaced, OrderProtection, OrderProtectionChanged, OrderRefunded,
    OrderReinstated, OrderReopened, OrderRestated, OrderReturnUpdated, OrderReturned, OrderRiskAssessed,
    OrderShipmentTracked, OrderTagged, OrderTouched, OrderTransactionRecorded, Piece, Refund, ReturnId, ReturnTold,
    Timestamp, Transaction, TransactionId, Waypoint,
};
use serde::Serialize;

use super::quantities::Standing;
use super::state::Identity;
use super::{Cancellation, Order, OrderCommand, OrderSnapshot};
use crate::Decider;
use crate::decide::aggregate;

aggregate!(Order, OrderCommand, OrderEvent);

impl Decider for Order {
    fn decide(&mut self, command: OrderCommand) -> Result<Vec<OrderEvent>, Self::Error> {
        let mut decision = Decision { order: self, events: Vec::new() };
        match command {
            OrderCommand::Snapshot(snapshot) => decision.snapshot(*snapshot),
            OrderCommand::Refund(refund) => decision.refund(refund, None),
            OrderCommand::Fulfillment(fulfillment) => decision.fulfillment(fulfillment),
            OrderCommand::Transaction(transaction) => decision.transaction(transaction),
            OrderCommand::Edit(edit) => decision.edit(edit),
            OrderCommand::Return { id, as_of, told } => decision.order_return(id, as_of, told),
            OrderCommand::AssessRisk { as_of, provider_id, level } => decision.risk(as_of, provider_id, level),
            OrderCommand::Protect { as_of, protection } => decision.protect(as_of, protection),
            OrderCommand::Track { fulfillment_id, as_of, waypoint } => decision.track(fulfillment_id, as_of, waypoint),
            OrderCommand::Delete { at } => decision.delete(at),
        }
        Ok(decision.events)
    }

    fn personal<'c>(key: &AggregateKey, command: &'c mut OrderCommand) -> Vec<Piece<'c>> {
        super::personal::personal(key, command)
    }

    fn knows_newer(&self, command: &OrderCommand) -> bool {
        matches!(command, OrderCommand::Snapshot(snapshot) if self.as_of.as_ref() > Some(&snapshot.as_of))
    }
}

struct Decision<'a> {
    order: &'a mut Order,
    events: Vec<OrderEvent>,
}

impl Decision<'_> {
    fn emit(&mut self, event: impl Into<OrderEvent>) {
        let event = event.into();
        self.order.evolve(event.clone());
        self.events.push(event);
    }

    fn snapshot(&mut self, mut snapshot: OrderSnapshot) {
        let newest = self.order.as_of.as_ref() <= Some(&snapshot.as_of);
        let standing = self.standing(&snapshot);
        if newest && self.order.as_of.is_none() {
            self.place(&snapshot);
        }
        for refund in std::mem::take(&mut snapshot.refunds) {
            self.refund(refund, newest.then_some(&standing));
        }
        for fulfillment in std::mem::take(&mut snapshot.fulfillments) {
            self.fulfillment(fulfillment);
        }
        self.checkout(snapshot.placed_at, &snapshot.checkout_token);
        if newest {
            snapshot.lines.clone_from(&standing.lines);
            self.overwrite(snapshot, &standing);
        }
    }

    /// The snapshot's lines after the refunds and edits that it does not know.
    fn standing(&self, snapshot: &OrderSnapshot) -> Standing {
        let mut standing = Standing::new(snapshot.lines.clone(), BTreeMap::new());
        let known = |refund: &&Refund| snapshot.refunds.iter().any(|shown| shown.id == refund.id);
        self.order.refunds.values().filter(|refund| !known(refund)).for_each(|refund| standing.refund(refund));
        let later = |edit: &&Edit| edit.committed_at > snapshot.as_of.updated_at;
        self.order.edits.values().filter(later).for_each(|edit| standing.edit(edit));
        standing
    }

    /// An order has one checkout, or none; that bodies name two is not believed, but must have one end.
    fn checkout(&mut self, at: Timestamp, said: &Option<String>) {
        if let Some(checkout_token) = said.clone().filter(|_| *said > self.order.checkout_token) {
            self.emit(OrderCheckedOut { at, checkout_token });
        }
    }

    fn place(&mut self, snapshot: &OrderSnapshot) {
        self.emit(OrderPlaced {
            at: snapshot.placed_at,
            as_of: snapshot.as_of.clone(),
            name: snapshot.name.clone(),
            test: snapshot.test,
            currency: snapshot.currency,
            source_name: snapshot.source_name.clone(),
            locale: snapshot.locale.clone(),
            contact: snapshot.contact.clone(),
            addresses: snapshot.addresses.clone(),
            tags: snapshot.tags.clone(),
            note: snapshot.note.clone(),
            lines: snapshot.lines.clone(),
            totals: snapshot.totals.clone(),
        });
    }

    /// Makes every plain field what the snapshot says.
    fn overwrite(&mut self, snapshot: OrderSnapshot, standing: &Standing) {
        let (at, as_of) = (snapshot.as_of.updated_at, snapshot.as_of.clone());
        self.identity(&snapshot);
        self.lines_and_totals(&snapshot, standing);
        if self.order.extras != snapshot.extras {
            self.emit(OrderExtrasChanged { at, as_of: as_of.clone(), extras: snapshot.extras });
        }
        if self.order.contact != snapshot.contact {
            self.emit(OrderContactChanged { at, as_of: as_of.clone(), contact: snapshot.contact });
        }
        if self.order.addresses != snapshot.addresses {
            self.emit(OrderAddressChanged { at, as_of: as_of.clone(), addresses: snapshot.addresses });
        }
        if self.order.tags != snapshot.tags {
            self.emit(OrderTagged { at, as_of: as_of.clone(), tags: snapshot.tags });
        }
        if self.order.note != snapshot.note {
            self.emit(OrderNoted { at, as_of: as_of.clone(), note: snapshot.note });
        }
        if self.order.financial_status != snapshot.financial_status {
            self.emit(payment(&as_of, snapshot.financial_status));
        }
        if self.order.fulfillment_status != snapshot.fulfillment_status {
            let status = snapshot.fulfillment_status;
            self.emit(OrderFulfillmentStatusChanged { at, as_of: as_of.clone(), status });
        }
        self.cancelled_and_closed(&as_of, snapshot.cancelled, snapshot.closed_at);
        if self.order.as_of.as_ref() != Some(&as_of) {
            self.emit(OrderTouched { at, as_of });
        }
    }

    fn identity(&mut self, snapshot: &OrderSnapshot) {
        let OrderSnapshot { as_of, placed_at, name, test, currency, source_name, .. } = snapshot.clone();
        let said = Identity { placed_at, name, test, currency, source_name };
        if self.order.identity.as_ref() != Some(&said) {
            let Identity { placed_at, name, test, currency, source_name } = said;
            let at = as_of.updated_at;
            self.emit(OrderRestated { at, as_of, placed_at, name, test, currency, source_name });
        }
    }

    fn cancelled_and_closed(&mut self, as_of: &AsOf, cancelled: Option<Cancellation>, closed_at: Option<Timestamp>) {
        if self.order.cancelled != cancelled {
            let (now, as_of) = (as_of.updated_at, as_of.clone());
            match cancelled {
                Some(Cancellation { at, reason }) => self.emit(OrderCancelled { at, as_of, reason }),
                None => self.emit(OrderReinstated { at: now, as_of }),
            }
        }
        if self.order.closed_at != closed_at {
            let (now, as_of) = (as_of.updated_at, as_of.clone());
            match closed_at {
                Some(at) => self.emit(OrderClosed { at, as_of }),
                None => self.emit(OrderReopened { at: now, as_of }),
            }
        }
    }

    fn lines_and_totals(&mut self, snapshot: &OrderSnapshot, standing: &Standing) {
        let held = |line: &&Line| self.order.lines.get(&line.id).is_some_and(|held| held.line == **line);
        let lines: Vec<Line> = snapshot.lines.iter().filter(|line| !held(line)).cloned().collect();
        let shown = |id: &&LineId| snapshot.lines.iter().any(|line| line.id == **id);
        let removed: Vec<LineId> = self.order.lines.keys().filter(|id| !shown(id)).copied().collect();
        let totals = Some(&snapshot.totals).filter(|totals| self.order.totals.as_ref() != Some(totals)).cloned();
        let same = lines.is_empty() && removed.is_empty() && totals.is_none();
        if !same || !standing.lacks(&self.order.lacking) {
            let (at, as_of, lacking) = (snapshot.as_of.updated_at, Some(snapshot.as_of.clone()), standing.lacking());
            self.emit(OrderEdited { at, as_of, edit: None, lines, removed, totals, lacking });
        }
    }

    /// `standing` are the lines of the newest snapshot, when it is the one that tells the refund.
    fn refund(&mut self, said: Refund, standing: Option<&Standing>) {
        let held = self.order.refunds.get(&said.id);
        let refund = self.united(held, &said);
        if held.is_some_and(|held| frame(held) == frame(&refund)) {
            return said.transactions.into_iter().for_each(|transaction| self.transaction(transaction));
        }
        let mut after = self.order.standing();
        if held.is_none() {
            after.refund(&refund);
        }
        let after = standing.unwrap_or(&after);
        let (quantities, lacking) = (after.quantities(&refund), after.lacking());
        self.emit(OrderRefunded { at: refund.created_at, refund, quantities, lacking });
    }

    /// A refund as all who told it know it: one of the contents, and every transaction.
    fn united(&self, held: Option<&Refund>, said: &Refund) -> Refund {
        let contents = held.into_iter().chain([said]);
        let content =
            contents.max_by_key(|refund| canonical(&Refund { transactions: Vec::new(), ..(*refund).clone() }));
        let told = held.into_iter().chain([said]).flat_map(|refund| refund.transactions.iter().cloned());
        let by_id: BTreeMap<TransactionId, Transaction> = told.map(|told| (told.id, self.newest(told))).collect();
        Refund { transactions: by_id.into_values().collect(), ..content.unwrap_or(said).clone() }
    }

    fn fulfillment(&mut self, fulfillment: Fulfillment) {
        let rank = |fulfillment: &Fulfillment| (fulfillment.updated_at, canonical(fulfillment));
        let at = fulfillment.updated_at;
        match self.order.fulfillments.get(&fulfillment.id) {
            Some(held) if rank(held) >= rank(&fulfillment) => {}
            Some(held)
                if fulfillment.status == FulfillmentState::Cancelled && held.status != FulfillmentState::Cancelled =>
            {
                self.emit(OrderFulfillmentCancelled { at, fulfillment });
            }
            Some(_) => self.emit(OrderFulfillmentUpdated { at, fulfillment }),
            None => self.emit(OrderFulfilled { at: fulfillment.created_at, fulfillment }),
        }
    }

    fn transaction(&mut self, transaction: Transaction) {
        if self.order.transactions.get(&transaction.id) != Some(&self.newest(transaction.clone())) {
            self.emit(OrderTransactionRecorded { at: transaction.processed_at, transaction });
        }
    }

    /// The further of what is known of a transaction and what is said of it.
    fn newest(&self, said: Transaction) -> Transaction {
        let rank = |transaction: &Transaction| (transaction.status, transaction.processed_at, canonical(transaction));
        match self.order.transactions.get(&said.id) {
            Some(held) if rank(held) >= rank(&said) => held.clone(),
            _ => said,
        }
    }

    fn edit(&mut self, edit: Edit) {
        if self.order.edits.contains_key(&edit.id) {
            return;
        }
        let before = self.order.standing();
        let mut after = self.order.standing();
        if self.order.as_of.as_ref().is_some_and(|as_of| as_of.updated_at < edit.committed_at) {
            after.edit(&edit);
        }
        let (at, lacking) = (edit.committed_at, after.lacking());
        let lines = after.lines.into_iter().filter(|line| !before.lines.contains(line)).collect();
        let (edit, removed) = (Some(edit), Vec::new());
        self.emit(OrderEdited { at, as_of: None, edit, lines, removed, totals: None, lacking });
    }

    fn order_return(&mut self, id: ReturnId, as_of: AsOf, told: ReturnTold) {
        let before = self.order.returns.get(&id).cloned().unwrap_or_default();
        let mut after = before.clone();
        after.hear(&as_of, told.clone());
        if after == before {
            return;
        }
        let (at, order_return) = (as_of.updated_at, after.shown(id));
        if after.is_open() && !before.is_open() {
            self.emit(OrderReturned { at, as_of, told, order_return });
        } else {
            self.emit(OrderReturnUpdated { at, as_of, told, order_return });
        }
    }

    fn risk(&mut self, as_of: AsOf, provider_id: Option<String>, level: String) {
        let held = self.order.risks.get(provider_id.as_deref().unwrap_or_default());
        if held.is_none_or(|held| held.is_older_than(&as_of)) {
            self.emit(OrderRiskAssessed { at: as_of.updated_at, as_of, provider_id, level });
        }
    }

    fn protect(&mut self, as_of: AsOf, protection: OrderProtection) {
        if self.order.protection.is_older_than(&as_of) {
            self.emit(OrderProtectionChanged { at: as_of.updated_at, as_of, protection });
        }
    }

    fn track(&mut self, fulfillment_id: FulfillmentId, as_of: AsOf, told: Waypoint) {
        let before = self.order.shipments.get(&fulfillment_id).cloned().unwrap_or_default();
        let mut after = before.clone();
        after.hear(&as_of, told.clone());
        if after != before {
            let (at, status) = (told.happened_at, after.status());
            self.emit(OrderShipmentTracked { at, as_of, fulfillment_id, told, status });
        }
    }

    /// Of several deletions the earliest is the one: the others are repeats of its news.
    fn delete(&mut self, at: Timestamp) {
        if self.order.deleted_at.is_none_or(|deleted_at| at < deleted_at) {
            self.emit(OrderDeleted { at });
        }
    }
}

/// What of a refund does not change with the state of its transactions.
fn frame(refund: &Refund) -> (Refund, Vec<TransactionId>) {
    let ids = refund.transactions.iter().map(|transaction| transaction.id).collect();
    (Refund { transactions: Vec::new(), ..refund.clone() }, ids)
}

/// One text per value: decides between two that claim the same age.
fn canonical(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn payment(as_of: &AsOf, status: FinancialStatus) -> OrderEvent {
    let (at, as_of) = (as_of.updated_at, as_of.clone());
    match status {
        FinancialStatus::Authorized => OrderPaymentAuthorized { at, as_of, status }.into(),
        FinancialStatus::Paid => OrderPaid { at, as_of, status }.into(),
        FinancialStatus::PartiallyPaid => OrderPartiallyPaid { at, as_of, status }.into(),
        FinancialStatus::Voided => OrderPaymentVoided { at, as_of, status }.into(),
        FinancialStatus::Pending
        | FinancialStatus::PartiallyRefunded
        | FinancialStatus::Refunded
        | FinancialStatus::Expired => OrderPaymentStatusChanged { at, as_of, status }.into(),
    }
}
