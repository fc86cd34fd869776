use events::{
    AggregateKey, AsOf, Consent, ConsentChannel, CustomerAddressChanged, CustomerConsentChanged, CustomerDeleted,
    CustomerDisabled, CustomerEnabled, CustomerEvent, CustomerId, CustomerMerged, CustomerProfileChanged,
    CustomerPurchasesSummarized, CustomerRegistered, CustomerSegmentJoined, CustomerSegmentLeft, CustomerTagged,
    CustomerTouched, Personal, Piece, PurchaseSummary, SegmentId, TagsTold, pieces,
};

use super::{Customer, CustomerCommand, CustomerSnapshot};
use crate::Decider;
use crate::decide::aggregate;

aggregate!(Customer, CustomerCommand, CustomerEvent);

impl Decider for Customer {
    fn decide(&mut self, command: CustomerCommand) -> Result<Vec<CustomerEvent>, Self::Error> {
        let mut decision = Decision { customer: self, events: Vec::new() };
        match command {
            CustomerCommand::Snapshot(snapshot) => decision.snapshot(*snapshot),
            CustomerCommand::Tag { as_of, told } => decision.tag(as_of, told),
            CustomerCommand::Consent { as_of, channel, consent } => decision.consent(as_of, channel, consent),
            CustomerCommand::Segment { as_of, segment_id, belongs } => decision.segment(as_of, segment_id, belongs),
            CustomerCommand::Summarize { as_of, summary } => decision.summarize(as_of, summary),
            CustomerCommand::Merge { as_of, into } => decision.merge(as_of, into),
            CustomerCommand::RequestData { at, as_of, request_id, orders } => {
                let requested = decision.customer.requests.data(at, as_of, request_id, orders);
                requested.into_iter().for_each(|requested| decision.emit(requested));
            }
            CustomerCommand::RequestRedaction { at, orders, reason } => {
                let requested = decision.customer.requests.redaction(at, orders, reason);
                requested.into_iter().for_each(|requested| decision.emit(requested));
            }
            CustomerCommand::Redact => {
                let redacted = decision.customer.requests.redacted();
                redacted.into_iter().for_each(|redacted| decision.emit(redacted));
            }
            CustomerCommand::Delete { at } if !decision.customer.deleted => decision.emit(CustomerDeleted { at }),
            CustomerCommand::Delete { .. } => {}
        }
        Ok(decision.events)
    }

    fn personal<'c>(key: &AggregateKey, command: &'c mut CustomerCommand) -> Vec<Piece<'c>> {
        let CustomerCommand::Snapshot(snapshot) = command else { return Vec::new() };
        let mut words = snapshot.profile.words();
        words.extend(snapshot.default_address.words());
        pieces(key, words)
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
        let CustomerSnapshot { as_of, created_at, profile, default_address, tags, consents, enabled } = snapshot;
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
        tags.into_iter().for_each(|tags| self.tag(as_of.clone(), TagsTold::All { tags }));
        consents.into_iter().for_each(|(channel, consent)| self.consent(as_of.clone(), channel, consent));
    }

    /// Tags have a version of their own, because few webhooks speak of them. One that changes no tag is
    /// recorded all the same: an older one that comes later must not win.
    fn tag(&mut self, as_of: AsOf, told: TagsTold) {
        let mut after = self.customer.tags.clone();
        after.hear(&as_of, told.clone());
        if after != self.customer.tags {
            self.emit(CustomerTagged { at: as_of.updated_at, as_of, told, tags: after.shown() });
        }
    }

    fn consent(&mut self, as_of: AsOf, channel: ConsentChannel, consent: Consent) {
        if self.customer.consents.get(&channel).is_none_or(|held| held.is_older_than(&as_of)) {
            self.emit(CustomerConsentChanged { at: as_of.updated_at, as_of, channel, consent });
        }
    }

    fn segment(&mut self, as_of: AsOf, segment_id: SegmentId, belongs: bool) {
        let before = self.customer.segments.get(&segment_id).cloned().unwrap_or_default();
        let mut after = before.clone();
        after.hear_or_greater(&as_of, belongs);
        let at = as_of.updated_at;
        match belongs {
            _ if after == before => {}
            true => self.emit(CustomerSegmentJoined { at, as_of, segment_id }),
            false => self.emit(CustomerSegmentLeft { at, as_of, segment_id }),
        }
    }

    fn summarize(&mut self, as_of: AsOf, summary: PurchaseSummary) {
        if self.customer.purchases.is_older_than(&as_of) {
            self.emit(CustomerPurchasesSummarized { at: as_of.updated_at, as_of, summary });
        }
    }

    fn merge(&mut self, as_of: AsOf, into: CustomerId) {
        if self.customer.merged_into.is_older_than(&as_of) {
            self.emit(CustomerMerged { at: as_of.updated_at, as_of, into });
        }
    }
}
