//! What is paid again and again.

use events::{
    AppPurchase, AppSubscription, SubscriptionBillingAttempt, SubscriptionBillingCycle, SubscriptionContract,
};

use super::Part::{Gid, Text};
use super::Version::{Field, Revision};
use super::{CYCLE, ID, TRIGGERED_AT, Topic, WARNING, kept, observed};

pub(super) static TOPICS: &[Topic] = &[
    observed::<SubscriptionContract>("subscription_contracts/activate", ID, Revision("revision_id")),
    observed::<SubscriptionContract>("subscription_contracts/cancel", ID, Revision("revision_id")),
    observed::<SubscriptionContract>("subscription_contracts/create", ID, Revision("revision_id")),
    observed::<SubscriptionContract>("subscription_contracts/expire", ID, Revision("revision_id")),
    observed::<SubscriptionContract>("subscription_contracts/fail", ID, Revision("revision_id")),
    observed::<SubscriptionContract>("subscription_contracts/pause", ID, Revision("revision_id")),
    observed::<SubscriptionContract>("subscription_contracts/update", ID, Revision("revision_id")),
    observed::<SubscriptionBillingAttempt>(
        "subscription_billing_attempts/challenged",
        &[Text("idempotency_key")],
        TRIGGERED_AT,
    ),
    observed::<SubscriptionBillingAttempt>(
        "subscription_billing_attempts/failure",
        &[Text("idempotency_key")],
        TRIGGERED_AT,
    ),
    observed::<SubscriptionBillingAttempt>(
        "subscription_billing_attempts/success",
        &[Text("idempotency_key")],
        TRIGGERED_AT,
    ),
    observed::<SubscriptionBillingCycle>("subscription_billing_cycle_edits/create", CYCLE, TRIGGERED_AT),
    observed::<SubscriptionBillingCycle>("subscription_billing_cycle_edits/update", CYCLE, TRIGGERED_AT),
    observed::<SubscriptionBillingCycle>("subscription_billing_cycle_edits/delete", CYCLE, TRIGGERED_AT),
    observed::<SubscriptionBillingCycle>("subscription_billing_cycles/skip", CYCLE, TRIGGERED_AT),
    observed::<SubscriptionBillingCycle>("subscription_billing_cycles/unskip", CYCLE, TRIGGERED_AT),
    observed::<AppSubscription>(
        "app_subscriptions/update",
        &[Gid("app_subscription.admin_graphql_api_id", &["AppSubscription"])],
        Field("app_subscription.updated_at"),
    ),
    kept(
        "app_subscriptions/approaching_capped_amount",
        "app_subscription",
        &[Gid("app_subscription.admin_graphql_api_id", &["AppSubscription"])],
        Field("app_subscription.updated_at"),
        WARNING,
    ),
    observed::<AppPurchase>(
        "app_purchases_one_time/update",
        &[Gid("app_purchase_one_time.admin_graphql_api_id", &["AppPurchaseOneTime"])],
        Field("app_purchase_one_time.updated_at"),
    ),
];
