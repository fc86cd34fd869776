//! Where Shopify has said that an order's lines are to be sent from.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::LineDemand;
use db::Database;
use events::{
    Fate, FulfillmentOrder, FulfillmentOrderId, FulfillmentOrderLine, LineId, LocationId, OrderId, Shop, Timestamp,
};
use projections::ReadError;
use projections::fulfillment_orders::{self, FulfillmentOrderRow};

/// One fulfilment order takes the place of another only so often; what is longer is a circle.
const MOST_STEPS: usize = 100;
/// Nothing is sent of those any more; others may go on in their place.
const OVER: [&str; 3] = ["closed", "cancelled", "incomplete"];

/// Units of lines by the location that is to send them; empty while nothing was said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Stations(BTreeMap<LineId, Vec<Station>>);

#[derive(Debug, Clone, PartialEq)]
struct Station {
    location_id: LocationId,
    /// Not yet sent, at that time.
    remaining: u32,
    at: Timestamp,
}

impl Stations {
    /// By the fulfilment orders that name the order, and those that went on in their place.
    pub(super) async fn of(copies: &Database, shop: &Shop, named: Vec<FulfillmentOrderRow>) -> Result<Self, ReadError> {
        let mut rows: BTreeMap<FulfillmentOrderId, FulfillmentOrderRow> =
            named.into_iter().map(|row| (row.fulfillment_order.id, row)).collect();
        let mut open: Vec<FulfillmentOrderId> = rows.keys().copied().collect();
        for _ in 0..MOST_STEPS {
            let Some(next) = open.pop() else { break };
            let Some((old, heir)) =
                rows.get(&next).and_then(|old| Some((old.clone(), sole_heir(&old.fulfillment_order)?)))
            else {
                continue;
            };
            if rows.get(&heir).is_some_and(|known| known.lines_at.is_some()) {
                continue;
            }
            if let Some(found) = fulfillment_orders::get(copies, shop, heir).await? {
                rows.insert(heir, in_place_of(&old, found.view));
                open.push(heir);
            }
        }
        let mut stations = Self::default();
        rows.into_values().for_each(|row| stations.add(row));
        Ok(stations)
    }

    fn add(&mut self, row: FulfillmentOrderRow) {
        let told = row.fulfillment_order;
        let (Some(location_id), Some(lines), Some(at), false) =
            (told.location_id, &told.lines, row.lines_at, is_over(&told))
        else {
            return;
        };
        for FulfillmentOrderLine { line_id, remaining, .. } in lines {
            self.0.entry(*line_id).or_default().push(Station { location_id, remaining: *remaining, at });
        }
    }

    /// What a location has sent since it was said to have so many units left, it has no more.
    pub(super) fn route(&self, demand: &mut LineDemand) {
        let Some(stations) = self.0.get(&demand.line_id) else { return };
        let room = |station: &Station| {
            let sent = demand.parts.iter().filter(|part| {
                part.fate == Fate::Shipped && part.location_id == Some(station.location_id) && part.since > station.at
            });
            let sent: u32 = sent.map(|part| part.quantity).sum();
            (station.location_id, station.remaining.saturating_sub(sent))
        };
        let rooms: Vec<(LocationId, u32)> = stations.iter().map(room).collect();
        demand.route(&rooms);
    }
}

/// Whose fulfilment order it is, by its own word or that of those whose place it took.
pub(super) async fn order_of(
    copies: &Database,
    shop: &Shop,
    told: &FulfillmentOrder,
) -> Result<Option<OrderId>, ReadError> {
    let mut seen = BTreeSet::new();
    let mut open = vec![told.clone()];
    while let Some(next) = open.pop().filter(|_| seen.len() < MOST_STEPS) {
        if next.order_id.is_some() {
            return Ok(next.order_id);
        }
        for id in next.replaces.iter().filter(|id| seen.insert(**id)) {
            open.extend(fulfillment_orders::get(copies, shop, *id).await?.map(|found| found.view.fulfillment_order));
        }
    }
    Ok(None)
}

/// Who goes on in the place of one that is over. Of several nobody has said which has what.
fn sole_heir(told: &FulfillmentOrder) -> Option<FulfillmentOrderId> {
    match told.replaced_by[..] {
        [heir] if is_over(told) => Some(heir),
        _ => None,
    }
}

/// What the heir does not say of itself is as it was.
fn in_place_of(old: &FulfillmentOrderRow, heir: FulfillmentOrderRow) -> FulfillmentOrderRow {
    let told = heir.lines_at.is_some();
    let lines = if told { heir.fulfillment_order.lines.clone() } else { old.fulfillment_order.lines.clone() };
    FulfillmentOrderRow {
        lines_at: heir.lines_at.or(old.lines_at),
        fulfillment_order: FulfillmentOrder { lines, ..heir.fulfillment_order },
    }
}

fn is_over(told: &FulfillmentOrder) -> bool {
    told.status.as_deref().is_some_and(|status| OVER.contains(&status))
}
