use crate::body;
use crate::order::{Fulfillment, Line};
use crate::store::Store;

impl Store {
    /// A parcel leaves one location: all it has of the order, or a part.
    pub(super) fn fulfill(&mut self, order: usize) {
        let committed: Vec<u64> =
            self.orders[order].lines.iter().flat_map(|line| line.committed.keys().copied()).collect();
        let location = self.chance.pick(&committed).unwrap_or(self.locations[0]);
        let part = self.chance.percent(25);
        let Some(fulfillment) = self.ship(order, location, part) else { return self.care(order) };
        if self.chance.percent(60) {
            self.orders[order].fulfillments[fulfillment].tracking = Some(self.tracking());
        }
        let topic = self.fulfillment_topic(order);
        self.send_order(order, topic.as_slice());
        self.send("fulfillments/create", body::fulfillment(&self.orders[order], fulfillment));
    }

    /// Ships what is open at a location, and what is counted nowhere; returns the fulfilment's place.
    fn ship(&mut self, order: usize, location: u64, part: bool) -> Option<usize> {
        let mut lines = Vec::new();
        for at in 0..self.orders[order].lines.len() {
            let line = &self.orders[order].lines[at];
            let here = if line.tracked { line.committed.get(&location).copied().unwrap_or(0) } else { line.open() };
            if here == 0 || line.gift_card || (part && !lines.is_empty() && self.chance.percent(50)) {
                continue;
            }
            let units = if part { self.chance.units(here) } else { here };
            lines.push((at, units));
        }
        self.dispatch(order, Some(location), "manual", lines)
    }

    /// Records a fulfilment of these lines, if there are any.
    fn dispatch(
        &mut self,
        order: usize,
        location: Option<u64>,
        service: &'static str,
        lines: Vec<(usize, u32)>,
    ) -> Option<usize> {
        if lines.is_empty() {
            return None;
        }
        for (at, units) in &lines {
            let line = &mut self.orders[order].lines[*at];
            line.shipped += units;
            if let (Some(item), Some(location)) = (line.item(), location) {
                uncommit(line, location, *units);
                self.stock.ship((item, location), *units);
            }
        }
        let (id, now) = (self.new_id(), self.clock.now());
        let fulfillments = &mut self.orders[order].fulfillments;
        fulfillments.push(Fulfillment {
            id,
            created_at: now,
            updated_at: now,
            service,
            location,
            status: "success",
            tracking: None,
            shipment: None,
            lines,
        });
        Some(fulfillments.len() - 1)
    }

    /// Everything leaves the shop with the customer, from wherever it was routed.
    pub(super) fn hand_out(&mut self, order: usize) -> Vec<usize> {
        let cards = self.issue_gift_cards(order);
        let locations = self.locations.clone();
        locations.into_iter().filter_map(|location| self.ship(order, location, false)).chain(cards).collect()
    }

    /// Gift cards are sent by mail as soon as they are paid.
    pub(super) fn issue_gift_cards(&mut self, order: usize) -> Option<usize> {
        let lines = self.orders[order].lines.iter().enumerate();
        let cards = lines.filter(|(_, line)| line.gift_card && line.open() > 0).map(|(at, line)| (at, line.open()));
        let cards = cards.collect();
        self.dispatch(order, None, "gift_card", cards)
    }

