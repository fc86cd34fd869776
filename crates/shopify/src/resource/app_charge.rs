use events::{AppPurchase, AppSubscription, Currency, Money, Timestamp};
use serde::Deserialize;

use super::Snapshot;
use crate::wire::{Amount, Object, Text, nonempty};
use crate::{Reading, Topic, Unreadable};

#[derive(Deserialize)]
struct SubscriptionBody<'a> {
    #[serde(borrow)]
    app_subscription: Object<ChargeBody<'a>>,
}

#[derive(Deserialize)]
struct PurchaseBody<'a> {
    #[serde(borrow)]
    app_purchase_one_time: Object<ChargeBody<'a>>,
}

#[derive(Deserialize)]
struct ChargeBody<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    status: Text<'a>,
    currency: Option<Currency>,
    price: Option<Amount>,
    capped_amount: Option<Amount>,
    interval: Option<Text<'a>>,
    plan_handle: Option<Text<'a>>,
    created_at: Option<Timestamp>,
}

impl ChargeBody<'_> {
    /// None when the body does not say in what.
    fn money(&self, amount: Option<Amount>) -> Option<Money> {
        Some(Money::new(amount?.0, self.currency?))
    }
}

impl Snapshot for AppSubscription {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let SubscriptionBody { app_subscription: Object(body) } = reading.decode()?;
        Ok(Self {
            price: body.money(body.price),
            capped_amount: body.money(body.capped_amount),
            name: body.name.as_str().to_owned(),
            status: body.status.as_str().to_owned(),
            interval: nonempty(body.interval),
            plan_handle: nonempty(body.plan_handle),
            created_at: body.created_at,
        })
    }
}

impl Snapshot for AppPurchase {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let PurchaseBody { app_purchase_one_time: Object(body) } = reading.decode()?;
        Ok(Self {
            price: body.money(body.price),
            name: body.name.as_str().to_owned(),
            status: body.status.as_str().to_owned(),
            created_at: body.created_at,
        })
    }
}
