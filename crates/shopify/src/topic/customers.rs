//! Customers, and groups of them.

use events::Segment;

use super::Part::{Gid, Number};
use super::Version::Field;
use super::{CUSTOMER_ID, ID, SUPERSEDED, TRIGGERED_AT, Topic, UPDATED_AT, deleted, kept, observed, typed};
use crate::{consent, customer, customer_news, privacy};

pub(super) static TOPICS: &[Topic] = &[
    typed("customers/create", "customer", ID, UPDATED_AT, customer::snapshot),
    typed("customers/update", "customer", ID, UPDATED_AT, customer::snapshot),
    typed("customers/enable", "customer", ID, UPDATED_AT, customer::snapshot),
    typed("customers/disable", "customer", ID, UPDATED_AT, customer::snapshot),
    typed("customers/delete", "customer", ID, TRIGGERED_AT, customer::deleted),
    typed(
        "customers/merge",
        "customer",
        &[Gid("admin_graphql_api_customer_deleted_id", &["Customer"])],
        TRIGGERED_AT,
        customer_news::merged,
    ),
    typed(
        "customers/purchasing_summary",
        "customer",
        &[Gid("customerId", &["Customer"])],
        Field("occurredAt"),
        customer_news::purchases,
    ),
    typed(
        "customer.tags_added",
        "customer",
        &[Gid("customerId", &["Customer"])],
        Field("occurredAt"),
        customer_news::tags_added,
    ),
    typed(
        "customer.tags_removed",
        "customer",
        &[Gid("customerId", &["Customer"])],
        Field("occurredAt"),
        customer_news::tags_removed,
    ),
    typed("customer.joined_segment", "customer", CUSTOMER_ID, TRIGGERED_AT, customer_news::joined_segment),
    typed("customer.left_segment", "customer", CUSTOMER_ID, TRIGGERED_AT, customer_news::left_segment),
    typed("customers_email_marketing_consent/update", "customer", CUSTOMER_ID, TRIGGERED_AT, consent::email),
    typed("customers_marketing_consent/update", "customer", ID, TRIGGERED_AT, consent::sms),
    typed("customers_whats_app_marketing_consent/update", "customer", CUSTOMER_ID, TRIGGERED_AT, consent::whats_app),
    typed("customers/data_request", "customer", &[Number("customer.id")], TRIGGERED_AT, privacy::data_requested),
    typed("customers/redact", "customer", &[Number("customer.id")], TRIGGERED_AT, privacy::customer_redaction),
    kept("customer_groups/create", "customer_group", ID, UPDATED_AT, SUPERSEDED),
    kept("customer_groups/update", "customer_group", ID, UPDATED_AT, SUPERSEDED),
    kept("customer_groups/delete", "customer_group", ID, TRIGGERED_AT, SUPERSEDED),
    observed::<Segment>("segments/create", ID, Field("lastEditDate")),
    observed::<Segment>("segments/update", ID, Field("lastEditDate")),
    deleted::<Segment>("segments/delete", ID, TRIGGERED_AT),
];
