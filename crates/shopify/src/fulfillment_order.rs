use std::collections::BTreeMap;

use aggregates::{Command, FulfillmentOrderCommand, FulfillmentOrderNews};
use events::{
    FulfillmentHold, FulfillmentHoldId, FulfillmentOrderId, FulfillmentOrderLine, FulfillmentOrderTold, Timestamp,
};
use serde::Deserialize;

use crate::wire::{AnyId, Id, List, Object, Text, any_id, nonempty};
use crate::{Reading, Unreadable};

const KIND: &str = "FulfillmentOrder";
const LOCATION: &str = "Location";
const HOLD: &str = "FulfillmentHold";

/// All that names one fulfilment order: its requests, its schedule, its progress, its routing.
pub(crate) fn changed(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let ChangedBody { fulfillment_order } = delivery.decode()?;
    let mut all = Told::default();
    all.tell(fulfillment_order)?;
    Ok(all.commands(delivery, FulfillmentOrderNews::Other))
}

/// `fulfillment_orders/fulfillment_request_submitted`: what was asked for may be a part, and a new one.
pub(crate) fn submitted(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let SubmittedBody { original_fulfillment_order, submitted_fulfillment_order } = delivery.decode()?;
    let mut all = Told::default();
    let original = all.tell(original_fulfillment_order)?;
    let submitted = all.tell(submitted_fulfillment_order)?;
    all.replace(original, submitted);
    Ok(all.commands(delivery, FulfillmentOrderNews::Split))
}

/// `fulfillment_orders/moved`.
pub(crate) fn moved(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let MovedBody { original_fulfillment_order, moved_fulfillment_order, destination_location_id } =
        delivery.decode()?;
    let mut all = Told::default();
    let original = all.tell(original_fulfillment_order)?;
    if let Some(moved) = moved_fulfillment_order {
        let moved = all.tell(moved)?;
        let destination = any_id(destination_location_id.as_ref(), LOCATION)?;
        let told = all.0.entry(moved).or_default();
        told.location_id = told.location_id.or(destination);
        all.replace(original, moved);
    }
    Ok(all.commands(delivery, FulfillmentOrderNews::Other))
}

/// `fulfillment_orders/split`.
pub(crate) fn split(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let SplitBody { fulfillment_order, remaining_fulfillment_order, replacement_fulfillment_order } =
        delivery.decode()?;
    let mut all = Told::default();
    let original = all.tell(fulfillment_order)?;
    for part in [remaining_fulfillment_order, replacement_fulfillment_order].into_iter().flatten() {
        let part = all.tell(part)?;
        all.replace(original, part);
    }
    Ok(all.commands(delivery, FulfillmentOrderNews::Split))
}

