//! What is told of a return without its order.

use aggregates::{Command, ReturnCommand};
use events::{ReturnChange, ReturnDelivery, ReturnId, ReturnLineId, ReturnRemoval, ReverseDeliveryId};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::wire::{AnyId, List, Maybe, Object, Text, nonempty};
use crate::{Reading, Unreadable};

/// `returns/update`: differences only.
pub(crate) fn updated(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: UpdateBody<'_> = delivery.decode()?;
    if body.order_id.is_some() || body.order.is_some() {
        return Err(Unreadable::Shape("a return, not a change of one".to_owned()));
    }
    let id: ReturnId = body.admin_graphql_api_id.of("Return")?;
    let Maybe(lines) = body.return_line_items;
    let List(removals) = lines.unwrap_or_default().removals;
    let removed = removals.into_iter().map(|Object(removal)| removal.read()).collect::<Result<_, _>>()?;
    let fees_changed = body.restocking_fees.is_some() || body.return_shipping_fees.is_some();
    let as_of = delivery.as_of(delivery.triggered_at());
    let change = ReturnChange { removed, fees_changed };
    Ok(vec![Command::Return(id, ReturnCommand::Change { as_of, change })])
}

/// `reverse_deliveries/attach_deliverable`.
pub(crate) fn delivery_attached(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let body: DeliveryBody<'_> = delivery.decode()?;
    let Object(of) = body.of;
    let id: ReturnId =
        either(of.admin_graphql_api_id, of.id).ok_or_else(|| Unreadable::missing("return.id"))?.of("Return")?;
    let own = either(body.admin_graphql_api_id, body.id).ok_or_else(|| Unreadable::missing("id"))?;
    let delivery_id: ReverseDeliveryId = own.of("ReverseDelivery")?;
    let Maybe(deliverable) = body.shipping_deliverable;
    let deliverable = deliverable.unwrap_or_default();
    let tracking = deliverable.tracking.0.unwrap_or_default();
    let attached = ReturnDelivery {
        carrier: nonempty(deliverable.carrier_name.or(tracking.carrier_name)),
        tracking_number: nonempty(deliverable.tracking_number.or(tracking.number)),
        tracking_url: nonempty(deliverable.tracking_url.or(tracking.url)),
    };
    let as_of = delivery.as_of(delivery.triggered_at());
    Ok(vec![Command::Return(id, ReturnCommand::AttachDelivery { as_of, delivery_id, delivery: attached })])
}

fn either<'a>(gid: Option<AnyId<'a>>, number: Option<AnyId<'a>>) -> Option<AnyId<'a>> {
    gid.or(number)
}

#[derive(Deserialize)]
struct UpdateBody<'a> {
    #[serde(borrow)]
    admin_graphql_api_id: AnyId<'a>,
    #[serde(default)]
    return_line_items: Maybe<LinesBody<'a>>,
    restocking_fees: Option<IgnoredAny>,
    return_shipping_fees: Option<IgnoredAny>,
    /// The other topics of returns say them.
    order_id: Option<IgnoredAny>,
    order: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
struct LinesBody<'a> {
    #[serde(borrow, default)]
    removals: List<RemovalBody<'a>>,
}

#[derive(Deserialize)]
struct RemovalBody<'a> {
    #[serde(borrow)]
    admin_graphql_api_id: Option<AnyId<'a>>,
    id: Option<AnyId<'a>>,
    delta: i64,
}

impl RemovalBody<'_> {
    fn read(self) -> Result<ReturnRemoval, Unreadable> {
        let id = either(self.admin_graphql_api_id, self.id).ok_or_else(|| Unreadable::missing("removals.id"))?;
        let line_id: ReturnLineId = id.of("ReturnLineItem")?;
        // What is taken off may be written below zero.
        let quantity = u32::try_from(self.delta.unsigned_abs()).map_err(|_| Unreadable::out_of_range("delta"))?;
        Ok(ReturnRemoval { line_id, quantity })
    }
}

#[derive(Deserialize)]
struct DeliveryBody<'a> {
    #[serde(borrow)]
    admin_graphql_api_id: Option<AnyId<'a>>,
    id: Option<AnyId<'a>>,
    #[serde(rename = "return")]
    of: Object<OwnerBody<'a>>,
    #[serde(default)]
    shipping_deliverable: Maybe<DeliverableBody<'a>>,
}

#[derive(Deserialize)]
struct OwnerBody<'a> {
    #[serde(borrow)]
    admin_graphql_api_id: Option<AnyId<'a>>,
    id: Option<AnyId<'a>>,
}

/// Flat or nested: Shopify documents the field, not what is in it. The label is left in the inbox, because an
/// address is printed on it.
#[derive(Default, Deserialize)]
struct DeliverableBody<'a> {
    #[serde(borrow)]
    carrier_name: Option<Text<'a>>,
    tracking_number: Option<Text<'a>>,
    tracking_url: Option<Text<'a>>,
    #[serde(default)]
    tracking: Maybe<TrackingBody<'a>>,
}

#[derive(Default, Deserialize)]
struct TrackingBody<'a> {
    #[serde(borrow)]
    carrier_name: Option<Text<'a>>,
    number: Option<Text<'a>>,
    url: Option<Text<'a>>,
}
