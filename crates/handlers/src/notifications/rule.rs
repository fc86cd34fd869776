use std::fmt;
use std::str::FromStr;

use events::{
    CheckoutEvent, CustomerId, Event, Fulfillment, FulfillmentState, InventoryItemId, LoyaltyEvent, OrderEvent,
    OrderId, OrderRefunded, Recorded, StockEvent, Timestamp, TransactionKind, TransactionStatus,
};
use serde::{Deserialize, Serialize};

/// A kind of message; the name is part of the key of what was sent and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    OrderConfirmation,
    ShippingConfirmation,
    Delivery,
    Refund,
    Cancellation,
    LowStock,
    Oversold,
    BackInStock,
    TierChanged,
    AbandonedCheckout,
}

/// What a message may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The recipient has to know it: no consent is asked for.
    Transactional,
    /// Only to those who have agreed to be written to.
    Marketing,
    /// To the merchant's own people, at any hour.
    Operational,
}

impl Rule {
    pub const ALL: [Self; 10] = [
        Self::OrderConfirmation,
        Self::ShippingConfirmation,
        Self::Delivery,
        Self::Refund,
        Self::Cancellation,
        Self::LowStock,
        Self::Oversold,
        Self::BackInStock,
        Self::TierChanged,
        Self::AbandonedCheckout,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrderConfirmation => "order_confirmation",
            Self::ShippingConfirmation => "shipping_confirmation",
            Self::Delivery => "delivery",
            Self::Refund => "refund",
            Self::Cancellation => "cancellation",
            Self::LowStock => "low_stock",
            Self::Oversold => "oversold",
            Self::BackInStock => "back_in_stock",
            Self::TierChanged => "tier_changed",
            Self::AbandonedCheckout => "abandoned_checkout",
        }
    }

    pub const fn class(self) -> Class {
        match self {
            Self::OrderConfirmation
            | Self::ShippingConfirmation
            | Self::Delivery
            | Self::Refund
            | Self::Cancellation => Class::Transactional,
            Self::BackInStock | Self::TierChanged | Self::AbandonedCheckout => Class::Marketing,
            Self::LowStock | Self::Oversold => Class::Operational,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no such rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule {0:?}")]
pub struct UnknownRule(String);

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(text: &str) -> Result<Self, UnknownRule> {
        let rule = Self::ALL.into_iter().find(|rule| rule.as_str() == text);
        rule.ok_or_else(|| UnknownRule(text.to_owned()))
    }
}

/// Something that a rule tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Occasion {
    pub(super) rule: Rule,
    /// The event's id; or, where several events may tell of one thing, that thing's.
    pub(super) id: String,
    /// When it happened, by Shopify's clock.
    pub(super) at: Timestamp,
    pub(super) whom: Whom,
}

/// Whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Whom {
    Order(OrderId),
    Customer(CustomerId),
    /// By its token.
    Checkout(String),
    /// Those who wait for the item to come back.
    WaitingFor(InventoryItemId),
    Operations,
}

/// What an event gives to tell.
pub(super) fn occasions(event: &Recorded<Event>) -> Vec<Occasion> {
    let id = &event.envelope.key.id;
    match &event.event {
        Event::Order(order) => id.parse().map(|id| of_order(event, id, order)).unwrap_or_default(),
        Event::Stock(stock) => id.parse().map(|id| of_stock(event, id, stock)).unwrap_or_default(),
        Event::Loyalty(LoyaltyEvent::TierChanged(told)) => {
            let occasion = |id| Occasion {
                rule: Rule::TierChanged,
                id: event.envelope.id.to_string(),
                at: told.at,
                whom: Whom::Customer(id),
            };
            id.parse().ok().map(occasion).into_iter().collect()
        }
        Event::Checkout(CheckoutEvent::Abandoned(told)) => vec![Occasion {
            rule: Rule::AbandonedCheckout,
            id: event.envelope.id.to_string(),
            at: told.at,
            whom: Whom::Checkout(id.clone()),
        }],
        _ => Vec::new(),
    }
}

fn of_order(event: &Recorded<Event>, order: OrderId, told: &OrderEvent) -> Vec<Occasion> {
    let once = |rule, at| vec![Occasion { rule, id: event.envelope.id.to_string(), at, whom: Whom::Order(order) }];
    // Told again when more of it becomes known: a corrected reason, a note that came late.
    let natural = |rule, id, at| Occasion { rule, id, at, whom: Whom::Order(order) };
    match told {
        OrderEvent::Placed(placed) => once(Rule::OrderConfirmation, placed.at),
        OrderEvent::Cancelled(cancelled) => {
            vec![natural(Rule::Cancellation, format!("cancellation/{order}"), cancelled.at)]
        }
        OrderEvent::Refunded(refunded) if gives_money_back(refunded) => {
            vec![natural(Rule::Refund, format!("refund/{order}/{}", refunded.refund.id), refunded.at)]
        }
        OrderEvent::Fulfilled(told) => of_fulfillment(order, &told.fulfillment),
        OrderEvent::FulfillmentUpdated(told) => of_fulfillment(order, &told.fulfillment),
        _ => Vec::new(),
    }
}

/// Shopify tells of a fulfilment again and again; each of its stations is one occasion.
fn of_fulfillment(order: OrderId, fulfillment: &Fulfillment) -> Vec<Occasion> {
    let occasion = |rule, at| Occasion {
        rule,
        id: format!("fulfillment/{order}/{}", fulfillment.id),
        at,
        whom: Whom::Order(order),
    };
    let shipped = fulfillment.status == FulfillmentState::Success;
    let delivered = shipped && fulfillment.shipment_status.as_deref() == Some("delivered");
    let shipping = shipped.then(|| occasion(Rule::ShippingConfirmation, fulfillment.created_at));
    shipping.into_iter().chain(delivered.then(|| occasion(Rule::Delivery, fulfillment.updated_at))).collect()
}

/// Goods taken back without money are no refund to whoever paid.
fn gives_money_back(refunded: &OrderRefunded) -> bool {
    refunded.refund.transactions.iter().any(|transaction| {
        let stands = matches!(transaction.status, TransactionStatus::Success | TransactionStatus::Pending);
        transaction.kind == TransactionKind::Refund && stands
    })
}

fn of_stock(event: &Recorded<Event>, item: InventoryItemId, told: &StockEvent) -> Vec<Occasion> {
    let occasion = |rule, at, whom| Occasion { rule, id: event.envelope.id.to_string(), at, whom };
    match told {
        StockEvent::RanLow(told) => vec![occasion(Rule::LowStock, told.at, Whom::Operations)],
        StockEvent::RanOut(told) => vec![occasion(Rule::LowStock, told.at, Whom::Operations)],
        StockEvent::Oversold(told) => vec![occasion(Rule::Oversold, told.at, Whom::Operations)],
        StockEvent::CameBack(told) => vec![occasion(Rule::BackInStock, told.at, Whom::WaitingFor(item))],
        _ => Vec::new(),
    }
}