/// `fulfillment_orders/merged`; the result was a list in old versions.
pub(crate) fn merged(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let MergedBody { fulfillment_order_merges, merge_intents } = delivery.decode()?;
    let merges = match fulfillment_order_merges {
        Merges::One(Object(merge)) => vec![merge],
        Merges::Many(List(merges)) => merges.into_iter().map(|Object(merge)| merge).collect(),
    };
    let mut all = Told::default();
    let [merge] = <[MergeBody<'_>; 1]>::try_from(merges).map_err(|_| Unreadable::missing("fulfillment_order"))?;
    let result = all.tell(merge.fulfillment_order)?;
    for Object(IntentBody { fulfillment_order_id }) in merge_intents.0 {
        all.replace(fulfillment_order_id.of(KIND)?, result);
    }
    Ok(all.commands(delivery, FulfillmentOrderNews::Merged))
}

/// `fulfillment_orders/cancelled`; what is still to be sent may go on in a new one.
pub(crate) fn cancelled(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let CancelledBody { fulfillment_order, replacement_fulfillment_order } = delivery.decode()?;
    let mut all = Told::default();
    let cancelled = all.tell(fulfillment_order)?;
    if let Some(replacement) = replacement_fulfillment_order {
        let replacement = all.tell(replacement)?;
        all.replace(cancelled, replacement);
    }
    Ok(all.commands(delivery, FulfillmentOrderNews::Other))
}

/// `fulfillment_orders/placed_on_hold`; what is not held may go on in another one.
pub(crate) fn held(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let HeldBody { fulfillment_order, remaining_fulfillment_order, created_fulfillment_hold } = delivery.decode()?;
    let mut all = Told::default();
    let held = all.tell(fulfillment_order)?;
    let created = created_fulfillment_hold.map(|Object(hold)| hold.hold()).transpose()?;
    all.0.entry(held).or_default().held.extend(created);
    if let Some(remaining) = remaining_fulfillment_order {
        let remaining = all.tell(remaining)?;
        all.replace(held, remaining);
    }
    Ok(all.commands(delivery, FulfillmentOrderNews::Other))
}

/// `fulfillment_holds/added`.
pub(crate) fn hold_added(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let HoldBody { fulfillment_order, fulfillment_hold: Object(hold) } = delivery.decode()?;
    let mut all = Told::default();
    let id = all.tell(fulfillment_order)?;
    all.0.entry(id).or_default().held.push(hold.hold()?);
    Ok(all.commands(delivery, FulfillmentOrderNews::Other))
}

/// `fulfillment_holds/released`.
pub(crate) fn hold_released(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let HoldBody { fulfillment_order, fulfillment_hold: Object(hold) } = delivery.decode()?;
    let mut all = Told::default();
    let id = all.tell(fulfillment_order)?;
    all.0.entry(id).or_default().released.push(hold.hold()?.id);
    Ok(all.commands(delivery, FulfillmentOrderNews::Other))
}

/// What one body tells of all the fulfilment orders in it; of one that is there twice, once.
#[derive(Default)]
struct Told(BTreeMap<FulfillmentOrderId, FulfillmentOrderTold>);

impl Told {
    fn tell(&mut self, Object(body): Object<FulfillmentOrderBody<'_>>) -> Result<FulfillmentOrderId, Unreadable> {
        let id = body.id.of(KIND)?;
        let location_id = match body.assigned_location_id {
            Some(id) => any_id(Some(&id), LOCATION)?,
            None => any_id(body.assigned_location.as_ref().and_then(|Object(at)| at.location_id.as_ref()), LOCATION)?,
        };
        let holds = body.fulfillment_holds.0.into_iter().map(|Object(hold)| hold.hold());
        let lines = body.line_items.map(|List(lines)| lines.into_iter().map(|Object(line)| line.line()).collect());
        let told = self.0.entry(id).or_default();
        told.order_id = any_id(body.order_id.as_ref(), "Order")?.or(told.order_id);
        told.status = nonempty(body.status).or(told.status.take());
        told.request_status = nonempty(body.request_status).or(told.request_status.take());
        told.location_id = location_id.or(told.location_id);
        told.lines = lines.or(told.lines.take());
        told.fulfill_at = body.fulfill_at.or(told.fulfill_at);
        told.held.extend(holds.collect::<Result<Vec<_>, _>>()?);
        Ok(id)
    }

    fn replace(&mut self, old: FulfillmentOrderId, new: FulfillmentOrderId) {
        if old != new {
            self.0.entry(old).or_default().replaced_by.push(new);
            self.0.entry(new).or_default().replaces.push(old);
        }
    }

    /// Their bodies say no time: when it was triggered is all there is.
    fn commands(self, delivery: &Reading<'_>, news: FulfillmentOrderNews) -> Vec<Command> {
        let as_of = delivery.as_of(delivery.triggered_at());
        let command =
            |(id, told)| Command::FulfillmentOrder(FulfillmentOrderCommand { id, as_of: as_of.clone(), news, told });
        self.0.into_iter().map(command).collect()
    }
}

#[derive(Deserialize)]
struct ChangedBody<'a> {
    #[serde(borrow)]
    fulfillment_order: Object<FulfillmentOrderBody<'a>>,
}

#[derive(Deserialize)]
struct SubmittedBody<'a> {
    #[serde(borrow)]
    original_fulfillment_order: Object<FulfillmentOrderBody<'a>>,
    submitted_fulfillment_order: Object<FulfillmentOrderBody<'a>>,
}

