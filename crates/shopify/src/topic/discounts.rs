//! Discounts and markets.

use events::{Discount, DiscountCode, Market};

use super::Part::Gid;
use super::Version::Field;
use super::{DISCOUNT, ID, TRIGGERED_AT, Topic, UPDATED_AT, deleted, ended, observed};

pub(super) static TOPICS: &[Topic] = &[
    observed::<Discount>("discounts/create", DISCOUNT, UPDATED_AT),
    observed::<Discount>("discounts/update", DISCOUNT, UPDATED_AT),
    deleted::<Discount>("discounts/delete", DISCOUNT, Field("deleted_at")),
    observed::<DiscountCode>(
        "discounts/redeemcode_added",
        &[Gid("redeem_code.id", &["DiscountRedeemCode"])],
        UPDATED_AT,
    ),
    ended::<DiscountCode>(
        "discounts/redeemcode_removed",
        &[Gid("redeem_code.id", &["DiscountRedeemCode"])],
        UPDATED_AT,
    ),
    observed::<Market>("markets/create", ID, TRIGGERED_AT),
    observed::<Market>("markets/update", ID, TRIGGERED_AT),
    deleted::<Market>("markets/delete", ID, TRIGGERED_AT),
];
