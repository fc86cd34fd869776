use aggregates::{Command, OrderCommand};
use events::{OrderId, OrderProtection};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::{AnyId, Maybe, Text, nonempty};
use crate::{Reading, Unreadable};

/// `orders/shopify_protect_eligibility_changed`. It says no time of its own.
pub(crate) fn changed(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: ProtectionBody<'_> = delivery.decode()?;
    let order_id: OrderId = body.order_id.of("Order")?;
    let protection = OrderProtection { status: word(body.status), eligibility: eligibility(body.eligibility)? };
    let as_of = delivery.as_of(delivery.triggered_at());
    Ok(vec![Command::Order(order_id, OrderCommand::Protect { as_of, protection })])
}

/// A word, or an object with one: the API has the latter.
fn eligibility(raw: Option<&RawValue>) -> Result<Option<String>, Unreadable> {
    let Some(raw) = raw.map(RawValue::get) else { return Ok(None) };
    if raw.starts_with('"') {
        return Ok(word(serde_json::from_str(raw)?));
    }
    let Maybe(body): Maybe<EligibilityBody<'_>> = serde_json::from_str(raw)?;
    Ok(body.and_then(|body| word(body.status)))
}

fn word(text: Option<Text<'_>>) -> Option<String> {
    nonempty(text).map(|word| word.to_ascii_lowercase())
}

#[derive(Deserialize)]
struct ProtectionBody<'a> {
    #[serde(borrow)]
    order_id: AnyId<'a>,
    status: Option<Text<'a>>,
    eligibility: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct EligibilityBody<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
}
