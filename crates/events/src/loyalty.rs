//! What happens to a customer's loyalty account.
//!
//! Every event carries the lots that it changed and the balance, as they are after it: a reader
//! overwrites and never adds. How many points it moved is said beside them, for people.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::event::events;
use crate::ids::IdError;
use crate::*;

events! {
    /// The events of a loyalty account.
    LoyaltyEvent of Loyalty {
        Enrolled(LoyaltyEnrolled) = "loyalty.enrolled", 1;
        PointsEarned(LoyaltyPointsEarned) = "loyalty.points_earned", 1;
        PointsActivated(LoyaltyPointsActivated) = "loyalty.points_activated", 1;
        PointsHeld(LoyaltyPointsHeld) = "loyalty.points_held", 1;
        PointsRedeemed(LoyaltyPointsRedeemed) = "loyalty.points_redeemed", 1;
        RedemptionReversed(LoyaltyRedemptionReversed) = "loyalty.redemption_reversed", 1;
        PointsClawedBack(LoyaltyPointsClawedBack) = "loyalty.points_clawed_back", 1;
        PointsExpired(LoyaltyPointsExpired) = "loyalty.points_expired", 1;
        TierChanged(LoyaltyTierChanged) = "loyalty.tier_changed", 1;
        TierKept(LoyaltyTierKept) = "loyalty.tier_kept", 1;
        AccountClosed(LoyaltyAccountClosed) = "loyalty.account_closed", 1;
        AccountAbsorbed(LoyaltyAccountAbsorbed) = "loyalty.account_absorbed", 1;
        SpendingRecorded(LoyaltySpendingRecorded) = "loyalty.spending_recorded", 1;
    }
}

/// What one order gave, and what is left of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lot {
    /// An order has one lot in an account.
    pub order_id: OrderId,
    /// What the order gives as it stands: earned less clawed back.
    pub granted: i64,
    /// Neither spent, nor expired, nor taken for another lot. Below zero it is overdrawn: what was
    /// clawed back had been spent.
    pub remaining: i64,
    /// Ran out unspent. What is clawed back of it was nobody's any more.
    pub expired: i64,
    /// Not to be spent yet.
    pub pending: bool,
    /// When the order was placed.
    pub earned_at: Timestamp,
    /// The end of the pending time.
    pub active_at: Timestamp,
    /// None for points that stay.
    pub expires_at: Option<Timestamp>,
    /// As they were when the order first gave points.
    pub terms: Terms,
}

/// How an order's points are reckoned; fixed when it first gives any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Terms {
    /// Points for one unit of the shop's currency.
    #[serde(with = "rust_decimal::serde::str")]
    #[schemars(with = "String")]
    pub rate: Decimal,
    /// Of the customer's tier.
    #[serde(with = "rust_decimal::serde::str")]
    #[schemars(with = "String")]
    pub multiplier: Decimal,
    pub rounding: Rounding,
    pub include_shipping: bool,
    pub include_tax: bool,
    pub include_gift_cards: bool,
}

/// How a part of a point is rounded, once per order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    #[default]
    Floor,
    HalfEven,
    HalfUp,
    Ceil,
}

/// What an account holds: the sums over its lots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PointsBalance {
    /// To be spent. Below zero when what was clawed back had been spent.
    pub points: i64,
    /// Not to be spent yet.
    pub pending: i64,
}

/// What a line of an order gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinePoints {
    pub line_id: LineId,
    pub points: i64,
}

/// Points that a redemption takes from a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Draw {
    /// The lot's.
    pub order_id: OrderId,
    pub points: i64,
}

/// Names a redemption inside its account; made by us from the wish's idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RedemptionId(String);

impl RedemptionId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RedemptionId {
    type Err = IdError;

    /// Accepts 1 to 64 of `a-z`, `0-9` and `-`.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let well_formed = (1..=64).contains(&text.len()) && text.bytes().all(plain);
        if well_formed { Ok(Self(text.to_owned())) } else { Err(IdError::new("a redemption's id")) }
    }
}

impl fmt::Display for RedemptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for RedemptionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for RedemptionId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RedemptionId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[a-z0-9-]{1,64}$"})
    }
}

/// Points taken from lots, first-to-expire first: held, then spent or given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Redemption {
    pub id: RedemptionId,
    pub points: i64,
    pub state: RedemptionState,
    /// What they are redeemed for, when that is an order.
    pub order_id: Option<OrderId>,
    /// The merchant's own word for it.
    pub reason: Option<String>,
    pub draws: Vec<Draw>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedemptionState {
    /// Taken from the balance, and not yet spent.
    Held,
    /// Spent, for good.
    Completed,
    /// Given back to the lots.
    Cancelled,
}

/// The account begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoyaltyEnrolled {
    pub at: Timestamp,
}

/// An order gives more than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoyaltyPointsEarned {
    pub at: Timestamp,
    pub order_id: OrderId,
    /// More than before.
    pub points: i64,
    /// What each line gives, as the order stands; together what the order gives.
    pub lines: Vec<LinePoints>,
    pub lots: Vec<Lot>,
    pub balance: PointsBalance,
}

