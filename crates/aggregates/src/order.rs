//! The order: snapshots by newest, refunds, fulfilments, transactions and edits merged by id.

mod decide;
mod demand;
mod personal;
mod quantities;
mod returns;
mod shipments;
mod state;
mod worth;

use events::{
    AsOf, Currency, Edit, FinancialStatus, Fulfillment, FulfillmentId, FulfillmentStatus, Line, Money, MoneySet,
    OrderAddresses, OrderContact, OrderExtras, OrderProtection, Refund, ReturnId, ReturnTold, Sealed, Timestamp,
    Totals, Transaction, Waypoint,
};

pub use demand::{DemandPart, LineDemand};
pub use state::Order;
pub use worth::{LineWorth, OrderWorth};

/// What a webhook says of an order.
#[derive(Debug, Clone, PartialEq)]
pub enum OrderCommand {
    /// The whole order as it stood at `as_of`.
    Snapshot(Box<OrderSnapshot>),
    Refund(Refund),
    Fulfillment(Fulfillment),
    Transaction(Transaction),
    Edit(Edit),
    Return {
        id: ReturnId,
        as_of: AsOf,
        told: ReturnTold,
    },
    /// One provider's judgement; no provider is Shopify itself.
    AssessRisk {
        as_of: AsOf,
        provider_id: Option<String>,
        level: String,
    },
    Protect {
        as_of: AsOf,
        protection: OrderProtection,
    },
    Track {
        fulfillment_id: FulfillmentId,
        as_of: AsOf,
        waypoint: Waypoint,
    },
    Delete {
        at: Timestamp,
    },
}

/// The whole order at one moment (`orders/create`, `orders/updated`, …).
#[derive(Debug, Clone, PartialEq)]
pub struct OrderSnapshot {
    pub as_of: AsOf,
    /// `processed_at`, else `created_at`: when the customer placed it.
    pub placed_at: Timestamp,
    pub name: String,
    pub test: bool,
    pub currency: Currency,
    pub source_name: Option<String>,
    /// None when it came from none: a draft, a till, an app.
    pub checkout_token: Option<String>,
    /// The customer's language. Nothing is made of another one in a later snapshot.
    pub locale: Option<String>,
    pub contact: OrderContact,
    pub addresses: OrderAddresses,
    pub tags: Vec<String>,
    pub note: Option<Sealed>,
    pub lines: Vec<Line>,
    pub extras: OrderExtras,
    pub totals: Totals,
    pub financial_status: FinancialStatus,
    pub fulfillment_status: FulfillmentStatus,
    pub cancelled: Option<Cancellation>,
    pub closed_at: Option<Timestamp>,
    pub refunds: Vec<Refund>,
    pub fulfillments: Vec<Fulfillment>,
}

impl OrderSnapshot {
    /// An order without content, placed at this moment; what is known of it is put in.
    pub fn placed(at: Timestamp, currency: Currency) -> Self {
        let zero = MoneySet::same(Money::zero(currency));
        Self {
            as_of: AsOf { updated_at: at, triggered_at: None, digest: String::new() },
            placed_at: at,
            name: String::new(),
            test: false,
            currency,
            source_name: None,
            checkout_token: None,
            locale: None,
            contact: OrderContact::default(),
            addresses: OrderAddresses::default(),
            tags: Vec::new(),
            note: None,
            lines: Vec::new(),
            extras: OrderExtras::default(),
            totals: Totals {
                total: zero,
                current_total: zero,
                subtotal: zero,
                tax: zero,
                discounts: zero,
                shipping: zero,
            },
            financial_status: FinancialStatus::Pending,
            fulfillment_status: FulfillmentStatus::Unfulfilled,
            cancelled: None,
            closed_at: None,
            refunds: Vec::new(),
            fulfillments: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cancellation {
    pub at: Timestamp,
    pub reason: Option<String>,
}
