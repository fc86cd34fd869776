//! What happens to an order.
//!
//! Events carry the values *after* the change (target state, not deltas), so that a reader
//! overwrites and never adds. Those that come from a snapshot say which one (`as_of`).

mod extras;
mod order_return;
mod shipment;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::sealed::personal;
use crate::*;

pub use extras::*;
pub use order_return::*;
pub use shipment::*;

events! {
    /// The events of an order.
    OrderEvent of Order {
        Placed(OrderPlaced) = "order.placed", 3;
        CheckedOut(OrderCheckedOut) = "order.checked_out", 1;
        ExtrasChanged(OrderExtrasChanged) = "order.extras_changed", 1;
        Edited(OrderEdited) = "order.edited", 2;
        ContactChanged(OrderContactChanged) = "order.contact_changed", 2;
        AddressChanged(OrderAddressChanged) = "order.address_changed", 2;
        Tagged(OrderTagged) = "order.tagged", 1;
        Noted(OrderNoted) = "order.noted", 2;
        PaymentAuthorized(OrderPaymentAuthorized) = "order.payment_authorized", 1;
        Paid(OrderPaid) = "order.paid", 1;
        PartiallyPaid(OrderPartiallyPaid) = "order.partially_paid", 1;
        PaymentVoided(OrderPaymentVoided) = "order.payment_voided", 1;
        PaymentStatusChanged(OrderPaymentStatusChanged) = "order.payment_status_changed", 1;
        TransactionRecorded(OrderTransactionRecorded) = "order.transaction_recorded", 1;
        Refunded(OrderRefunded) = "order.refunded", 3;
        Returned(OrderReturned) = "order.returned", 1;
        ReturnUpdated(OrderReturnUpdated) = "order.return_updated", 1;
        RiskAssessed(OrderRiskAssessed) = "order.risk_assessed", 1;
        ProtectionChanged(OrderProtectionChanged) = "order.protection_changed", 1;
        Fulfilled(OrderFulfilled) = "order.fulfilled", 1;
        FulfillmentUpdated(OrderFulfillmentUpdated) = "order.fulfillment_updated", 1;
        FulfillmentCancelled(OrderFulfillmentCancelled) = "order.fulfillment_cancelled", 1;
        ShipmentTracked(OrderShipmentTracked) = "order.shipment_tracked", 1;
        FulfillmentStatusChanged(OrderFulfillmentStatusChanged) = "order.fulfillment_status_changed", 1;
        Cancelled(OrderCancelled) = "order.cancelled", 1;
        Closed(OrderClosed) = "order.closed", 1;
        Reopened(OrderReopened) = "order.reopened", 1;
        Reinstated(OrderReinstated) = "order.reinstated", 1;
        Restated(OrderRestated) = "order.restated", 1;
        Touched(OrderTouched) = "order.touched", 1;
        Deleted(OrderDeleted) = "order.deleted", 1;
    }
}

/// The first snapshot of an order. Payment and fulfilment start at nothing; what the same
/// snapshot says of them follows as events of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPlaced {
    /// When the customer placed it (`processed_at`).
    pub at: Timestamp,
    pub as_of: AsOf,
    /// As the merchant formats it: `#1042`.
    pub name: String,
    pub test: bool,
    pub currency: Currency,
    /// Where it was placed: `web`, `pos`, an app's id.
    pub source_name: Option<String>,
    /// The customer's language: `fr`, `pt-BR`.
    pub locale: Option<String>,
    pub contact: OrderContact,
    pub addresses: OrderAddresses,
    pub tags: Vec<String>,
    pub note: Option<Sealed>,
    pub lines: Vec<Line>,
    pub totals: Totals,
}

/// One line of an order as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    pub id: LineId,
    /// None for a custom line or a deleted product.
    pub product_id: Option<ProductId>,
    pub variant_id: Option<VariantId>,
    pub sku: Option<String>,
    pub title: String,
    /// As ordered, edits that add included; never falls.
    pub quantity: u32,
    /// After edits and refunds.
    pub current_quantity: u32,
    /// Of one unit, before discounts.
    pub price: MoneySet,
    /// Off the whole line.
    pub discount: MoneySet,
    pub gift_card: bool,
    /// Whether Shopify counts its stock (`variant_inventory_management` is set).
    pub tracked: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// As ordered.
    pub total: MoneySet,
    /// After edits and refunds.
    pub current_total: MoneySet,
    pub subtotal: MoneySet,
    pub tax: MoneySet,
    pub discounts: MoneySet,
    pub shipping: MoneySet,
}

/// Who ordered and how they are reached.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderContact {
    /// None for a guest.
    pub customer_id: Option<CustomerId>,
    pub email: Option<Sealed>,
    pub phone: Option<Sealed>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderAddresses {
    pub billing: Option<Box<Address>>,
    pub shipping: Option<Box<Address>>,
}

personal! {
    OrderContact { email, phone };
    OrderAddresses {} with { billing, shipping };
    Refund { note };
}

/// Lines or totals changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderEdited {
    pub at: Timestamp,
    /// The snapshot that showed it; none when only `orders/edited` has told it so far.
    pub as_of: Option<AsOf>,
    /// The edit that `orders/edited` announced.
    pub edit: Option<Edit>,
    /// Lines added or changed, whole and as they now are.
    pub lines: Vec<Line>,
    pub removed: Vec<LineId>,
    pub totals: Option<Totals>,
    /// After it; see [`OrderRefunded::lacking`].
    pub lacking: Vec<LineDelta>,
}

