//! What comes before an order.

use super::Part::Text;
use super::{ID, NO_CUSTOMER, NO_TOKEN, TRIGGERED_AT, Topic, UPDATED_AT, kept, typed};
use crate::checkout;

pub(super) static TOPICS: &[Topic] = &[
    kept("carts/create", "cart", &[Text("id")], UPDATED_AT, NO_CUSTOMER),
    kept("carts/update", "cart", &[Text("id")], UPDATED_AT, NO_CUSTOMER),
    typed("checkouts/create", "checkout", &[Text("token")], UPDATED_AT, checkout::snapshot),
    typed("checkouts/update", "checkout", &[Text("token")], UPDATED_AT, checkout::snapshot),
    kept("checkouts/delete", "checkout", ID, TRIGGERED_AT, NO_TOKEN),
];
