use aggregates::{Command, OrderCommand};
use events::{OrderId, Timestamp};
use serde::Deserialize;

use crate::wire::{Id, Reference, Text, optional};
use crate::{Reading, Unreadable};

/// `orders/risk_assessment_changed`.
pub(crate) fn assessed(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: RiskBody<'_> = delivery.decode()?;
    let Id(order_id) = body.order_id;
    let as_of = delivery.as_of(body.created_at.unwrap_or_else(|| delivery.triggered_at()));
    let provider_id = optional(body.provider_id).map(|id| id.to_string());
    let level = body.risk_level.as_str().to_ascii_lowercase();
    Ok(vec![Command::Order(order_id, OrderCommand::AssessRisk { as_of, provider_id, level })])
}

#[derive(Deserialize)]
struct RiskBody<'a> {
    order_id: Id<OrderId>,
    /// An app's number; null is Shopify itself.
    provider_id: Option<Reference<u64>>,
    #[serde(borrow)]
    risk_level: Text<'a>,
    created_at: Option<Timestamp>,
}
