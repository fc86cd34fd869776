//! What the lines of an order want of the stock, and what became of each unit.
//!
//! A pure function of the order as it is known, with Shopify's times: so stock ends the same in
//! whatever order the webhooks came.

use events::{
    Address, Fate, Fulfillment, FulfillmentState, LineId, LocationId, OrderId, Refund, RestockType, Return, Timestamp,
    VariantId,
};

use super::Order;
use super::state::HeldLine;

/// One order line's demand on one inventory item.
#[derive(Debug, Clone, PartialEq)]
pub struct LineDemand {
    pub order_id: OrderId,
    pub line_id: LineId,
    /// Oldest unit first.
    pub parts: Vec<DemandPart>,
    pub returns: Vec<Return>,
}

/// Units that share a time and a fate.
#[derive(Debug, Clone, PartialEq)]
pub struct DemandPart {
    /// Where Shopify says they are taken from; none while it has not said.
    pub location_id: Option<LocationId>,
    /// When the units left what is available.
    pub taken_at: Timestamp,
    pub fate: Fate,
    /// When the fate befell them.
    pub since: Timestamp,
    pub quantity: u32,
}

impl LineDemand {
    /// Shopify has said where the line's units are to be sent from, so many from each location. What is still
    /// wanted and has no location yet is taken from there, the oldest units first.
    pub fn route(&mut self, stations: &[(LocationId, u32)]) {
        let mut stations = stations.to_vec();
        let mut routed = Vec::with_capacity(self.parts.len());
        for part in std::mem::take(&mut self.parts) {
            let mut rest = part.quantity;
            let open = part.fate == Fate::Wanted && part.location_id.is_none();
            for (location_id, room) in stations.iter_mut().filter(|_| open) {
                let quantity = rest.min(*room);
                (*room, rest) = (*room - quantity, rest - quantity);
                if quantity > 0 {
                    routed.push(DemandPart { location_id: Some(*location_id), quantity, ..part.clone() });
                }
            }
            if rest > 0 {
                routed.push(DemandPart { quantity: rest, ..part });
            }
        }
        self.parts = routed;
    }
}

impl Order {
    /// Where it was placed: `web`, `pos`, an app's id.
    pub fn source_name(&self) -> Option<&str> {
        self.identity.as_ref()?.source_name.as_deref()
    }

    /// Where it is sent.
    pub fn destination(&self) -> Option<&Address> {
        self.addresses.shipping.as_deref()
    }

    /// The demand of every line that names a variant; of one that moves no stock, nothing.
    pub fn demands(&self, order_id: OrderId) -> Vec<(VariantId, LineDemand)> {
        let Some(placed_at) = self.identity.as_ref().map(|identity| identity.placed_at) else {
            return Vec::new();
        };
        let demand = |held: &HeldLine| {
            let variant = held.line.variant_id?;
            let mut demand = LineDemand { order_id, line_id: held.line.id, parts: Vec::new(), returns: Vec::new() };
            if held.line.tracked && !held.line.gift_card {
                let mut history = History { order: self, held, placed_at, units: Vec::new(), demand: &mut demand };
                history.take();
                history.exits();
                history.rest();
            }
            Some((variant, demand))
        };
        self.lines.values().filter_map(demand).collect()
    }
}

/// A line's units, walked through what happened to them.
struct History<'a> {
    order: &'a Order,
    held: &'a HeldLine,
    placed_at: Timestamp,
    /// Still wanted: taken when, how many; oldest first.
    units: Vec<(Timestamp, u32)>,
    demand: &'a mut LineDemand,
}