/// A committed order edit: how much it added to and removed from lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    pub id: EditId,
    pub committed_at: Timestamp,
    pub additions: Vec<LineDelta>,
    pub removals: Vec<LineDelta>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LineDelta {
    pub line_id: LineId,
    pub quantity: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderContactChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub contact: OrderContact,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderAddressChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub addresses: OrderAddresses,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderTagged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub tags: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderNoted {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub note: Option<Sealed>,
}

/// Shopify's `financial_status`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FinancialStatus {
    #[default]
    Pending,
    Authorized,
    PartiallyPaid,
    Paid,
    PartiallyRefunded,
    Refunded,
    Voided,
    Expired,
}

/// The payment events differ in name only; each says the status from then on.
macro_rules! payment_events {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            pub at: Timestamp,
            pub as_of: AsOf,
            pub status: FinancialStatus,
        }
    )*};
}

payment_events! {
    OrderPaymentAuthorized;
    OrderPaid;
    OrderPartiallyPaid;
    OrderPaymentVoided;
    /// To a status that has no event of its own: pending again, expired, or refunded otherwise than its refunds say.
    OrderPaymentStatusChanged;
}

/// A movement of money, whatever its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Transaction {
    pub id: TransactionId,
    pub kind: TransactionKind,
    pub status: TransactionStatus,
    pub amount: Money,
    pub gateway: Option<String>,
    pub processed_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransactionKind {
    Authorization,
    Capture,
    Sale,
    Void,
    Refund,
    /// Cash given back at the till, an authorization sent by e-mail, and what Shopify adds later.
    Other,
}

/// In the order in which a transaction goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransactionStatus {
    Pending,
    Error,
    Failure,
    Success,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderTransactionRecorded {
    pub at: Timestamp,
    pub transaction: Transaction,
}

/// Goods taken back, money given back, or both. A refund never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Refund {
    pub id: RefundId,
    pub created_at: Timestamp,
    pub note: Option<Sealed>,
    pub lines: Vec<RefundLine>,
    pub transactions: Vec<Transaction>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RefundLine {
    pub line_id: LineId,
    pub quantity: u32,
    pub restock_type: RestockType,
    /// Where the goods go back to, when Shopify says.
    pub location_id: Option<LocationId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestockType {
    /// Not yet shipped: the promise is released.
    Cancel,
    /// Shipped: the goods come back.
    Return,
    NoRestock,
    /// Restocked, before Shopify told the two apart.
    LegacyRestock,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderRefunded {
    pub at: Timestamp,
    pub refund: Refund,
    /// Of the refund's lines, after it.
    pub quantities: Vec<LineQuantity>,
    /// Of all lines of the order, after it: how many units refunds and removals have taken off beyond
    /// those that are known of. An edit that adds them, and comes late, fills these first.
    pub lacking: Vec<LineDelta>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LineQuantity {
    pub line_id: LineId,
    pub current_quantity: u32,
}

/// How likely fraud is, by one provider's judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderRiskAssessed {
    pub at: Timestamp,
    pub as_of: AsOf,
    /// The app that judged; none for Shopify itself.
    pub provider_id: Option<String>,
    /// Shopify's word: `low`, `medium`, `high`, `none`, `pending`.
    pub level: String,
}

/// Shopify Protect stands in for the order's chargebacks, or no longer does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderProtectionChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub protection: OrderProtection,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderProtection {
    /// Shopify's word, in lower case: `pending`, `active`, `inactive`, `protected`, `not_protected`.
    pub status: Option<String>,
    /// Likewise: `pending`, `eligible`, `not_eligible`.
    pub eligibility: Option<String>,
}

/// The order came from this checkout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCheckedOut {
    /// When the order was placed.
    pub at: Timestamp,
    pub checkout_token: String,
}

/// Goods sent, from one location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fulfillment {
    pub id: FulfillmentId,
    pub status: FulfillmentState,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub location_id: Option<LocationId>,
    pub tracking_company: Option<String>,
    pub tracking_number: Option<String>,
    pub tracking_url: Option<String>,
    pub shipment_status: Option<String>,
    pub lines: Vec<FulfillmentLine>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FulfillmentLine {
    pub line_id: LineId,
    pub quantity: u32,
}

/// Shopify's `status` of a fulfilment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentState {
    Pending,
    Open,
    Success,
    Error,
    Failure,
    Cancelled,
}

/// Shopify's `fulfillment_status` of an order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentStatus {
    /// Shopify says null.
    #[default]
    Unfulfilled,
    Partial,
    Fulfilled,
    Restocked,
}

macro_rules! fulfillment_events {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            pub at: Timestamp,
            pub fulfillment: Fulfillment,
        }
    )*};
}

fulfillment_events! {
    /// A fulfilment was first seen.
    OrderFulfilled;
    /// Its status or tracking changed.
    OrderFulfillmentUpdated;
    OrderFulfillmentCancelled;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderFulfillmentStatusChanged {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub status: FulfillmentStatus,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCancelled {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderClosed {
    pub at: Timestamp,
    pub as_of: AsOf,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderReopened {
    pub at: Timestamp,
    pub as_of: AsOf,
}

/// A newer snapshot no longer shows the cancellation that an older one showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderReinstated {
    pub at: Timestamp,
    pub as_of: AsOf,
}

/// A newer snapshot says otherwise what [`OrderPlaced`] said once and for all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderRestated {
    pub at: Timestamp,
    pub as_of: AsOf,
    pub placed_at: Timestamp,
    pub name: String,
    pub test: bool,
    pub currency: Currency,
    pub source_name: Option<String>,
}

/// A newer snapshot differs in nothing but its time. Kept, so that an older one can never win over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderTouched {
    pub at: Timestamp,
    pub as_of: AsOf,
}

/// Gone from Shopify. What late webhooks still say of it is recorded all the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderDeleted {
    pub at: Timestamp,
}
