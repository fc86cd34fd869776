//! What is paid again and again.

use super::Part::{Gid, Text};
use super::Version::{Field, Revision};
use super::{CYCLE, ID, NO_EVENT_YET, TRIGGERED_AT, Topic, kept};

pub(super) static TOPICS: &[Topic] = &[
    kept("subscription_contracts/activate", "subscription_contract", ID, Revision("revision_id"), NO_EVENT_YET),
    kept("subscription_contracts/cancel", "subscription_contract", ID, Revision("revision_id"), NO_EVENT_YET),
    kept("subscription_contracts/create", "subscription_contract", ID, Revision("revision_id"), NO_EVENT_YET),
    kept("subscription_contracts/expire", "subscription_contract", ID, Revision("revision_id"), NO_EVENT_YET),
    kept("subscription_contracts/fail", "subscription_contract", ID, Revision("revision_id"), NO_EVENT_YET),
    kept("subscription_contracts/pause", "subscription_contract", ID, Revision("revision_id"), NO_EVENT_YET),
    kept("subscription_contracts/update", "subscription_contract", ID, Revision("revision_id"), NO_EVENT_YET),
    kept(
        "subscription_billing_attempts/challenged",
        "subscription_billing_attempt",
        &[Text("idempotency_key")],
        TRIGGERED_AT,
        NO_EVENT_YET,
    ),
    kept(
        "subscription_billing_attempts/failure",
        "subscription_billing_attempt",
        &[Text("idempotency_key")],
        TRIGGERED_AT,
        NO_EVENT_YET,
    ),
    kept(
        "subscription_billing_attempts/success",
        "subscription_billing_attempt",
        &[Text("idempotency_key")],
        TRIGGERED_AT,
        NO_EVENT_YET,
    ),
    kept("subscription_billing_cycle_edits/create", "subscription_billing_cycle", CYCLE, TRIGGERED_AT, NO_EVENT_YET),
    kept("subscription_billing_cycle_edits/update", "subscription_billing_cycle", CYCLE, TRIGGERED_AT, NO_EVENT_YET),
    kept("subscription_billing_cycle_edits/delete", "subscription_billing_cycle", CYCLE, TRIGGERED_AT, NO_EVENT_YET),
    kept("subscription_billing_cycles/skip", "subscription_billing_cycle", CYCLE, TRIGGERED_AT, NO_EVENT_YET),
    kept("subscription_billing_cycles/unskip", "subscription_billing_cycle", CYCLE, TRIGGERED_AT, NO_EVENT_YET),
    kept(
        "app_subscriptions/update",
        "app_subscription",
        &[Gid("app_subscription.admin_graphql_api_id", &["AppSubscription"])],
        Field("app_subscription.updated_at"),
        NO_EVENT_YET,
    ),
    kept(
        "app_subscriptions/approaching_capped_amount",
        "app_subscription",
        &[Gid("app_subscription.admin_graphql_api_id", &["AppSubscription"])],
        Field("app_subscription.updated_at"),
        NO_EVENT_YET,
    ),
    kept(
        "app_purchases_one_time/update",
        "app_purchase",
        &[Gid("app_purchase_one_time.admin_graphql_api_id", &["AppPurchaseOneTime"])],
        Field("app_purchase_one_time.updated_at"),
        NO_EVENT_YET,
    ),
];
