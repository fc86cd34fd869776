//! What is recorded as Shopify shows it: the newest snapshot, until a service needs finer events.
//!
//! Each snapshot says what matters to the trade; what names a person is in its field `personal`.

mod app_charge;
mod collection;
mod company;
mod customer_payment_method;
mod discount;
mod dispute;
mod draft_order;
mod location;
mod market;
mod payment_terms;
mod segment;
mod selling_plan_group;
mod subscription;
mod tender_transaction;

use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::*;

pub use app_charge::*;
pub use collection::*;
pub use company::*;
pub use customer_payment_method::*;
pub use discount::*;
pub use dispute::*;
pub use draft_order::*;
pub use location::*;
pub use market::*;
pub use payment_terms::*;
pub use segment::*;
pub use selling_plan_group::*;
pub use subscription::*;
pub use tender_transaction::*;

/// The snapshot of one kind of resource.
pub trait Resource:
    Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static
{
    const KIND: AggregateKind;
    /// `<resource>.observed`.
    const OBSERVED: &'static str;
    /// `<resource>.deleted`.
    const DELETED: &'static str;
    /// Of the schema of what is observed.
    const VERSION: u32;

    /// Shopify's own number of the state, for the few that have one; it decides before any time does.
    fn revision(&self) -> u64 {
        0
    }

    /// Where topics say different things with one body, which has one digest: of one moment the greater stays.
    fn rank(&self) -> u64 {
        0
    }

    /// The words of a person in it, and the customer whose they are, when it names one.
    fn personal(&mut self) -> (Option<CustomerId>, Words<'_>) {
        (None, Words::new())
    }

    /// Widens to any event.
    fn event(event: ResourceEvent<Self>) -> Event;
}

/// The events of a resource that is only observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "R: DeserializeOwned"))]
pub enum ResourceEvent<R> {
    Observed(ResourceObserved<R>),
    Deleted(ResourceDeleted),
}

/// A newer snapshot than all before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound(deserialize = "R: DeserializeOwned"))]
pub struct ResourceObserved<R> {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub snapshot: R,
}

/// It is no more; Shopify gives no id twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceDeleted {
    pub at: Timestamp,
}

/// Declares the resources: snapshot, name, and the version of its schema.
macro_rules! resources {
    ($($name:ident = $wire:literal, $version:literal $(, revision: $revision:ident)? $(, rank: $rank:ident)?
        $(, personal: $whose:expr)?;)*) => {$(
        impl Resource for $name {
            const KIND: AggregateKind = AggregateKind::$name;
            const OBSERVED: &'static str = concat!($wire, ".observed");
            const DELETED: &'static str = concat!($wire, ".deleted");
            const VERSION: u32 = $version;

            $(fn revision(&self) -> u64 {
                self.$revision
            })?

            $(fn rank(&self) -> u64 {
                self.$rank as u64
            })?

            $(fn personal(&mut self) -> (Option<CustomerId>, Words<'_>) {
                let whose: fn(&Self) -> Option<CustomerId> = $whose;
                (whose(self), self.words())
            })?

            fn event(event: ResourceEvent<Self>) -> Event {
                Event::$name(event)
            }
        }
    )*};
}

resources! {
    Location = "location", 2, personal: |_| None;
    Collection = "collection", 1;
    DraftOrder = "draft_order", 2, personal: |draft| draft.customer_id;
    Company = "company", 2, personal: |_| None;
    CompanyLocation = "company_location", 2, personal: |_| None;
    CompanyContact = "company_contact", 1;
    CompanyContactRole = "company_contact_role", 1, rank: assigned;
    Dispute = "dispute", 1;
    SubscriptionContract = "subscription_contract", 1, revision: revision;
    SubscriptionBillingAttempt = "subscription_billing_attempt", 1, rank: outcome;
    SubscriptionBillingCycle = "subscription_billing_cycle", 1;
    AppSubscription = "app_subscription", 1;
    AppPurchase = "app_purchase", 1;
    Discount = "discount", 1;
    DiscountCode = "discount_code", 1;
    Market = "market", 1;
    Segment = "segment", 1;
    SellingPlanGroup = "selling_plan_group", 1;
    PaymentTerms = "payment_terms", 1;
    PaymentSchedule = "payment_schedule", 1;
    TenderTransaction = "tender_transaction", 1;
    CustomerPaymentMethod = "customer_payment_method", 2, personal: |method| Some(method.customer_id);
}

impl<R: Resource> ResourceEvent<R> {
    pub(crate) const SPECS: &'static [EventSpec] = &[
        EventSpec {
            wire_type: R::OBSERVED,
            version: R::VERSION,
            kind: R::KIND,
            schema: || schema_for!(ResourceObserved<R>),
        },
        EventSpec { wire_type: R::DELETED, version: 1, kind: R::KIND, schema: || schema_for!(ResourceDeleted) },
    ];
}

impl<R: Resource> DomainEvents for ResourceEvent<R> {
    const KIND: AggregateKind = R::KIND;

    fn wire_type(&self) -> &'static str {
        match self {
            Self::Observed(_) => R::OBSERVED,
            Self::Deleted(_) => R::DELETED,
        }
    }

    fn schema_version(&self) -> u32 {
        match self {
            Self::Observed(_) => R::VERSION,
            Self::Deleted(_) => 1,
        }
    }

    fn at(&self) -> Timestamp {
        match self {
            Self::Observed(observed) => observed.at,
            Self::Deleted(deleted) => deleted.at,
        }
    }

    fn encode(&self) -> serde_json::Result<Vec<u8>> {
        match self {
            Self::Observed(observed) => serde_json::to_vec(observed),
            Self::Deleted(deleted) => serde_json::to_vec(deleted),
        }
    }

    fn decode(wire_type: &str, body: &[u8]) -> Result<Self, DecodeError> {
        match wire_type {
            observed if observed == R::OBSERVED => Ok(Self::Observed(serde_json::from_slice(body)?)),
            deleted if deleted == R::DELETED => Ok(Self::Deleted(serde_json::from_slice(body)?)),
            _ => Err(DecodeError::UnknownType(wire_type.to_owned())),
        }
    }

    fn into_event(self) -> Event {
        R::event(self)
    }
}

impl<R: Resource> cqrs_es::DomainEvent for ResourceEvent<R> {
    fn event_type(&self) -> String {
        self.wire_type().to_owned()
    }

    fn event_version(&self) -> String {
        self.schema_version().to_string()
    }
}
