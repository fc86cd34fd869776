//! The fulfilment order: each of its facts is what the newest webhook that speaks of it says.

mod decide;

use std::collections::{BTreeMap, BTreeSet};

use events::{
    AsOf, FulfillmentHold, FulfillmentHoldId, FulfillmentOrder, FulfillmentOrderEvent, FulfillmentOrderId,
    FulfillmentOrderLine, FulfillmentOrderTold, LocationId, OrderId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::latest::Latest;

/// A fulfilment order as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FulfillmentOrderState {
    order_id: Latest<OrderId>,
    status: Latest<String>,
    request_status: Latest<String>,
    location_id: Latest<LocationId>,
    lines: Latest<Vec<FulfillmentOrderLine>>,
    fulfill_at: Latest<Timestamp>,
    /// None for one that was released.
    holds: BTreeMap<FulfillmentHoldId, Latest<Option<FulfillmentHold>>>,
    replaced_by: BTreeSet<FulfillmentOrderId>,
    replaces: BTreeSet<FulfillmentOrderId>,
}

/// What a webhook says of a fulfilment order.
#[derive(Debug, Clone, PartialEq)]
pub struct FulfillmentOrderCommand {
    pub id: FulfillmentOrderId,
    pub as_of: AsOf,
    pub news: FulfillmentOrderNews,
    pub told: FulfillmentOrderTold,
}

/// What happened, by the webhook's topic: it names the event where the facts alone do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FulfillmentOrderNews {
    Split,
    Merged,
    Other,
}

impl FulfillmentOrderState {
    fn evolve(&mut self, event: FulfillmentOrderEvent) {
        use FulfillmentOrderEvent as Event;
        match event {
            Event::Routed(event) => self.hear(&event.as_of, event.told),
            Event::Moved(event) => self.hear(&event.as_of, event.told),
            Event::Split(event) => self.hear(&event.as_of, event.told),
            Event::Merged(event) => self.hear(&event.as_of, event.told),
            Event::Held(event) => self.hear(&event.as_of, event.told),
            Event::Released(event) => self.hear(&event.as_of, event.told),
            Event::Rescheduled(event) => self.hear(&event.as_of, event.told),
            Event::Cancelled(event) => self.hear(&event.as_of, event.told),
            Event::Updated(event) => self.hear(&event.as_of, event.told),
            Event::Touched(event) => self.hear(&event.as_of, event.told),
        }
    }

    fn hear(&mut self, as_of: &AsOf, told: FulfillmentOrderTold) {
        told.order_id.into_iter().for_each(|id| self.order_id.hear(as_of, id));
        told.status.into_iter().for_each(|status| self.status.hear(as_of, status));
        told.request_status.into_iter().for_each(|status| self.request_status.hear(as_of, status));
        told.location_id.into_iter().for_each(|id| self.location_id.hear(as_of, id));
        told.lines.into_iter().for_each(|lines| self.lines.hear(as_of, lines));
        told.fulfill_at.into_iter().for_each(|at| self.fulfill_at.hear(as_of, at));
        for hold in told.held {
            self.holds.entry(hold.id).or_default().hear_or_greater(as_of, Some(hold));
        }
        for id in told.released {
            self.holds.entry(id).or_default().hear_or_greater(as_of, None);
        }
        self.replaced_by.extend(told.replaced_by);
        self.replaces.extend(told.replaces);
    }

    fn shown(&self, id: FulfillmentOrderId) -> FulfillmentOrder {
        FulfillmentOrder {
            id,
            order_id: self.order_id.get().copied(),
            status: self.status.get().cloned(),
            request_status: self.request_status.get().cloned(),
            location_id: self.location_id.get().copied(),
            lines: self.lines.get().cloned(),
            fulfill_at: self.fulfill_at.get().copied(),
            holds: self.holds(),
            replaced_by: self.replaced_by.iter().copied().collect(),
            replaces: self.replaces.iter().copied().collect(),
        }
    }

    /// Those that stand: a later status other than `on_hold` says that all before it are released.
    fn holds(&self) -> Vec<FulfillmentHold> {
        let released = self.status.as_of().filter(|_| self.status.get().is_some_and(|status| status != "on_hold"));
        let stands =
            |hold: &&Latest<Option<FulfillmentHold>>| released.is_none_or(|status| !hold.is_older_than(status));
        self.holds.values().filter(stands).filter_map(|hold| hold.get().cloned().flatten()).collect()
    }
}
