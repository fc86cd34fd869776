//! Discounts and markets.

use super::Part::Gid;
use super::Version::Field;
use super::{DISCOUNT, ID, NO_EVENT_YET, TRIGGERED_AT, Topic, UPDATED_AT, kept};

pub(super) static TOPICS: &[Topic] = &[
    kept("discounts/create", "discount", DISCOUNT, UPDATED_AT, NO_EVENT_YET),
    kept("discounts/update", "discount", DISCOUNT, UPDATED_AT, NO_EVENT_YET),
    kept("discounts/delete", "discount", DISCOUNT, Field("deleted_at"), NO_EVENT_YET),
    kept(
        "discounts/redeemcode_added",
        "discount_code",
        &[Gid("redeem_code.id", &["DiscountRedeemCode"])],
        UPDATED_AT,
        NO_EVENT_YET,
    ),
    kept(
        "discounts/redeemcode_removed",
        "discount_code",
        &[Gid("redeem_code.id", &["DiscountRedeemCode"])],
        UPDATED_AT,
        NO_EVENT_YET,
    ),
    kept("markets/create", "market", ID, TRIGGERED_AT, NO_EVENT_YET),
    kept("markets/update", "market", ID, TRIGGERED_AT, NO_EVENT_YET),
    kept("markets/delete", "market", ID, TRIGGERED_AT, NO_EVENT_YET),
];
