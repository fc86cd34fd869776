use aggregates::{Command, OrderCommand};
use events::{Currency, Money, OrderId, Timestamp, Transaction, TransactionId, TransactionKind, TransactionStatus};
use serde::Deserialize;

use crate::wire::{Amount, Id, Text, nonempty};
use crate::{Reading, Unreadable};

/// `order_transactions/create`; it comes again when the transaction's status changes.
pub(crate) fn created(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: TransactionBody<'_> = delivery.decode()?;
    let Id(order_id) = body.order_id.ok_or_else(|| Unreadable::missing("order_id"))?;
    Ok(vec![Command::Order(order_id, OrderCommand::Transaction(body.transaction(None, None)?))])
}

/// A transaction, on its own or inside a refund.
#[derive(Deserialize)]
pub(crate) struct TransactionBody<'a> {
    id: Id<TransactionId>,
    order_id: Option<Id<OrderId>>,
    #[serde(borrow)]
    kind: Text<'a>,
    status: Text<'a>,
    amount: Amount,
    currency: Option<Currency>,
    gateway: Option<Text<'a>>,
    created_at: Option<Timestamp>,
    processed_at: Option<Timestamp>,
}

impl TransactionBody<'_> {
    /// `currency` and `at` are those of what it is part of, for bodies that leave them out.
    pub(crate) fn transaction(
        self,
        currency: Option<Currency>,
        at: Option<Timestamp>,
    ) -> Result<Transaction, Unreadable> {
        let Id(id) = self.id;
        let currency = self.currency.or(currency).ok_or_else(|| Unreadable::missing("currency"))?;
        let processed_at = self.processed_at.or(self.created_at).or(at);
        Ok(Transaction {
            id,
            kind: kind(self.kind.as_str()),
            status: status(self.status.as_str()),
            amount: Money::new(self.amount.0, currency),
            gateway: nonempty(self.gateway),
            processed_at: processed_at.ok_or_else(|| Unreadable::missing("processed_at"))?,
        })
    }
}

fn kind(kind: &str) -> TransactionKind {
    match kind {
        "authorization" => TransactionKind::Authorization,
        "capture" => TransactionKind::Capture,
        "sale" => TransactionKind::Sale,
        "void" => TransactionKind::Void,
        "refund" => TransactionKind::Refund,
        _ => TransactionKind::Other,
    }
}

/// A status that we do not know (`awaiting_response`, `unknown`) is one before the outcome: no money has moved.
fn status(status: &str) -> TransactionStatus {
    match status {
        "success" => TransactionStatus::Success,
        "failure" => TransactionStatus::Failure,
        "error" => TransactionStatus::Error,
        _ => TransactionStatus::Pending,
    }
}
