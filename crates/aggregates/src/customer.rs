//! The customer's record: the newest snapshot wins.

use events::{
    Address, AsOf, CustomerAddressChanged, CustomerDeleted, CustomerDisabled, CustomerEnabled, CustomerEvent,
    CustomerProfile, CustomerProfileChanged, CustomerRegistered, CustomerTagged, CustomerTouched, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::Decider;
use crate::decide::aggregate;

/// A customer as their events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    /// None before the first snapshot.
    as_of: Option<AsOf>,
    profile: CustomerProfile,
    default_address: Option<Address>,
    tags: Vec<String>,
    /// The newest snapshot that said anything of tags: not every API version does.
    tags_as_of: Option<AsOf>,
    enabled: bool,
    deleted: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum CustomerCommand {
    Snapshot(Box<CustomerSnapshot>),
    Delete { at: Timestamp },
}

/// The whole customer at one moment (`customers/create`, `customers/update`).
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerSnapshot {
    pub as_of: AsOf,
    pub created_at: Timestamp,
    pub profile: CustomerProfile,
    pub default_address: Option<Address>,
    /// None when the API version does not say them.
    pub tags: Option<Vec<String>>,
    /// `state` is `enabled`.
    pub enabled: bool,
}

aggregate!(Customer, CustomerCommand, CustomerEvent);

impl Decider for Customer {
    fn decide(&mut self, command: CustomerCommand) -> Result<Vec<CustomerEvent>, Self::Error> {
        let mut decision = Decision { customer: self, events: Vec::new() };
        match command {
            CustomerCommand::Snapshot(snapshot) => decision.snapshot(*snapshot),
            CustomerCommand::Delete { at } if !decision.customer.deleted => decision.emit(CustomerDeleted { at }),
            CustomerCommand::Delete { .. } => {}
        }
        Ok(decision.events)
    }

    fn knows_newer(&self, command: &CustomerCommand) -> bool {
        matches!(command, CustomerCommand::Snapshot(snapshot) if self.as_of.as_ref() > Some(&snapshot.as_of))
    }
}

struct Decision<'a> {
    customer: &'a mut Customer,
    events: Vec<CustomerEvent>,
}

impl Decision<'_> {
    fn emit(&mut self, event: impl Into<CustomerEvent>) {
        let event = event.into();
        self.customer.evolve(event.clone());
        self.events.push(event);
    }

    fn snapshot(&mut self, snapshot: CustomerSnapshot) {
        let CustomerSnapshot { as_of, created_at, profile, default_address, tags, enabled } = snapshot;
        let at = as_of.updated_at;
        if self.customer.as_of.as_ref() <= Some(&as_of) {
            if self.customer.as_of.is_none() {
                self.emit(CustomerRegistered { at: created_at, as_of: as_of.clone(), profile: profile.clone() });
            }
            if self.customer.profile != profile {
                self.emit(CustomerProfileChanged { at, as_of: as_of.clone(), profile });
            }
            if self.customer.default_address != default_address {
                self.emit(CustomerAddressChanged { at, as_of: as_of.clone(), default_address });
            }
            match (self.customer.enabled, enabled) {
                (false, true) => self.emit(CustomerEnabled { at, as_of: as_of.clone() }),
                (true, false) => self.emit(CustomerDisabled { at, as_of: as_of.clone() }),
                _ => {}
            }
            if self.customer.as_of.as_ref() != Some(&as_of) {
                self.emit(CustomerTouched { at, as_of: as_of.clone() });
            }
        }
        self.tags(as_of, tags);
    }

    /// Tags have a version of their own, because snapshots with and without them are mixed.
    fn tags(&mut self, as_of: AsOf, tags: Option<Vec<String>>) {
        let Some(tags) = tags else { return };
        if self.customer.tags_as_of.as_ref() < Some(&as_of) {
            self.emit(CustomerTagged { at: as_of.updated_at, as_of, tags });
        }
    }
}

impl Customer {
    fn evolve(&mut self, event: CustomerEvent) {
        match event {
            CustomerEvent::Registered(CustomerRegistered { as_of, profile, .. })
            | CustomerEvent::ProfileChanged(CustomerProfileChanged { as_of, profile, .. }) => {
                self.as_of = Some(as_of);
                self.profile = profile;
            }
            CustomerEvent::AddressChanged(CustomerAddressChanged { as_of, default_address, .. }) => {
                self.as_of = Some(as_of);
                self.default_address = default_address;
            }
            CustomerEvent::Tagged(CustomerTagged { as_of, tags, .. }) => {
                self.tags_as_of = Some(as_of);
                self.tags = tags;
            }
            CustomerEvent::Enabled(CustomerEnabled { as_of, .. }) => {
                self.as_of = Some(as_of);
                self.enabled = true;
            }
            CustomerEvent::Disabled(CustomerDisabled { as_of, .. }) => {
                self.as_of = Some(as_of);
                self.enabled = false;
            }
            CustomerEvent::Touched(CustomerTouched { as_of, .. }) => self.as_of = Some(as_of),
            CustomerEvent::Deleted(CustomerDeleted { .. }) => self.deleted = true,
        }
    }
}
