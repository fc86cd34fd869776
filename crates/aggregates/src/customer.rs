//! The customer's record: the newest snapshot wins, and so does the newest word on each tag and each
//! channel of consent.

mod decide;
mod requests;
mod tags;

use std::collections::BTreeMap;

use events::{
    Address, AsOf, Consent, ConsentChannel, CustomerAddressChanged, CustomerDeleted, CustomerDisabled, CustomerEnabled,
    CustomerEvent, CustomerId, CustomerProfile, CustomerProfileChanged, CustomerRegistered, CustomerTouched,
    DataRequestId, OrderId, PurchaseSummary, SegmentId, TagsTold, Timestamp,
};
use serde::{Deserialize, Serialize};

use self::requests::Requests;
use self::tags::Tags;
use crate::latest::Latest;

/// A customer as their events tell it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    /// None before the first snapshot.
    as_of: Option<AsOf>,
    profile: CustomerProfile,
    default_address: Option<Address>,
    enabled: bool,
    tags: Tags,
    consents: BTreeMap<ConsentChannel, Latest<Consent>>,
    /// Whether the customer belongs to them.
    segments: BTreeMap<SegmentId, Latest<bool>>,
    purchases: Latest<PurchaseSummary>,
    merged_into: Latest<CustomerId>,
    requests: Requests,
    deleted: bool,
}

/// What a webhook says of a customer.
#[derive(Debug, Clone, PartialEq)]
pub enum CustomerCommand {
    Snapshot(Box<CustomerSnapshot>),
    Tag {
        as_of: AsOf,
        told: TagsTold,
    },
    Consent {
        as_of: AsOf,
        channel: ConsentChannel,
        consent: Consent,
    },
    Segment {
        as_of: AsOf,
        segment_id: SegmentId,
        belongs: bool,
    },
    Summarize {
        as_of: AsOf,
        summary: PurchaseSummary,
    },
    Merge {
        as_of: AsOf,
        into: CustomerId,
    },
    RequestData {
        /// When it was asked.
        at: Timestamp,
        as_of: AsOf,
        request_id: DataRequestId,
        orders: Vec<OrderId>,
    },
    RequestRedaction {
        at: Timestamp,
        orders: Vec<OrderId>,
        /// An operator's.
        reason: Option<String>,
    },
    /// The keys are destroyed: those of the customer and of all orders asked for so far.
    Redact,
    Delete {
        at: Timestamp,
    },
}

/// The whole customer at one moment (`customers/create`, `customers/update`, …).
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerSnapshot {
    pub as_of: AsOf,
    pub created_at: Timestamp,
    pub profile: CustomerProfile,
    pub default_address: Option<Address>,
    /// None when the API version does not say them.
    pub tags: Option<Vec<String>>,
    /// Of the channels that the API version says.
    pub consents: Vec<(ConsentChannel, Consent)>,
    /// `state` is `enabled`.
    pub enabled: bool,
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
            CustomerEvent::Enabled(CustomerEnabled { as_of, .. }) => {
                self.as_of = Some(as_of);
                self.enabled = true;
            }
            CustomerEvent::Disabled(CustomerDisabled { as_of, .. }) => {
                self.as_of = Some(as_of);
                self.enabled = false;
            }
            CustomerEvent::Touched(CustomerTouched { as_of, .. }) => self.as_of = Some(as_of),
            CustomerEvent::Tagged(event) => self.tags.hear(&event.as_of, event.told),
            CustomerEvent::ConsentChanged(event) => {
                self.consents.entry(event.channel).or_default().hear(&event.as_of, event.consent);
            }
            CustomerEvent::SegmentJoined(event) => self.hear_segment(event.segment_id, &event.as_of, true),
            CustomerEvent::SegmentLeft(event) => self.hear_segment(event.segment_id, &event.as_of, false),
            CustomerEvent::PurchasesSummarized(event) => self.purchases.hear(&event.as_of, event.summary),
            CustomerEvent::Merged(event) => self.merged_into.hear(&event.as_of, event.into),
            CustomerEvent::DataRequested(event) => self.requests.hear_data(event),
            CustomerEvent::RedactionRequested(event) => self.requests.hear_redaction(event),
            CustomerEvent::Redacted(event) => self.requests.hear_redacted(event),
            CustomerEvent::Deleted(CustomerDeleted { .. }) => self.deleted = true,
        }
    }

    /// Both topics say it with one body: who joins and leaves at one moment belongs.
    fn hear_segment(&mut self, segment_id: SegmentId, as_of: &AsOf, belongs: bool) {
        self.segments.entry(segment_id).or_default().hear_or_greater(as_of, belongs);
    }
}
