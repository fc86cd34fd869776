//! The loyalty account: what it says of its points, and that it says the same however it came to know.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod loyalty {
    mod law;
    mod redemption;
    mod story;
    mod tiers;
}
