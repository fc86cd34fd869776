use events::{
    BillingOutcome, Currency, CustomerId, OrderId, SubscriptionBillingAttempt, SubscriptionBillingCycle,
    SubscriptionContract, SubscriptionContractId, SubscriptionPolicy, Timestamp,
};
use serde::Deserialize;

use super::Snapshot;
use crate::wire::{Id, Object, Reference, Text, nonempty, optional};
use crate::{Reading, Topic, Unreadable};

#[derive(Deserialize)]
struct ContractBody<'a> {
    #[serde(borrow)]
    status: Text<'a>,
    customer_id: Option<Reference<CustomerId>>,
    origin_order_id: Option<Reference<OrderId>>,
    currency_code: Currency,
    billing_policy: Object<PolicyBody<'a>>,
    delivery_policy: Object<PolicyBody<'a>>,
    revision_id: Reference<u64>,
}

#[derive(Deserialize)]
struct PolicyBody<'a> {
    #[serde(borrow)]
    interval: Text<'a>,
    interval_count: u32,
    min_cycles: Option<u32>,
    max_cycles: Option<u32>,
}

impl From<Object<PolicyBody<'_>>> for SubscriptionPolicy {
    fn from(Object(body): Object<PolicyBody<'_>>) -> Self {
        Self {
            interval: body.interval.as_str().to_owned(),
            interval_count: body.interval_count,
            min_cycles: body.min_cycles,
            max_cycles: body.max_cycles,
        }
    }
}

impl Snapshot for SubscriptionContract {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: ContractBody<'_> = reading.decode()?;
        Ok(Self {
            status: body.status.as_str().to_owned(),
            customer_id: optional(body.customer_id),
            origin_order_id: optional(body.origin_order_id),
            currency: body.currency_code,
            billing: body.billing_policy.into(),
            delivery: body.delivery_policy.into(),
            revision: optional(Some(body.revision_id)).ok_or_else(|| Unreadable::missing("revision_id"))?,
        })
    }
}

#[derive(Deserialize)]
struct AttemptBody<'a> {
    subscription_contract_id: Id<SubscriptionContractId>,
    order_id: Option<Reference<OrderId>>,
    #[serde(borrow)]
    error_code: Option<Text<'a>>,
}

impl Snapshot for SubscriptionBillingAttempt {
    fn read(topic: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: AttemptBody<'_> = reading.decode()?;
        Ok(Self {
            contract_id: body.subscription_contract_id.0,
            order_id: optional(body.order_id),
            outcome: match topic.action() {
                "success" => BillingOutcome::Succeeded,
                "challenged" => BillingOutcome::Challenged,
                _ => BillingOutcome::Failed,
            },
            error_code: nonempty(body.error_code),
        })
    }
}

#[derive(Deserialize)]
struct CycleBody {
    subscription_contract_id: Id<SubscriptionContractId>,
    cycle_index: u32,
    cycle_start_at: Timestamp,
    cycle_end_at: Timestamp,
    billing_attempt_expected_date: Option<Timestamp>,
    skipped: bool,
    edited: Option<bool>,
}

impl Snapshot for SubscriptionBillingCycle {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: CycleBody = reading.decode()?;
        Ok(Self {
            contract_id: body.subscription_contract_id.0,
            index: body.cycle_index,
            starts_at: body.cycle_start_at,
            ends_at: body.cycle_end_at,
            billing_expected_at: body.billing_attempt_expected_date,
            skipped: body.skipped,
            edited: body.edited.unwrap_or(false),
        })
    }
}
