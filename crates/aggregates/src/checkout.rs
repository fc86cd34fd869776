//! The checkout: the newest snapshot wins; what ends it is told by the order that came of it.

use events::{
    AggregateKey, AggregateKind, AsOf, CheckoutAbandoned, CheckoutCompleted, CheckoutContent, CheckoutEvent,
    CheckoutRecovered, CheckoutStarted, CheckoutTouched, CheckoutUpdated, OrderId, Personal, Piece, Timestamp, pieces,
};
use serde::{Deserialize, Serialize};

use crate::Decider;
use crate::decide::aggregate;

/// A checkout as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkout {
    /// None before its first snapshot.
    as_of: Option<AsOf>,
    content: Option<CheckoutContent>,
    completed: Option<Completion>,
    abandoned_at: Option<Timestamp>,
}

/// As all who tell it know it: the earliest time, and the order once one names it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Completion {
    at: Timestamp,
    order_id: Option<OrderId>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum CheckoutCommand {
    Snapshot(Box<CheckoutSnapshot>),
    /// An order came of it.
    Complete {
        at: Timestamp,
        order_id: OrderId,
    },
    /// The wait for the customer ended at `at`; they were last seen at `last_seen_at`, as far as who
    /// waited knew.
    Abandon {
        at: Timestamp,
        last_seen_at: Timestamp,
    },
}

/// The whole checkout at one moment (`checkouts/create`, `checkouts/update`).
#[derive(Debug, Clone, PartialEq)]
pub struct CheckoutSnapshot {
    pub as_of: AsOf,
    pub created_at: Timestamp,
    pub completed_at: Option<Timestamp>,
    pub content: CheckoutContent,
}

aggregate!(Checkout, CheckoutCommand, CheckoutEvent);

impl Checkout {
    /// When the customer was last seen; none when nobody waits for them any more.
    pub fn waits_since(&self) -> Option<Timestamp> {
        let ended = self.completed.is_some() || self.abandoned_at.is_some();
        self.as_of.as_ref().filter(|_| !ended).map(|as_of| as_of.updated_at)
    }

    fn evolve(&mut self, event: CheckoutEvent) {
        match event {
            CheckoutEvent::Started(CheckoutStarted { as_of, content, .. })
            | CheckoutEvent::Updated(CheckoutUpdated { as_of, content, .. }) => {
                self.as_of = Some(as_of);
                self.content = Some(content);
            }
            CheckoutEvent::Touched(CheckoutTouched { as_of, .. }) => self.as_of = Some(as_of),
            CheckoutEvent::Completed(CheckoutCompleted { at, order_id })
            | CheckoutEvent::Recovered(CheckoutRecovered { at, order_id }) => {
                self.completed = Some(Completion { at, order_id });
            }
            CheckoutEvent::Abandoned(CheckoutAbandoned { at, .. }) => self.abandoned_at = Some(at),
        }
    }
}

impl Decider for Checkout {
    fn decide(&mut self, command: CheckoutCommand) -> Result<Vec<CheckoutEvent>, Self::Error> {
        let mut decision = Decision { checkout: self, events: Vec::new() };
        match command {
            CheckoutCommand::Snapshot(snapshot) => decision.snapshot(*snapshot),
            CheckoutCommand::Complete { at, order_id } => decision.complete(at, Some(order_id)),
            CheckoutCommand::Abandon { at, last_seen_at } => decision.abandon(at, last_seen_at),
        }
        Ok(decision.events)
    }

    fn personal<'c>(key: &AggregateKey, command: &'c mut CheckoutCommand) -> Vec<Piece<'c>> {
        let CheckoutCommand::Snapshot(snapshot) = command else { return Vec::new() };
        let customer = snapshot.content.customer_id;
        let customer = customer.map(|id| AggregateKey::new(AggregateKind::Customer, &key.shop, id));
        pieces(customer.as_ref().unwrap_or(key), snapshot.content.words())
    }

    fn knows_newer(&self, command: &CheckoutCommand) -> bool {
        matches!(command, CheckoutCommand::Snapshot(snapshot) if self.as_of.as_ref() > Some(&snapshot.as_of))
    }
}

struct Decision<'a> {
    checkout: &'a mut Checkout,
    events: Vec<CheckoutEvent>,
}

impl Decision<'_> {
    fn emit(&mut self, event: impl Into<CheckoutEvent>) {
        let event = event.into();
        self.checkout.evolve(event.clone());
        self.events.push(event);
    }

    fn snapshot(&mut self, snapshot: CheckoutSnapshot) {
        let CheckoutSnapshot { as_of, created_at, completed_at, content } = snapshot;
        let at = as_of.updated_at;
        match &self.checkout.as_of {
            None => self.emit(CheckoutStarted { at: created_at, as_of, content }),
            Some(newest) if *newest >= as_of => {}
            Some(_) if self.checkout.content.as_ref() == Some(&content) => self.emit(CheckoutTouched { at, as_of }),
            Some(_) => self.emit(CheckoutUpdated { at, as_of, content }),
        }
        completed_at.into_iter().for_each(|at| self.complete(at, None));
    }

    fn complete(&mut self, at: Timestamp, order_id: Option<OrderId>) {
        let held = self.checkout.completed;
        let at = held.map_or(at, |held| held.at.min(at));
        let order_id = order_id.max(held.and_then(|held| held.order_id));
        if held == Some(Completion { at, order_id }) {
            return;
        }
        let given_up = self.checkout.abandoned_at.is_some_and(|abandoned_at| abandoned_at < at);
        if given_up && held.is_none() {
            self.emit(CheckoutRecovered { at, order_id });
        } else {
            self.emit(CheckoutCompleted { at, order_id });
        }
    }

    /// Once, and only if the customer was not seen since: then another wait runs.
    fn abandon(&mut self, at: Timestamp, last_seen_at: Timestamp) {
        let Checkout { as_of, completed, abandoned_at, .. } = &*self.checkout;
        let seen_since = as_of.as_ref().is_some_and(|as_of| as_of.updated_at > last_seen_at);
        if as_of.is_some() && completed.is_none() && abandoned_at.is_none() && !seen_since {
            self.emit(CheckoutAbandoned { at, last_seen_at });
        }
    }
}
