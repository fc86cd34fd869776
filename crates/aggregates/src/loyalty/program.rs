use events::{Rounding, Terms, Timestamp};
use jiff::SignedDuration;
use rust_decimal::Decimal;

/// What a merchant promises; a change holds for orders that have not given points yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// Points for one unit of the shop's currency.
    pub rate: Decimal,
    pub rounding: Rounding,
    /// How long points of an order are not to be spent, from when it was placed.
    pub pending_days: u32,
    /// How long active points last; 0 for ever.
    pub validity_days: u32,
    pub include_shipping: bool,
    pub include_tax: bool,
    pub include_gift_cards: bool,
    /// From the lowest to the highest.
    pub tiers: Vec<Tier>,
    pub tier_by: TierBasis,
    /// What was earned or spent within so many days decides the tier.
    pub tier_window_days: u32,
    /// A redemption that is neither completed nor cancelled by then is cancelled; 0 for never.
    pub hold_hours: u32,
}

/// What a tier is reached by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TierBasis {
    /// Points that orders give as they stand.
    #[default]
    Points,
    /// Money, in whole units of the shop's currency.
    Spent,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Tier {
    pub name: String,
    /// Points, or units of money, within the window.
    pub from: i64,
    /// Of the points that orders give.
    pub multiplier: Decimal,
}

impl Default for Program {
    /// A point for each whole unit of money, at once, for a year; no tiers.
    fn default() -> Self {
        Self {
            rate: Decimal::ONE,
            rounding: Rounding::Floor,
            pending_days: 0,
            validity_days: 365,
            include_shipping: false,
            include_tax: false,
            include_gift_cards: false,
            tiers: Vec::new(),
            tier_by: TierBasis::Points,
            tier_window_days: 365,
            hold_hours: 24,
        }
    }
}

impl Program {
    /// For an order that gives its first points to a customer of this tier.
    pub(super) fn terms(&self, tier: Option<&str>) -> Terms {
        let tier = tier.and_then(|name| self.rank(name)).or_else(|| self.deserved(0));
        Terms {
            rate: self.rate,
            multiplier: tier.map_or(Decimal::ONE, |rank| self.tiers[rank].multiplier),
            rounding: self.rounding,
            include_shipping: self.include_shipping,
            include_tax: self.include_tax,
            include_gift_cards: self.include_gift_cards,
        }
    }

    pub(super) fn active_at(&self, placed_at: Timestamp) -> Timestamp {
        after(placed_at, self.pending_days).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn expires_at(&self, active_at: Timestamp) -> Option<Timestamp> {
        if self.validity_days == 0 { None } else { after(active_at, self.validity_days) }
    }

    /// The end of a window that begins now.
    pub(super) fn review_after(&self, at: Timestamp) -> Timestamp {
        after(at, self.tier_window_days).unwrap_or(Timestamp::MAX)
    }

    /// What was earned later than this is in the window that ends at `at`.
    pub(super) fn window_start(&self, at: Timestamp) -> Timestamp {
        at.checked_sub(days(self.tier_window_days)).unwrap_or(Timestamp::MIN)
    }

    /// When a hold that began at `at` is over; none when it has no end.
    pub(super) fn lapses_at(&self, at: Timestamp) -> Option<Timestamp> {
        let hours = SignedDuration::from_hours(self.hold_hours.into());
        at.checked_add(hours).ok().filter(|_| self.hold_hours > 0)
    }

    /// The highest tier that so much is enough for.
    pub(super) fn deserved(&self, qualifying: i64) -> Option<usize> {
        self.tiers.iter().rposition(|tier| tier.from <= qualifying)
    }

    pub(super) fn rank(&self, name: &str) -> Option<usize> {
        self.tiers.iter().position(|tier| tier.name == name)
    }
}

/// None at the end of time.
fn after(at: Timestamp, count: u32) -> Option<Timestamp> {
    at.checked_add(days(count)).ok()
}

fn days(count: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(count))
}
