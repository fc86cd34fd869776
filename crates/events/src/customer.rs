//! What happens to a customer's record.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::sealed::personal;
use crate::*;

events! {
    /// The events of a customer.
    CustomerEvent of Customer {
        Registered(CustomerRegistered) = "customer.registered", 2;
        ProfileChanged(CustomerProfileChanged) = "customer.profile_changed", 2;
        AddressChanged(CustomerAddressChanged) = "customer.address_changed", 2;
        Tagged(CustomerTagged) = "customer.tagged", 2;
        ConsentChanged(CustomerConsentChanged) = "customer.consent_changed", 2;
        SegmentJoined(CustomerSegmentJoined) = "customer.segment_joined", 1;
        SegmentLeft(CustomerSegmentLeft) = "customer.segment_left", 1;
        PurchasesSummarized(CustomerPurchasesSummarized) = "customer.purchases_summarized", 1;
        Merged(CustomerMerged) = "customer.merged", 1;
        DataRequested(CustomerDataRequested) = "customer.data_requested", 1;
        RedactionRequested(CustomerRedactionRequested) = "customer.redaction_requested", 2;
        Redacted(CustomerRedacted) = "customer.redacted", 1;
        Enabled(CustomerEnabled) = "customer.enabled", 1;
        Disabled(CustomerDisabled) = "customer.disabled", 1;
        Touched(CustomerTouched) = "customer.touched", 1;
        Deleted(CustomerDeleted) = "customer.deleted", 1;
    }
}

/// The first snapshot of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerRegistered {
    /// `created_at`.
    pub at: Timestamp,
    pub as_of: AsOf,
    pub profile: CustomerProfile,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerProfile {
    pub first_name: Option<Sealed>,
    pub last_name: Option<Sealed>,
    pub email: Option<Sealed>,
    pub phone: Option<Sealed>,
    pub verified_email: bool,
    pub tax_exempt: bool,
    pub note: Option<Sealed>,
}

personal! {
    CustomerProfile { first_name, last_name, email, phone, note };
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerProfileChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub profile: CustomerProfile,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerAddressChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub default_address: Option<Address>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerTagged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub told: TagsTold,
    /// All tags after it.
    pub tags: Vec<String>,
}

/// What was told of a customer's tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum TagsTold {
    /// By a snapshot; only those of API versions before 2025-01 say them.
    All {
        tags: Vec<String>,
    },
    Added {
        tags: Vec<String>,
    },
    Removed {
        tags: Vec<String>,
    },
}

/// The customer agreed to marketing on one channel, or no longer does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerConsentChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub channel: ConsentChannel,
    pub consent: Consent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentChannel {
    Email,
    Sms,
    WhatsApp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Consent {
    /// Shopify's word: `subscribed`, `not_subscribed`, `pending`, `unsubscribed`, `redacted`, `invalid`.
    pub state: String,
    /// `single_opt_in`, `confirmed_opt_in` or `unknown`.
    pub opt_in_level: Option<String>,
    /// When the customer said so; the merchant may say it, so it does not decide which is newer.
    pub updated_at: Option<Timestamp>,
}

macro_rules! segment_events {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            pub at: Timestamp,
            pub as_of: AsOf,
            pub segment_id: SegmentId,
        }
    )*};
}

segment_events! {
    /// The customer has what the members of a segment have in common.
    CustomerSegmentJoined;
    /// Or has it no longer.
    CustomerSegmentLeft;
}

/// Shopify's own counts, to compare ours with: ours are folded from orders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerPurchasesSummarized {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub summary: PurchaseSummary,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PurchaseSummary {
    pub orders_count: u64,
    pub total_spent: Option<Money>,
    pub last_order_id: Option<OrderId>,
}

/// This customer went up in another one, and is no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerMerged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub into: CustomerId,
}

/// The customer wants to know what is kept of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerDataRequested {
    pub at: Timestamp,
    pub as_of: AsOf,
    /// Shopify's number of the request.
    pub request_id: DataRequestId,
    /// The orders it is about.
    pub orders: Vec<OrderId>,
    /// By when Shopify wants it answered: 30 days after it was asked.
    pub due_at: Timestamp,
}

/// What is kept of the customer has to be erased.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerRedactionRequested {
    /// When it was first asked.
    pub at: Timestamp,
    /// All orders whose personal data have to go with it.
    pub orders: Vec<OrderId>,
    /// By when Shopify wants it done: 30 days after it was asked.
    pub due_at: Timestamp,
    /// Why an operator asked; none when Shopify did.
    pub reason: Option<String>,
}

/// The keys to what was kept of the customer are destroyed: it reads as null from then on, and what is told later is
/// recorded without it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerRedacted {
    /// When it was first asked.
    pub at: Timestamp,
    /// All orders whose keys are destroyed with the customer's.
    pub orders: Vec<OrderId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerEnabled {
    pub at: Timestamp,
    pub as_of: AsOf,
}

/// The account cannot be logged in to: `disabled`, `invited` or `declined`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerDisabled {
    pub at: Timestamp,
    pub as_of: AsOf,
}

/// A newer snapshot differs in nothing but its time. Kept, so that an older one can never win over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerTouched {
    pub at: Timestamp,
    pub as_of: AsOf,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomerDeleted {
    pub at: Timestamp,
}
