//! A return as far as it is told without its order: differences, each of which counts once, and parcels.

use std::collections::{BTreeMap, BTreeSet};

use events::{
    AsOf, ReturnChange, ReturnChanged, ReturnDelivery, ReturnDeliveryAttached, ReturnEvent, ReverseDeliveryId,
};
use serde::{Deserialize, Serialize};

use crate::Decider;
use crate::decide::aggregate;
use crate::latest::Latest;

/// A return as its events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReturnState {
    /// The moments of the changes that are known: no two bodies are equally old.
    changes: BTreeSet<AsOf>,
    deliveries: BTreeMap<ReverseDeliveryId, Latest<ReturnDelivery>>,
}

/// What a webhook says of a return.
#[derive(Debug, Clone, PartialEq)]
pub enum ReturnCommand {
    Change { as_of: AsOf, change: ReturnChange },
    AttachDelivery { as_of: AsOf, delivery_id: ReverseDeliveryId, delivery: ReturnDelivery },
}

aggregate!(ReturnState, ReturnCommand, ReturnEvent);

impl Decider for ReturnState {
    fn decide(&mut self, command: ReturnCommand) -> Result<Vec<ReturnEvent>, Self::Error> {
        let event = match command {
            ReturnCommand::Change { as_of, change } if !self.changes.contains(&as_of) => {
                ReturnEvent::from(ReturnChanged { at: as_of.updated_at, as_of, change })
            }
            ReturnCommand::AttachDelivery { as_of, delivery_id, delivery } if self.is_news(delivery_id, &as_of) => {
                ReturnDeliveryAttached { at: as_of.updated_at, as_of, delivery_id, delivery }.into()
            }
            _ => return Ok(Vec::new()),
        };
        self.evolve(event.clone());
        Ok(vec![event])
    }

    fn knows_newer(&self, command: &ReturnCommand) -> bool {
        let ReturnCommand::AttachDelivery { as_of, delivery_id, .. } = command else { return false };
        self.deliveries.get(delivery_id).and_then(Latest::as_of) > Some(as_of)
    }
}

impl ReturnState {
    fn is_news(&self, delivery_id: ReverseDeliveryId, as_of: &AsOf) -> bool {
        self.deliveries.get(&delivery_id).is_none_or(|held| held.is_older_than(as_of))
    }

    fn evolve(&mut self, event: ReturnEvent) {
        match event {
            ReturnEvent::Changed(ReturnChanged { as_of, .. }) => drop(self.changes.insert(as_of)),
            ReturnEvent::DeliveryAttached(event) => {
                self.deliveries.entry(event.delivery_id).or_default().hear(&event.as_of, event.delivery);
            }
        }
    }
}
