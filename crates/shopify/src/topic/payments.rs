//! How and when is paid.

use super::Part::Text;
use super::{ID, NO_EVENT_YET, TRIGGERED_AT, Topic, UPDATED_AT, kept};

pub(super) static TOPICS: &[Topic] = &[
    kept("tender_transactions/create", "tender_transaction", ID, TRIGGERED_AT, NO_EVENT_YET),
    kept("payment_terms/create", "payment_terms", ID, UPDATED_AT, NO_EVENT_YET),
    kept("payment_terms/update", "payment_terms", ID, UPDATED_AT, NO_EVENT_YET),
    kept("payment_terms/delete", "payment_terms", ID, TRIGGERED_AT, NO_EVENT_YET),
    kept("payment_schedules/due", "payment_schedule", ID, UPDATED_AT, NO_EVENT_YET),
    kept("disputes/create", "dispute", ID, TRIGGERED_AT, NO_EVENT_YET),
    kept("disputes/update", "dispute", ID, TRIGGERED_AT, NO_EVENT_YET),
    kept("customer_payment_methods/create", "customer_payment_method", &[Text("token")], TRIGGERED_AT, NO_EVENT_YET),
    kept("customer_payment_methods/update", "customer_payment_method", &[Text("token")], TRIGGERED_AT, NO_EVENT_YET),
    kept("customer_payment_methods/revoke", "customer_payment_method", &[Text("token")], TRIGGERED_AT, NO_EVENT_YET),
];
