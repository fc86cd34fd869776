use events::{Currency, FulfillmentState, LineId, Money, RefundId, RefundLine, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::row::{FulfillmentView, OrderHead, OrderLine, OrderRow, RefundRow};

/// An order as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct OrderView {
    #[serde(flatten)]
    pub head: OrderHead,
    /// All that was given back, by successful refund transactions.
    pub refunded: Money,
    pub lines: Vec<LineView>,
    pub refunds: Vec<RefundView>,
    pub fulfillments: Vec<FulfillmentView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LineView {
    #[serde(flatten)]
    pub line: OrderLine,
    /// In fulfilments that stand.
    pub fulfilled_quantity: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RefundView {
    pub id: RefundId,
    pub created_at: Timestamp,
    /// Given back by its own transactions.
    pub amount: Money,
    pub lines: Vec<RefundLine>,
}

impl OrderRow {
    /// None before the order is placed, and once it is deleted.
    pub(super) fn view(self) -> Option<OrderView> {
        if !self.is_visible() {
            return None;
        }
        let Self { head, lines, refunds, fulfillments, given_back, .. } = self;
        let head = head?;
        let currency = head.currency;
        let lines =
            lines.into_iter().map(|line| LineView { fulfilled_quantity: fulfilled(&fulfillments, line.id), line });
        let amount = |refund: &RefundRow| sum(currency, refund.transactions.iter().filter_map(|id| given_back.get(id)));
        let shown = |refund: RefundRow| RefundView {
            id: refund.id,
            created_at: refund.created_at,
            amount: amount(&refund),
            lines: refund.lines,
        };
        Some(OrderView {
            refunded: sum(currency, given_back.values()),
            lines: lines.collect(),
            refunds: refunds.into_iter().map(shown).collect(),
            head,
            fulfillments,
        })
    }
}

/// In the order's currency; an amount in another one cannot be added and is left out.
fn sum<'a>(currency: Currency, amounts: impl Iterator<Item = &'a Money>) -> Money {
    amounts.fold(Money::zero(currency), |sum, amount| sum.checked_add(*amount).unwrap_or(sum))
}

fn fulfilled(fulfillments: &[FulfillmentView], line: LineId) -> u32 {
    let stands = |fulfillment: &&FulfillmentView| {
        matches!(fulfillment.status, FulfillmentState::Pending | FulfillmentState::Open | FulfillmentState::Success)
    };
    let lines = fulfillments.iter().filter(stands).flat_map(|fulfillment| &fulfillment.lines);
    lines.filter(|sent| sent.line_id == line).fold(0, |sum, sent| sum.saturating_add(sent.quantity))
}
