use events::{
    CheckoutContent, CheckoutLine, CustomerId, Event, Fulfillment, FulfillmentLine, LoyaltyTierChanged, Money,
    OrderEvent, OrderRefunded, Shop, StockEvent,
};
use projections::orders::OrderView;
use serde::Serialize;

use super::Rule;
use super::recipients::Contact;

/// What a template may say. A part that a rule does not tell of is not there.
#[derive(Debug, Clone, Serialize)]
pub struct Context {
    pub shop: ShopPart,
    pub recipient: RecipientPart,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fulfillment: Option<FulfillmentPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund: Option<RefundPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<TierPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkout: Option<CheckoutPart>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ShopPart {
    pub name: String,
    pub domain: String,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct RecipientPart {
    pub first_name: Option<String>,
    pub customer_id: Option<CustomerId>,
}

/// The order as it stands when the message is sent. Money is `{amount, currency}`.
#[derive(Debug, Clone, Serialize)]
pub struct OrderPart {
    pub id: String,
    pub name: String,
    pub placed_at: String,
    pub cancel_reason: Option<String>,
    pub lines: Vec<LinePart>,
    pub subtotal: Money,
    pub discounts: Money,
    pub shipping: Money,
    pub tax: Money,
    pub total: Money,
}

#[derive(Debug, Clone, Serialize)]
pub struct LinePart {
    pub title: String,
    pub sku: Option<String>,
    pub quantity: u32,
    /// Of one unit.
    pub price: Money,
}

#[derive(Debug, Clone, Serialize)]
pub struct FulfillmentPart {
    pub tracking_company: Option<String>,
    pub tracking_number: Option<String>,
    /// None unless it is an address of the web.
    pub tracking_url: Option<String>,
    /// With the quantities that were sent.
    pub lines: Vec<LinePart>,
}

#[derive(Debug, Clone, Serialize)]
pub struct RefundPart {
    /// None when its amounts are of more than one currency.
    pub amount: Option<Money>,
}

/// What is stocked.
#[derive(Debug, Clone, Serialize)]
pub struct ItemPart {
    pub id: String,
    pub sku: Option<String>,
    pub title: Option<String>,
    /// Where that is what happened.
    pub short: Option<u32>,
    pub order_id: Option<String>,
}

/// A customer's standing in the loyalty program; none is below every tier.
#[derive(Debug, Clone, Serialize)]
pub struct TierPart {
    pub from: Option<String>,
    pub to: Option<String>,
}

/// What stands in a checkout.
#[derive(Debug, Clone, Serialize)]
pub struct CheckoutPart {
    pub lines: Vec<LinePart>,
    pub total: Money,
    /// None unless it is an address of the web.
    pub recovery_url: Option<String>,
}

impl Context {
    pub(super) fn new(shop: &Shop, contact: Contact) -> Self {
        let recipient = RecipientPart { first_name: contact.first_name, customer_id: contact.customer_id };
        let shop = ShopPart { name: shop.to_string(), domain: shop.domain() };
        Self { shop, recipient, order: None, fulfillment: None, refund: None, item: None, tier: None, checkout: None }
    }

    /// Puts in what the event itself says of the order.
    pub(super) fn tell(self, event: &Event, order: OrderView) -> Self {
        let Event::Order(told) = event else { return self };
        let fulfillment = match told {
            OrderEvent::Fulfilled(told) => Some(FulfillmentPart::new(&told.fulfillment, &order)),
            OrderEvent::FulfillmentUpdated(told) => Some(FulfillmentPart::new(&told.fulfillment, &order)),
            _ => None,
        };
        let refund = match told {
            OrderEvent::Refunded(told) => Some(RefundPart { amount: given_back(told) }),
            _ => None,
        };
        Self { order: Some(order.into()), fulfillment, refund, ..self }
    }

    /// Puts in what ran low, came back or is short.
    pub(super) fn stocked(self, event: &StockEvent, item: ItemPart) -> Self {
        let (short, order_id) = match event {
            StockEvent::Oversold(told) => (Some(told.short), Some(told.order_id.to_string())),
            _ => (None, None),
        };
        Self { item: Some(ItemPart { short, order_id, ..item }), ..self }
    }

    /// `recovery_url` is the content's, opened.
    pub(super) fn checkout(self, content: CheckoutContent, recovery_url: Option<String>) -> Self {
        let line =
            |line: CheckoutLine| LinePart { title: line.title, sku: None, quantity: line.quantity, price: line.price };
        let lines = content.lines.into_iter().map(line).collect();
        let recovery_url = recovery_url.filter(|url| is_web(url));
        Self { checkout: Some(CheckoutPart { lines, total: content.total, recovery_url }), ..self }
    }

    pub(super) fn tier(self, told: &LoyaltyTierChanged) -> Self {
        Self { tier: Some(TierPart { from: told.from.clone(), to: told.to.clone() }), ..self }
    }

    /// What each rule is given, made up.
    pub fn sample(rule: Rule) -> Self {
        let shop = ShopPart { name: "acme".to_owned(), domain: "acme.myshopify.com".to_owned() };
        let recipient = RecipientPart { first_name: Some("Ann".to_owned()), customer_id: CustomerId::new(7) };
        let bare = Self {
            shop,
            recipient,
            order: None,
            fulfillment: None,
            refund: None,
            item: None,
            tier: None,
            checkout: None,
        };
        let order = sample_order;
        match rule {
            Rule::OrderConfirmation | Rule::Cancellation => Self { order: order(), ..bare },
            Rule::ShippingConfirmation | Rule::Delivery => {
                Self { order: order(), fulfillment: Some(sample_fulfillment()), ..bare }
            }
            Rule::Refund => Self { order: order(), refund: Some(RefundPart { amount: euros(12) }), ..bare },
            Rule::LowStock | Rule::BackInStock => Self { item: Some(sample_item(None)), ..bare },
            Rule::Oversold => Self { item: Some(sample_item(Some(2))), ..bare },
            Rule::TierChanged => {
                let (from, to) = (Some("silver".to_owned()), Some("gold".to_owned()));
                Self { tier: Some(TierPart { from, to }), ..bare }
            }
            Rule::AbandonedCheckout => Self { checkout: sample_checkout(), ..bare },
        }
    }
}

impl From<OrderView> for OrderPart {
    fn from(order: OrderView) -> Self {
        let lines = order.lines.into_iter().map(|view| view.line).filter(|line| line.current_quantity > 0);
        let lines = lines.map(|line| LinePart {
            title: line.title,
            sku: line.sku,
            quantity: line.current_quantity,
            price: line.price,
        });
        let head = order.head;
        Self {
            id: head.id,
            name: head.name,
            placed_at: head.placed_at.strftime("%Y-%m-%d").to_string(),
            cancel_reason: head.cancel_reason,
            lines: lines.collect(),
            subtotal: head.subtotal,
            discounts: head.total_discounts,
            shipping: head.total_shipping,
            tax: head.total_tax,
            total: head.current_total,
        }
    }
}

impl FulfillmentPart {
    fn new(fulfillment: &Fulfillment, order: &OrderView) -> Self {
        let line = |sent: &FulfillmentLine| {
            let line = &order.lines.iter().find(|view| view.line.id == sent.line_id)?.line;
            let (title, sku) = (line.title.clone(), line.sku.clone());
            Some(LinePart { title, sku, quantity: sent.quantity, price: line.price })
        };
        Self {
            tracking_company: fulfillment.tracking_company.clone(),
            tracking_number: fulfillment.tracking_number.clone(),
            tracking_url: fulfillment.tracking_url.as_ref().filter(|url| is_web(url)).cloned(),
            lines: fulfillment.lines.iter().filter_map(line).collect(),
        }
    }
}

/// Nothing else is made a link of.
fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn given_back(refunded: &OrderRefunded) -> Option<Money> {
    let amounts = refunded.refund.transactions.iter().map(|transaction| transaction.amount);
    amounts.map(Some).reduce(|sum, amount| sum?.checked_add(amount?)).flatten()
}

fn euros(amount: i64) -> Option<Money> {
    let currency = "EUR".parse().ok()?;
    Some(Money::new(amount.into(), currency))
}

fn sample_line() -> Option<LinePart> {
    Some(LinePart { title: "Blue mug".to_owned(), sku: Some("MUG-1".to_owned()), quantity: 2, price: euros(10)? })
}

fn sample_order() -> Option<OrderPart> {
    Some(OrderPart {
        id: "1042".to_owned(),
        name: "#1042".to_owned(),
        placed_at: "2026-03-01".to_owned(),
        cancel_reason: Some("customer".to_owned()),
        lines: sample_line().into_iter().collect(),
        subtotal: euros(20)?,
        discounts: euros(2)?,
        shipping: euros(5)?,
        tax: euros(4)?,
        total: euros(23)?,
    })
}

fn sample_checkout() -> Option<CheckoutPart> {
    let recovery_url = Some("https://acme.example/recover".to_owned());
    Some(CheckoutPart { lines: sample_line().into_iter().collect(), total: euros(20)?, recovery_url })
}

fn sample_fulfillment() -> FulfillmentPart {
    FulfillmentPart {
        tracking_company: Some("Post".to_owned()),
        tracking_number: Some("1Z999".to_owned()),
        tracking_url: Some("https://track.example/1Z999".to_owned()),
        lines: sample_line().into_iter().collect(),
    }
}

fn sample_item(short: Option<u32>) -> ItemPart {
    ItemPart {
        id: "52".to_owned(),
        sku: Some("MUG-1".to_owned()),
        title: Some("Blue mug".to_owned()),
        short,
        order_id: short.map(|_| "1042".to_owned()),
    }
}
