//! What an order is worth to a loyalty program.
//!
//! A pure function of the order as it is known, like its demands: so points end the same in
//! whatever order the webhooks came.

use events::{CustomerId, FinancialStatus, LineId, Timestamp};
use rust_decimal::{Decimal, RoundingStrategy};

use super::Order;
use super::state::HeldLine;

/// An order's value by its parts, in the shop's currency, after discounts.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderWorth {
    pub placed_at: Timestamp,
    /// None for a guest.
    pub customer_id: Option<CustomerId>,
    /// Paid, and neither cancelled, deleted nor a test.
    pub counts: bool,
    pub lines: Vec<LineWorth>,
    pub shipping: Decimal,
    pub tax: Decimal,
}

/// One line's value, without tax that is in its price. Units that an edit took off were never bought, and are not in it.
#[derive(Debug, Clone, PartialEq)]
pub struct LineWorth {
    pub line_id: LineId,
    pub gift_card: bool,
    pub tip: bool,
    /// Of all the units that were bought.
    pub bought: Decimal,
    /// Of those of them that were refunded.
    pub refunded: Decimal,
}

/// Parts of a line's price are whole cents, or what stands for them in other currencies.
const DIGITS: u32 = 2;

impl Order {
    /// None before the order is placed.
    pub fn worth(&self) -> Option<OrderWorth> {
        let identity = self.identity.as_ref()?;
        let totals = self.totals.as_ref();
        Some(OrderWorth {
            placed_at: identity.placed_at,
            customer_id: self.contact.customer_id,
            counts: !identity.test && self.cancelled.is_none() && self.deleted_at.is_none() && self.was_paid(),
            lines: self.lines.values().map(|held| self.line_worth(held)).collect(),
            shipping: totals.map_or(Decimal::ZERO, |totals| totals.shipping.shop.amount()),
            tax: totals.map_or(Decimal::ZERO, |totals| totals.tax.shop.amount()),
        })
    }

    fn was_paid(&self) -> bool {
        use FinancialStatus::{Paid, PartiallyRefunded, Refunded};
        matches!(self.financial_status, Paid | PartiallyRefunded | Refunded)
    }

    fn line_worth(&self, held: &HeldLine) -> LineWorth {
        let line = &held.line;
        let back = self.refunds.values().flat_map(|refund| &refund.lines).filter(|back| back.line_id == line.id);
        let back = back.fold(0_u32, |sum, back| sum.saturating_add(back.quantity));
        // Shopify may tell one removal as an edit and as a refund: the line's own quantities say how much there is.
        let refunded = back.min(line.quantity.saturating_sub(line.current_quantity));
        let bought = line.current_quantity.saturating_add(refunded).min(line.quantity);
        let of = |units: u32| {
            let whole = line.price.shop.amount().checked_mul(line.quantity.into());
            let net = whole.and_then(|whole| whole.checked_sub(line.discount.shop.amount())).unwrap_or_default();
            let net = net.saturating_sub(self.included_tax(line.id));
            let part = net.max(Decimal::ZERO).checked_mul(units.into());
            let part = part.and_then(|part| part.checked_div(line.quantity.into())).unwrap_or_default();
            part.round_dp_with_strategy(DIGITS, RoundingStrategy::MidpointAwayFromZero)
        };
        // All the money was given back, whatever the refunds say of lines.
        let all = self.financial_status == FinancialStatus::Refunded;
        let refunded = of(if all { bought } else { refunded });
        let tip = self.extras.tips.contains(&line.id);
        LineWorth { line_id: line.id, gift_card: line.gift_card, tip, bought: of(bought), refunded }
    }

    /// On the whole line.
    fn included_tax(&self, id: LineId) -> Decimal {
        let tax = self.extras.included_tax.iter().find(|tax| tax.line_id == id);
        tax.map_or(Decimal::ZERO, |tax| tax.tax.shop.amount())
    }
}
