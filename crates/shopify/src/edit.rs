use aggregates::{Command, OrderCommand};
use events::{Edit, EditId, LineDelta, LineId, OrderId, Timestamp};
use serde::Deserialize;

use crate::wire::{Id, List, Object};
use crate::{Reading, Unreadable};

/// `orders/edited`: the edit, not the order.
pub(crate) fn edited(delivery: &Reading<'_>) -> Result<Vec<Command>, Unreadable> {
    let EditedBody { order_edit: Object(EditBody { id: Id(id), order_id, committed_at, line_items }) } =
        delivery.decode()?;
    let (Id(order_id), Object(LineChanges { additions, removals })) = (order_id, line_items);
    let edit = Edit { id, committed_at, additions: deltas(additions), removals: deltas(removals) };
    Ok(vec![Command::Order(order_id, OrderCommand::Edit(edit))])
}

#[derive(Deserialize)]
struct EditedBody {
    order_edit: Object<EditBody>,
}

#[derive(Deserialize)]
struct EditBody {
    id: Id<EditId>,
    order_id: Id<OrderId>,
    committed_at: Timestamp,
    line_items: Object<LineChanges>,
}

#[derive(Deserialize)]
struct LineChanges {
    #[serde(default)]
    additions: List<DeltaBody>,
    #[serde(default)]
    removals: List<DeltaBody>,
}

#[derive(Deserialize)]
struct DeltaBody {
    id: Id<LineId>,
    delta: u32,
}

fn deltas(List(bodies): List<DeltaBody>) -> Vec<LineDelta> {
    let delta = |Object(DeltaBody { id: Id(line_id), delta: quantity })| LineDelta { line_id, quantity };
    bodies.into_iter().map(delta).collect()
}
