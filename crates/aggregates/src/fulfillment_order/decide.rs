use events::{
    FulfillmentOrder, FulfillmentOrderCancelled, FulfillmentOrderEvent, FulfillmentOrderHeld, FulfillmentOrderMerged,
    FulfillmentOrderMoved, FulfillmentOrderReleased, FulfillmentOrderRescheduled, FulfillmentOrderRouted,
    FulfillmentOrderSplit, FulfillmentOrderTouched, FulfillmentOrderUpdated,
};

use super::{FulfillmentOrderCommand, FulfillmentOrderNews, FulfillmentOrderState};
use crate::Decider;
use crate::decide::aggregate;

aggregate!(FulfillmentOrderState, FulfillmentOrderCommand, FulfillmentOrderEvent);

impl Decider for FulfillmentOrderState {
    /// One event at most: it is named by what changed.
    fn decide(&mut self, command: FulfillmentOrderCommand) -> Result<Vec<FulfillmentOrderEvent>, Self::Error> {
        let before = self.clone();
        self.hear(&command.as_of, command.told.clone());
        if *self == before {
            return Ok(Vec::new());
        }
        let (before, after) = (before.shown(command.id), self.shown(command.id));
        Ok(vec![named(&before, after, command)])
    }
}

/// Makes the event of the name from the parts that all of them have.
macro_rules! event {
    ($name:ident, $command:ident, $after:ident $(, $more:ident)*) => {{
        let FulfillmentOrderCommand { as_of, told, .. } = $command;
        $name { at: as_of.updated_at, as_of, $($more,)* told, fulfillment_order: $after }.into()
    }};
}

fn named(
    before: &FulfillmentOrder,
    after: FulfillmentOrder,
    command: FulfillmentOrderCommand,
) -> FulfillmentOrderEvent {
    let is = |shown: &FulfillmentOrder, status: &str| shown.status.as_deref() == Some(status);
    let became = |status: &str| is(&after, status) && !is(before, status);
    let linked = after.replaced_by != before.replaced_by || after.replaces != before.replaces;
    match (before.location_id, after.location_id) {
        (None, Some(_)) => return event!(FulfillmentOrderRouted, command, after),
        (Some(from), to) if to != Some(from) => return event!(FulfillmentOrderMoved, command, after, from),
        _ => {}
    }
    if became("cancelled") {
        event!(FulfillmentOrderCancelled, command, after)
    } else if linked && command.news == FulfillmentOrderNews::Split {
        event!(FulfillmentOrderSplit, command, after)
    } else if linked && command.news == FulfillmentOrderNews::Merged {
        event!(FulfillmentOrderMerged, command, after)
    } else if became("on_hold") || after.holds.len() > before.holds.len() {
        event!(FulfillmentOrderHeld, command, after)
    } else if (is(before, "on_hold") && !is(&after, "on_hold")) || after.holds.len() < before.holds.len() {
        event!(FulfillmentOrderReleased, command, after)
    } else if after.fulfill_at != before.fulfill_at {
        event!(FulfillmentOrderRescheduled, command, after)
    } else if after != *before {
        event!(FulfillmentOrderUpdated, command, after)
    } else {
        event!(FulfillmentOrderTouched, command, after)
    }
}
