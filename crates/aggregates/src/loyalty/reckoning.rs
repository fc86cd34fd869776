//! From an order's worth to its points.

use std::cmp::Reverse;

use events::{LinePoints, Rounding, Terms};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::{LineWorth, OrderWorth};

/// No order gives more: sums over an account stay far from the ends of their type.
const MOST_POINTS: i64 = 1_000_000_000_000;

/// What an order gives as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reckoning {
    /// Before anything was refunded.
    pub earned: i64,
    /// For what was refunded; never more than `earned`.
    pub clawed_back: i64,
    /// What is left, by line.
    pub lines: Vec<LinePoints>,
    /// What earns, less what of it was refunded; in the shop's currency.
    pub spent: Decimal,
}

impl Reckoning {
    pub fn of(worth: &OrderWorth, terms: &Terms) -> Self {
        if !worth.counts {
            return Self::default();
        }
        let earns = |line: &&LineWorth| !line.tip && (terms.include_gift_cards || !line.gift_card);
        let lines: Vec<&LineWorth> = worth.lines.iter().filter(earns).collect();
        let (base, refunded) = base(worth, &lines, terms);
        let earned = round(base.checked_mul(terms.rate).and_then(|points| points.checked_mul(terms.multiplier)), terms);
        let clawed_back = if refunded >= base { earned } else { share(earned, refunded, base) };
        let spent = base.saturating_sub(refunded).max(Decimal::ZERO);
        Self { earned, clawed_back, lines: spread(earned - clawed_back, &lines), spent }
    }

    /// What the order gives in the end.
    pub fn points(&self) -> i64 {
        self.earned - self.clawed_back
    }
}

/// What earns, and how much of it was refunded. Tax goes back with the goods; shipping with the last of
/// them, for a refund does not say whether it was meant.
fn base(worth: &OrderWorth, lines: &[&LineWorth], terms: &Terms) -> (Decimal, Decimal) {
    let sum = |of: fn(&LineWorth) -> Decimal| {
        lines.iter().try_fold(Decimal::ZERO, |sum, line| sum.checked_add(of(line))).unwrap_or(Decimal::MAX)
    };
    let (bought, refunded) = (sum(|line| line.bought), sum(|line| line.refunded));
    let shipping = if terms.include_shipping { worth.shipping } else { Decimal::ZERO };
    let tax = if terms.include_tax { worth.tax } else { Decimal::ZERO };
    let base = bought.saturating_add(shipping).saturating_add(tax);
    if refunded >= bought {
        return (base, base);
    }
    let back = tax.checked_mul(refunded).and_then(|part| part.checked_div(bought)).unwrap_or_default();
    (base, refunded.saturating_add(back))
}

fn round(points: Option<Decimal>, terms: &Terms) -> i64 {
    let strategy = match terms.rounding {
        Rounding::Floor => RoundingStrategy::ToNegativeInfinity,
        Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
        Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        Rounding::Ceil => RoundingStrategy::ToPositiveInfinity,
    };
    let whole = points.and_then(|points| points.round_dp_with_strategy(0, strategy).to_i64());
    whole.unwrap_or(MOST_POINTS).clamp(0, MOST_POINTS)
}

/// `points × part / whole`, half up.
fn share(points: i64, part: Decimal, whole: Decimal) -> i64 {
    let exact = Decimal::from(points).checked_mul(part).and_then(|points| points.checked_div(whole));
    let rounded = exact.map(|exact| exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero));
    rounded.and_then(|rounded| rounded.to_i64()).unwrap_or(points).clamp(0, points)
}

/// By what is left of each line: whole points first, then one more to those that miss most of one.
fn spread(points: i64, lines: &[&LineWorth]) -> Vec<LinePoints> {
    let left = |line: &LineWorth| (line.bought - line.refunded).max(Decimal::ZERO);
    let whole = lines.iter().fold(Decimal::ZERO, |sum, line| sum.saturating_add(left(line)));
    let mut parts: Vec<(Decimal, LinePoints)> = Vec::with_capacity(lines.len());
    for line in lines {
        let exact = Decimal::from(points).checked_mul(left(line)).and_then(|part| part.checked_div(whole));
        let exact = exact.unwrap_or_default();
        let points = exact.floor().to_i64().unwrap_or_default();
        parts.push((exact.fract(), LinePoints { line_id: line.line_id, points }));
    }
    let rest = points - parts.iter().map(|(_, part)| part.points).sum::<i64>();
    parts.sort_by_key(|(missing, part)| (Reverse(*missing), part.line_id));
    for (_, part) in parts.iter_mut().take(usize::try_from(rest).unwrap_or_default()) {
        part.points += 1;
    }
    parts.sort_by_key(|(_, part)| part.line_id);
    parts.into_iter().map(|(_, part)| part).filter(|part| part.points > 0).collect()
}

#[cfg(test)]
mod tests;