/// Something that ends the wish for units.
enum Exit<'a> {
    Fulfilled(&'a Fulfillment, u32),
    Refunded(&'a Refund, RestockType, Option<LocationId>, u32),
    Removed(u32),
}

impl<'a> History<'a> {
    /// When each unit was taken: as placed, by an edit, or by a change that no edit explains.
    fn take(&mut self) {
        let line = &self.held.line;
        let added: Vec<(Timestamp, u32)> = self.edited(|edit| &edit.additions);
        let explained = added.iter().fold(0_u32, |sum, (_, quantity)| sum.saturating_add(*quantity));
        let placed = self.held.placed_quantity.min(line.quantity.saturating_sub(explained));
        let mut rest = line.quantity - placed;
        self.units.push((self.placed_at, placed));
        for (at, quantity) in added {
            let quantity = quantity.min(rest);
            self.units.push((at, quantity));
            rest -= quantity;
        }
        self.units.push((self.changed_at(), rest));
        self.units.sort();
    }

    fn exits(&mut self) {
        let mut shipped = 0_u32;
        for (at, _, _, exit) in self.timeline() {
            match exit {
                Exit::Fulfilled(fulfillment, quantity) => {
                    shipped += self.settle(quantity, Fate::Shipped, fulfillment.location_id, at);
                }
                Exit::Refunded(refund, restock, location, quantity) => {
                    let back = if restock == RestockType::Cancel { 0 } else { quantity.min(shipped) };
                    shipped -= back;
                    if back > 0 && restock != RestockType::NoRestock {
                        self.bring_back(refund, location, back);
                    }
                    let fate = if restock == RestockType::NoRestock { Fate::WrittenOff } else { Fate::Released { at } };
                    self.settle(quantity - back, fate, location, at);
                }
                Exit::Removed(quantity) => {
                    self.settle(quantity, Fate::Released { at }, None, at);
                }
            }
        }
    }

    /// What is still wanted at the end: nothing of an order that was cancelled or deleted.
    fn rest(&mut self) {
        let end = self.order.cancelled.as_ref().map(|cancelled| cancelled.at).or(self.order.deleted_at);
        match end {
            Some(at) => self.settle(u32::MAX, Fate::Released { at }, None, at),
            None => self.settle(u32::MAX, Fate::Wanted, None, self.placed_at),
        };
    }

    /// All exits with their time, and a rank and an id that order those of one time. What nothing explains is
    /// last: when it was noticed depends on what came first, and more may leave a line than it has.
    fn timeline(&self) -> Vec<(Timestamp, u8, u64, Exit<'a>)> {
        let (order, id) = (self.order, self.held.line.id);
        let mut exits = Vec::new();
        for fulfillment in order.fulfillments.values().filter(|fulfillment| counts(fulfillment)) {
            for line in fulfillment.lines.iter().filter(|line| line.line_id == id) {
                let exit = Exit::Fulfilled(fulfillment, line.quantity);
                exits.push((fulfillment.created_at, 0, fulfillment.id.get(), exit));
            }
        }
        let mut refunded = 0_u32;
        for refund in order.refunds.values() {
            for line in refund.lines.iter().filter(|line| line.line_id == id) {
                refunded = refunded.saturating_add(line.quantity);
                let exit = Exit::Refunded(refund, line.restock_type, line.location_id, line.quantity);
                exits.push((refund.created_at, 1, refund.id.get(), exit));
            }
        }
        let unexplained = self.removals(refunded, &mut exits);
        exits.sort_by_key(|(at, rank, id, _)| (*at, *rank, *id));
        exits.push((self.changed_at(), 3, 0, Exit::Removed(unexplained)));
        exits
    }

    /// What was taken off the line otherwise than by refunds. Shopify may tell one removal twice, as an
    /// edit and as a refund: the line's own quantities say how much there is to explain. Returns what is left of it.
    fn removals(&self, refunded: u32, exits: &mut Vec<(Timestamp, u8, u64, Exit<'a>)>) -> u32 {
        let line = &self.held.line;
        let lacking = self.order.lacking.get(&line.id).copied().unwrap_or_default();
        let gone = line.quantity.saturating_sub(line.current_quantity).saturating_add(lacking);
        let mut rest = gone.saturating_sub(refunded);
        for (at, quantity) in self.edited(|edit| &edit.removals) {
            let quantity = quantity.min(rest);
            exits.push((at, 2, 0, Exit::Removed(quantity)));
            rest -= quantity;
        }
        rest
    }

    /// Takes up to `quantity` of the oldest wanted units; returns how many there were.
    fn settle(&mut self, quantity: u32, fate: Fate, location_id: Option<LocationId>, since: Timestamp) -> u32 {
        let mut rest = quantity;
        for (taken_at, held) in &mut self.units {
            let quantity = rest.min(*held);
            *held -= quantity;
            rest -= quantity;
            let fate = match fate {
                Fate::Released { at } => Fate::Released { at: at.max(*taken_at) },
                other => other,
            };
            if quantity > 0 {
                self.demand.parts.push(DemandPart { location_id, taken_at: *taken_at, fate, since, quantity });
            }
        }
        quantity - rest
    }

    /// Goods come back to where Shopify says, else to where the line was sent from.
    fn bring_back(&mut self, refund: &Refund, location_id: Option<LocationId>, quantity: u32) {
        let sent_from = || {
            let mut shipped = self.demand.parts.iter().filter(|part| part.fate == Fate::Shipped);
            shipped.find_map(|part| part.location_id)
        };
        let location_id = location_id.or_else(sent_from);
        self.demand.returns.push(Return { refund_id: refund.id, location_id, at: refund.created_at, quantity });
    }

    /// The edits of this line, oldest first.
    fn edited(&self, of: impl Fn(&events::Edit) -> &Vec<events::LineDelta>) -> Vec<(Timestamp, u32)> {
        let mut changes = Vec::new();
        for edit in self.order.edits.values() {
            let mine = of(edit).iter().filter(|delta| delta.line_id == self.held.line.id);
            changes.extend(mine.map(|delta| (edit.committed_at, delta.quantity)));
        }
        changes.sort();
        changes
    }

    fn changed_at(&self) -> Timestamp {
        self.held.changed_at.unwrap_or(self.placed_at)
    }
}

fn counts(fulfillment: &Fulfillment) -> bool {
    let undone = [FulfillmentState::Cancelled, FulfillmentState::Error, FulfillmentState::Failure];
    !undone.contains(&fulfillment.status)
}
