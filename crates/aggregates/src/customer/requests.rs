use std::collections::{BTreeMap, BTreeSet};

use events::{
    AsOf, CustomerDataRequested, CustomerRedacted, CustomerRedactionRequested, DataRequestId, OrderId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::due::due;
use crate::latest::Latest;

/// What the law gives the customer a right to, and was asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Requests {
    data: BTreeMap<DataRequestId, Latest<Vec<OrderId>>>,
    redaction: Option<Redaction>,
    /// What of it is done.
    redacted: Option<Redaction>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Redaction {
    /// When it was first asked.
    at: Timestamp,
    orders: BTreeSet<OrderId>,
}

impl Requests {
    pub(super) fn data(
        &self,
        at: Timestamp,
        as_of: AsOf,
        request_id: DataRequestId,
        orders: Vec<OrderId>,
    ) -> Option<CustomerDataRequested> {
        let news = self.data.get(&request_id).is_none_or(|held| held.is_older_than(&as_of));
        news.then(|| CustomerDataRequested { at, as_of, request_id, orders, due_at: due(at) })
    }

    /// A request repeated, or for more orders, is the same request; it is due when the first one is. Another reason alone
    /// is no news.
    pub(super) fn redaction(
        &self,
        at: Timestamp,
        orders: Vec<OrderId>,
        reason: Option<String>,
    ) -> Option<CustomerRedactionRequested> {
        let mut asked = Redaction { at, orders: orders.into_iter().collect() };
        if let Some(held) = &self.redaction {
            asked.at = asked.at.min(held.at);
            asked.orders.extend(&held.orders);
        }
        let news = self.redaction.as_ref() != Some(&asked);
        let Redaction { at, orders } = asked;
        news.then(|| CustomerRedactionRequested { at, orders: orders.into_iter().collect(), due_at: due(at), reason })
    }

    /// Told once for all that was asked so far.
    pub(super) fn redacted(&self) -> Option<CustomerRedacted> {
        let asked = self.redaction.as_ref().filter(|_| self.redacted != self.redaction)?;
        Some(CustomerRedacted { at: asked.at, orders: asked.orders.iter().copied().collect() })
    }

    pub(super) fn hear_redacted(&mut self, event: CustomerRedacted) {
        self.redacted = Some(Redaction { at: event.at, orders: event.orders.into_iter().collect() });
    }

    pub(super) fn hear_data(&mut self, event: CustomerDataRequested) {
        self.data.entry(event.request_id).or_default().hear(&event.as_of, event.orders);
    }

    pub(super) fn hear_redaction(&mut self, event: CustomerRedactionRequested) {
        self.redaction = Some(Redaction { at: event.at, orders: event.orders.into_iter().collect() });
    }
}