/// An order gives less than before: refunded, edited, cancelled, or another customer's now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoyaltyPointsClawedBack {
    pub at: Timestamp,
    pub order_id: OrderId,
    /// Less than before.
    pub points: i64,
    /// Of these, what had run out unspent, so that nothing was taken for it.
    pub expired: i64,
    /// What each line gives, as the order stands; together what the order gives.
    pub lines: Vec<LinePoints>,
    pub lots: Vec<Lot>,
    pub balance: PointsBalance,
}

/// The pending time of an order's points is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoyaltyPointsActivated {
    pub at: Timestamp,
    pub order_id: OrderId,
    pub points: i64,
    pub lots: Vec<Lot>,
    pub balance: PointsBalance,
}

/// What was left of an order's points ran out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoyaltyPointsExpired {
    pub at: Timestamp,
    pub order_id: OrderId,
    pub points: i64,
    pub lots: Vec<Lot>,
    pub balance: PointsBalance,
}

macro_rules! redemption_events {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            pub at: Timestamp,
            pub redemption: Redemption,
            pub lots: Vec<Lot>,
            pub balance: PointsBalance,
        }
    )*};
}

redemption_events! {
    /// A redemption begins: its points leave the balance, and can still come back.
    LoyaltyPointsHeld;
    /// A redemption is completed: its points are spent.
    LoyaltyPointsRedeemed;
    /// A redemption is cancelled: its points are in their lots again, and expire as they would have.
    LoyaltyRedemptionReversed;
}

/// Up at once, down at a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoyaltyTierChanged {
    pub at: Timestamp,
    pub from: Option<String>,
    /// None: below every tier.
    pub to: Option<String>,
    /// What was earned in the window, and led to it.
    pub qualifying: i64,
    /// When it is looked at again; none below every tier.
    pub review_at: Option<Timestamp>,
}

/// A review found that the tier is still deserved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoyaltyTierKept {
    pub at: Timestamp,
    pub tier: String,
    pub qualifying: i64,
    pub review_at: Timestamp,
}

/// The customer was merged into another: nothing changes here any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoyaltyAccountClosed {
    pub at: Timestamp,
    pub into: CustomerId,
}

/// What a closed account held has come here: lots, redemptions and debts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoyaltyAccountAbsorbed {
    pub at: Timestamp,
    pub from: CustomerId,
    /// Accounts that the closed one had absorbed itself.
    pub with: Vec<CustomerId>,
    /// What the closed account held.
    pub moved: PointsBalance,
    pub redemptions: Vec<Redemption>,
    pub lots: Vec<Lot>,
    pub balance: PointsBalance,
}

/// How much was spent on an order, as it stands; told where tiers go by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoyaltySpendingRecorded {
    pub at: Timestamp,
    pub order_id: OrderId,
    pub placed_at: Timestamp,
    /// What earns points, less what of it was refunded; in the shop's currency.
    #[serde(with = "rust_decimal::serde::str")]
    #[schemars(with = "String")]
    pub spent: Decimal,
}

impl LoyaltyEvent {
    /// What the event leaves behind: the lots it changed and the balance; none when it moved no points.
    pub fn lots(&self) -> Option<(&[Lot], PointsBalance)> {
        match self {
            Self::PointsEarned(LoyaltyPointsEarned { lots, balance, .. })
            | Self::PointsClawedBack(LoyaltyPointsClawedBack { lots, balance, .. })
            | Self::PointsActivated(LoyaltyPointsActivated { lots, balance, .. })
            | Self::PointsExpired(LoyaltyPointsExpired { lots, balance, .. })
            | Self::PointsHeld(LoyaltyPointsHeld { lots, balance, .. })
            | Self::PointsRedeemed(LoyaltyPointsRedeemed { lots, balance, .. })
            | Self::RedemptionReversed(LoyaltyRedemptionReversed { lots, balance, .. })
            | Self::AccountAbsorbed(LoyaltyAccountAbsorbed { lots, balance, .. }) => Some((lots, *balance)),
            Self::Enrolled(_)
            | Self::TierChanged(_)
            | Self::TierKept(_)
            | Self::AccountClosed(_)
            | Self::SpendingRecorded(_) => None,
        }
    }

    /// What the event added to points and pending points together.
    pub fn moved(&self) -> i64 {
        match self {
            Self::PointsEarned(event) => event.points,
            Self::PointsClawedBack(event) => event.expired - event.points,
            Self::PointsExpired(event) => -event.points,
            Self::PointsHeld(event) => -event.redemption.points,
            Self::RedemptionReversed(event) => event.redemption.points,
            Self::AccountAbsorbed(event) => event.moved.points + event.moved.pending,
            Self::PointsActivated(_)
            | Self::PointsRedeemed(_)
            | Self::Enrolled(_)
            | Self::TierChanged(_)
            | Self::TierKept(_)
            | Self::AccountClosed(_)
            | Self::SpendingRecorded(_) => 0,
        }
    }
}

impl Lot {
    /// Its own place in the order in which lots are spent: first-to-expire first.
    pub fn rank(&self) -> (Timestamp, Timestamp, OrderId) {
        (self.expires_at.unwrap_or(Timestamp::MAX), self.earned_at, self.order_id)
    }
}
