//! Every event there is, with its version and its schema.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::Schema;

use crate::*;

/// One row of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct EventSpec {
    /// `<aggregate>.<what happened>`.
    pub wire_type: &'static str,
    /// The current version; older ones are upcast when read.
    pub version: u32,
    pub kind: AggregateKind,
    /// The JSON Schema of the body, as committed in `schemas/events/<type>/v<version>.json`.
    pub schema: fn() -> Schema,
}

/// The table of contents, one line per aggregate.
pub static CATALOGUE: &[&[EventSpec]] = &[
    OrderEvent::SPECS,
    ProductEvent::SPECS,
    CustomerEvent::SPECS,
    StockEvent::SPECS,
    ShopEvent::SPECS,
    LoyaltyEvent::SPECS,
    FulfillmentOrderEvent::SPECS,
    CheckoutEvent::SPECS,
    NotificationEvent::SPECS,
    ReturnEvent::SPECS,
    ResourceEvent::<Location>::SPECS,
    ResourceEvent::<Collection>::SPECS,
    ResourceEvent::<DraftOrder>::SPECS,
    ResourceEvent::<Company>::SPECS,
    ResourceEvent::<CompanyLocation>::SPECS,
    ResourceEvent::<CompanyContact>::SPECS,
    ResourceEvent::<CompanyContactRole>::SPECS,
    ResourceEvent::<Dispute>::SPECS,
    ResourceEvent::<SubscriptionContract>::SPECS,
    ResourceEvent::<SubscriptionBillingAttempt>::SPECS,
    ResourceEvent::<SubscriptionBillingCycle>::SPECS,
    ResourceEvent::<AppSubscription>::SPECS,
    ResourceEvent::<AppPurchase>::SPECS,
    ResourceEvent::<Discount>::SPECS,
    ResourceEvent::<DiscountCode>::SPECS,
    ResourceEvent::<Market>::SPECS,
    ResourceEvent::<Segment>::SPECS,
    ResourceEvent::<SellingPlanGroup>::SPECS,
    ResourceEvent::<PaymentTerms>::SPECS,
    ResourceEvent::<PaymentSchedule>::SPECS,
    ResourceEvent::<TenderTransaction>::SPECS,
    ResourceEvent::<CustomerPaymentMethod>::SPECS,
];

/// Finds a type in the catalogue.
pub fn spec(wire_type: &str) -> Option<&'static EventSpec> {
    /// For the readers of a long log: every event is looked up.
    static BY_TYPE: LazyLock<BTreeMap<&str, &EventSpec>> =
        LazyLock::new(|| CATALOGUE.iter().copied().flatten().map(|spec| (spec.wire_type, spec)).collect());
    BY_TYPE.get(wire_type).copied()
}
