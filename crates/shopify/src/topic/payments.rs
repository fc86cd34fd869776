//! How and when is paid.

use events::{CustomerPaymentMethod, Dispute, PaymentSchedule, PaymentTerms, TenderTransaction};

use super::Part::Text;
use super::{ID, TRIGGERED_AT, Topic, UPDATED_AT, deleted, ended, observed};

pub(super) static TOPICS: &[Topic] = &[
    observed::<TenderTransaction>("tender_transactions/create", ID, TRIGGERED_AT),
    observed::<PaymentTerms>("payment_terms/create", ID, UPDATED_AT),
    observed::<PaymentTerms>("payment_terms/update", ID, UPDATED_AT),
    deleted::<PaymentTerms>("payment_terms/delete", ID, TRIGGERED_AT),
    observed::<PaymentSchedule>("payment_schedules/due", ID, UPDATED_AT),
    observed::<Dispute>("disputes/create", ID, TRIGGERED_AT),
    observed::<Dispute>("disputes/update", ID, TRIGGERED_AT),
    observed::<CustomerPaymentMethod>("customer_payment_methods/create", &[Text("token")], TRIGGERED_AT),
    observed::<CustomerPaymentMethod>("customer_payment_methods/update", &[Text("token")], TRIGGERED_AT),
    ended::<CustomerPaymentMethod>("customer_payment_methods/revoke", &[Text("token")], TRIGGERED_AT),
];
