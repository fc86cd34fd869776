//! What comes before an order.

use super::Part::Text;
use super::{ID, NO_EVENT_YET, TRIGGERED_AT, Topic, UPDATED_AT, kept};

pub(super) static TOPICS: &[Topic] = &[
    kept("carts/create", "cart", &[Text("id")], UPDATED_AT, NO_EVENT_YET),
    kept("carts/update", "cart", &[Text("id")], UPDATED_AT, NO_EVENT_YET),
    kept("checkouts/create", "checkout", &[Text("token")], UPDATED_AT, NO_EVENT_YET),
    kept("checkouts/update", "checkout", &[Text("token")], UPDATED_AT, NO_EVENT_YET),
    kept("checkouts/delete", "checkout", ID, TRIGGERED_AT, NO_EVENT_YET),
];