#[derive(Deserialize)]
struct MovedBody<'a> {
    #[serde(borrow)]
    original_fulfillment_order: Object<FulfillmentOrderBody<'a>>,
    moved_fulfillment_order: Option<Object<FulfillmentOrderBody<'a>>>,
    destination_location_id: Option<AnyId<'a>>,
}

#[derive(Deserialize)]
struct SplitBody<'a> {
    #[serde(borrow)]
    fulfillment_order: Object<FulfillmentOrderBody<'a>>,
    remaining_fulfillment_order: Option<Object<FulfillmentOrderBody<'a>>>,
    replacement_fulfillment_order: Option<Object<FulfillmentOrderBody<'a>>>,
}

#[derive(Deserialize)]
struct MergedBody<'a> {
    #[serde(borrow)]
    fulfillment_order_merges: Merges<'a>,
    merge_intents: List<IntentBody<'a>>,
}

enum Merges<'a> {
    One(Object<MergeBody<'a>>),
    Many(List<MergeBody<'a>>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Merges<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?.get();
        let read = if raw.starts_with('[') {
            serde_json::from_str(raw).map(Self::Many)
        } else {
            serde_json::from_str(raw).map(Self::One)
        };
        read.map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
struct MergeBody<'a> {
    #[serde(borrow)]
    fulfillment_order: Object<FulfillmentOrderBody<'a>>,
}

#[derive(Deserialize)]
struct IntentBody<'a> {
    #[serde(borrow)]
    fulfillment_order_id: AnyId<'a>,
}

#[derive(Deserialize)]
struct CancelledBody<'a> {
    #[serde(borrow)]
    fulfillment_order: Object<FulfillmentOrderBody<'a>>,
    replacement_fulfillment_order: Option<Object<FulfillmentOrderBody<'a>>>,
}

#[derive(Deserialize)]
struct HeldBody<'a> {
    #[serde(borrow)]
    fulfillment_order: Object<FulfillmentOrderBody<'a>>,
    remaining_fulfillment_order: Option<Object<FulfillmentOrderBody<'a>>>,
    created_fulfillment_hold: Option<Object<FulfillmentHoldBody<'a>>>,
}

#[derive(Deserialize)]
struct HoldBody<'a> {
    #[serde(borrow)]
    fulfillment_order: Object<FulfillmentOrderBody<'a>>,
    fulfillment_hold: Object<FulfillmentHoldBody<'a>>,
}

/// Mostly an id and a status; the rest where a version says more.
#[derive(Deserialize)]
struct FulfillmentOrderBody<'a> {
    #[serde(borrow)]
    id: AnyId<'a>,
    order_id: Option<AnyId<'a>>,
    status: Option<Text<'a>>,
    request_status: Option<Text<'a>>,
    assigned_location_id: Option<AnyId<'a>>,
    assigned_location: Option<Object<AssignedLocation<'a>>>,
    line_items: Option<List<FulfillmentOrderLineBody>>,
    fulfill_at: Option<Timestamp>,
    #[serde(default)]
    fulfillment_holds: List<FulfillmentHoldBody<'a>>,
}

#[derive(Deserialize)]
struct AssignedLocation<'a> {
    #[serde(borrow)]
    location_id: Option<AnyId<'a>>,
}

#[derive(Deserialize)]
struct FulfillmentOrderLineBody {
    line_item_id: Id<events::LineId>,
    quantity: u32,
    /// Not yet sent.
    fulfillable_quantity: Option<u32>,
}

impl FulfillmentOrderLineBody {
    fn line(self) -> FulfillmentOrderLine {
        let Id(line_id) = self.line_item_id;
        let remaining = self.fulfillable_quantity.unwrap_or(self.quantity);
        FulfillmentOrderLine { line_id, quantity: self.quantity, remaining }
    }
}

#[derive(Deserialize)]
struct FulfillmentHoldBody<'a> {
    #[serde(borrow)]
    id: AnyId<'a>,
    reason: Option<Text<'a>>,
}

impl FulfillmentHoldBody<'_> {
    fn hold(self) -> Result<FulfillmentHold, Unreadable> {
        let id: FulfillmentHoldId = self.id.of(HOLD)?;
        Ok(FulfillmentHold { id, reason: nonempty(self.reason) })
    }
}