    /// The topic that tells how far the shipping of an order has come.
    pub(super) fn fulfillment_topic(&self, order: usize) -> Option<&'static str> {
        match self.orders[order].fulfillment_status() {
            Some("fulfilled") => Some("orders/fulfilled"),
            Some("partial") => Some("orders/partially_fulfilled"),
            _ => None,
        }
    }

    fn tracking(&mut self) -> (&'static str, String) {
        let company = self.chance.one_of(["UPS", "DHL", "Canada Post"]);
        (company, format!("1Z{}", self.chance.between(100_000_000..=999_999_999)))
    }

    /// News of a parcel: a tracking number, or how far it has come.
    pub(super) fn track(&mut self, order: usize) {
        let standing: Vec<usize> = self.standing_parcels(order);
        let Some(at) = self.chance.pick(&standing) else { return self.care(order) };
        let tracking = self.tracking();
        let now = self.clock.now();
        let parcel = &mut self.orders[order].fulfillments[at];
        match (&parcel.tracking, parcel.shipment) {
            (None, _) => parcel.tracking = Some(tracking),
            (_, None) => parcel.shipment = Some("in_transit"),
            (_, Some("in_transit")) => parcel.shipment = Some("out_for_delivery"),
            _ => parcel.shipment = Some("delivered"),
        }
        parcel.updated_at = now;
        let status = parcel.shipment;
        self.send("fulfillments/update", body::fulfillment(&self.orders[order], at));
        if let Some(status) = status {
            self.scan(order, at, status);
        }
        self.send_order(order, &[]);
    }

    /// Where a parcel was seen; now and then by mistake.
    fn scan(&mut self, order: usize, at: usize, status: &str) {
        let id = self.new_id();
        let body = body::scanned(&self.orders[order], at, id, status, self.clock.now());
        self.send("fulfillment_events/create", body.clone());
        if self.chance.percent(10) {
            self.send("fulfillment_events/delete", body);
        }
    }

    fn standing_parcels(&self, order: usize) -> Vec<usize> {
        let parcels = self.orders[order].fulfillments.iter().enumerate();
        parcels.filter(|(_, one)| one.stands() && one.service == "manual").map(|(at, _)| at).collect()
    }

    /// A parcel is called back before it was delivered: its goods are promised again where they were.
    pub(super) fn unfulfill(&mut self, order: usize) {
        let lines = &self.orders[order].lines;
        let untouched = |at: &usize| {
            let parcel = &self.orders[order].fulfillments[*at];
            parcel.shipment.is_none() && parcel.lines.iter().all(|(line, _)| lines[*line].returned == 0)
        };
        let callable: Vec<usize> = self.standing_parcels(order).into_iter().filter(untouched).collect();
        let Some(at) = self.chance.pick(&callable) else { return self.care(order) };
        let now = self.clock.now();
        let order_changed = &mut self.orders[order];
        let parcel = &mut order_changed.fulfillments[at];
        (parcel.status, parcel.updated_at) = ("cancelled", now);
        for (line, units) in parcel.lines.clone() {
            let line = &mut order_changed.lines[line];
            line.shipped -= units;
            if let (Some(item), Some(location)) = (line.item(), parcel.location) {
                *line.committed.entry(location).or_default() += units;
                self.stock.unship((item, location), units);
            }
        }
        self.send("fulfillments/update", body::fulfillment(&self.orders[order], at));
        self.send_order(order, &[]);
    }

    /// A line's open units are moved to another location; of the order itself nothing changes.
    pub(super) fn reroute(&mut self, order: usize) {
        let Some((at, from, to)) = self.move_of(order) else { return self.care(order) };
        let line = &mut self.orders[order].lines[at];
        let (Some(item), Some(units)) = (line.item(), line.committed.remove(&from)) else { return };
        *line.committed.entry(to).or_default() += units;
        line.seen.insert(to);
        self.stock.release((item, from), units);
        self.stock.commit((item, to), units);
        let moved = self.new_id();
        let original = std::mem::replace(&mut self.orders[order].fulfillment_order, moved);
        self.send("fulfillment_orders/moved", body::moved(original, from, moved, to));
    }

    /// A line, where it is promised from, and another location that has enough.
    fn move_of(&self, order: usize) -> Option<(usize, u64, u64)> {
        self.orders[order].lines.iter().enumerate().find_map(|(at, line)| {
            let item = line.item().filter(|item| self.catalogue.has_item(*item))?;
            let (from, units) = line.committed.first_key_value()?;
            let enough = |to: &u64| to != from && self.stock.available((item, *to)) >= i64::from(*units);
            Some((at, *from, self.stock.locations(item).into_iter().find(enough)?))
        })
    }
}

/// Takes promised units off a line.
pub(super) fn uncommit(line: &mut Line, location: u64, units: u32) {
    if let Some(held) = line.committed.get_mut(&location) {
        *held -= units;
        if *held == 0 {
            line.committed.remove(&location);
        }
    }
}
