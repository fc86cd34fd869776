use cqrs_es::DomainEvent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::*;

/// Which state of a resource a snapshot showed; the later one wins, whatever order they arrive in.
///
/// Compared field by field: Shopify's `updated_at` (whole seconds), then the unsigned
/// `Triggered-At`, then a digest of the raw body, so that no two different bodies are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct AsOf {
    pub updated_at: Timestamp,
    pub triggered_at: Option<Timestamp>,
    /// The first 16 hexadecimal digits of the body's SHA-256.
    pub digest: String,
}

/// The events of one kind of aggregate.
pub trait DomainEvents: DomainEvent {
    const KIND: AggregateKind;

    /// The wire type, `<aggregate>.<what happened>`.
    fn wire_type(&self) -> &'static str;
    /// The version of the wire type's schema.
    fn schema_version(&self) -> u32;
    /// When it happened, by Shopify's clock.
    fn at(&self) -> Timestamp;
    /// The event's JSON: a message's body. Fails when personal data in it is not sealed.
    fn encode(&self) -> serde_json::Result<Vec<u8>>;
    /// Reads a body of the *current* version of `wire_type`; see [`crate::upcast`] for older ones.
    fn decode(wire_type: &str, body: &[u8]) -> Result<Self, DecodeError>;
    /// Widens to any event.
    fn into_event(self) -> Event;
}

/// Declares [`Event`]: one variant for each [`AggregateKind`].
macro_rules! any_event {
    ($($kind:ident($events:ty);)*) => {
        /// Any event of the house, for readers of the whole log.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Event {
            $($kind($events),)*
        }

        impl Event {
            pub(crate) fn decode(kind: AggregateKind, wire_type: &str, body: &[u8]) -> Result<Self, DecodeError> {
                Ok(match kind {
                    $(AggregateKind::$kind => Self::$kind(<$events>::decode(wire_type, body)?),)*
                })
            }

            /// The wire type, `<aggregate>.<what happened>`.
            pub fn wire_type(&self) -> &'static str {
                match self { $(Self::$kind(event) => event.wire_type(),)* }
            }

            /// The version of the wire type's schema.
            pub fn schema_version(&self) -> u32 {
                match self { $(Self::$kind(event) => event.schema_version(),)* }
            }

            /// When it happened, by Shopify's clock.
            pub fn at(&self) -> Timestamp {
                match self { $(Self::$kind(event) => event.at(),)* }
            }

            /// The event's JSON: a message's body. Fails when personal data in it is not sealed.
            pub fn encode(&self) -> serde_json::Result<Vec<u8>> {
                match self { $(Self::$kind(event) => event.encode(),)* }
            }
        }
    };
}

any_event! {
    Order(OrderEvent);
    Product(ProductEvent);
    Customer(CustomerEvent);
    Stock(StockEvent);
    Shop(ShopEvent);
    Loyalty(LoyaltyEvent);
    FulfillmentOrder(FulfillmentOrderEvent);
    Checkout(CheckoutEvent);
    Notification(NotificationEvent);
    Return(ReturnEvent);
    Location(ResourceEvent<Location>);
    Collection(ResourceEvent<Collection>);
    DraftOrder(ResourceEvent<DraftOrder>);
    Company(ResourceEvent<Company>);
    CompanyLocation(ResourceEvent<CompanyLocation>);
    CompanyContact(ResourceEvent<CompanyContact>);
    CompanyContactRole(ResourceEvent<CompanyContactRole>);
    Dispute(ResourceEvent<Dispute>);
    SubscriptionContract(ResourceEvent<SubscriptionContract>);
    SubscriptionBillingAttempt(ResourceEvent<SubscriptionBillingAttempt>);
    SubscriptionBillingCycle(ResourceEvent<SubscriptionBillingCycle>);
    AppSubscription(ResourceEvent<AppSubscription>);
    AppPurchase(ResourceEvent<AppPurchase>);
    Discount(ResourceEvent<Discount>);
    DiscountCode(ResourceEvent<DiscountCode>);
    Market(ResourceEvent<Market>);
    Segment(ResourceEvent<Segment>);
    SellingPlanGroup(ResourceEvent<SellingPlanGroup>);
    PaymentTerms(ResourceEvent<PaymentTerms>);
    PaymentSchedule(ResourceEvent<PaymentSchedule>);
    TenderTransaction(ResourceEvent<TenderTransaction>);
    CustomerPaymentMethod(ResourceEvent<CustomerPaymentMethod>);
}

/// Declares the events of one aggregate: `Variant(Payload) = "wire.type", version;`.
///
/// The list is the table of contents; it also makes the part of the catalogue that
/// [`crate::CATALOGUE`] puts together. Every payload has a field `at`.
macro_rules! events {
    ($(#[$doc:meta])* $name:ident of $kind:ident { $($variant:ident($payload:ty) = $wire:literal, $version:literal;)* }) => {
        $(#[$doc])*
        #[allow(clippy::large_enum_variant, reason = "most of what a log holds is of the larger variants")]
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum $name {
            $(#[serde(rename = $wire)] $variant($payload),)*
        }

        impl $name {
            pub(crate) const SPECS: &'static [crate::EventSpec] = &[
                $(crate::EventSpec {
                    wire_type: $wire,
                    version: $version,
                    kind: crate::AggregateKind::$kind,
                    schema: || schemars::schema_for!($payload),
                },)*
            ];
        }

        impl crate::DomainEvents for $name {
            const KIND: crate::AggregateKind = crate::AggregateKind::$kind;

            fn wire_type(&self) -> &'static str {
                match self { $(Self::$variant(_) => $wire,)* }
            }

            fn schema_version(&self) -> u32 {
                match self { $(Self::$variant(_) => $version,)* }
            }

            fn at(&self) -> crate::Timestamp {
                match self { $(Self::$variant(payload) => payload.at,)* }
            }

            fn encode(&self) -> serde_json::Result<Vec<u8>> {
                match self { $(Self::$variant(payload) => serde_json::to_vec(payload),)* }
            }

            fn decode(wire_type: &str, body: &[u8]) -> Result<Self, crate::DecodeError> {
                match wire_type {
                    $($wire => Ok(Self::$variant(serde_json::from_slice(body)?)),)*
                    _ => Err(crate::DecodeError::UnknownType(wire_type.to_owned())),
                }
            }

            fn into_event(self) -> crate::Event {
                crate::Event::$kind(self)
            }
        }

        impl cqrs_es::DomainEvent for $name {
            fn event_type(&self) -> String {
                crate::DomainEvents::wire_type(self).to_owned()
            }

            fn event_version(&self) -> String {
                crate::DomainEvents::schema_version(self).to_string()
            }
        }

        $(impl From<$payload> for $name {
            fn from(payload: $payload) -> Self {
                Self::$variant(payload)
            }
        })*
    };
}
pub(crate) use events;
