use super::fulfill::uncommit;
use crate::body::{self, Edit};
use crate::store::Store;

impl Store {
    /// An order edit: lines added, raised, or taken off. A line's `quantity` never falls by it.
    pub(super) fn edit(&mut self, order: usize) {
        let mut edit = Edit { id: self.new_id(), ..Edit::default() };
        for _ in 0..self.chance.between(1..=2) {
            match self.chance.between(0..=99) {
                0..=39 => edit.additions.extend(self.add_line(order)),
                40..=64 => edit.additions.extend(self.raise(order, &edit)),
                _ => edit.removals.extend(self.take_off(order, &edit)),
            }
        }
        if edit.additions.is_empty() && edit.removals.is_empty() {
            return self.care(order);
        }
        self.send_order(order, &[]);
        self.send("orders/edited", body::edited(&self.orders[order], &edit));
    }

    fn add_line(&mut self, order: usize) -> Option<(u64, u32)> {
        let tax = self.orders[order].lines.iter().map(|line| line.tax_rate).max().unwrap_or(0);
        let known = self.orders[order].lines.clone();
        let mut line = self.line_for_sale(&known, tax)?;
        if let Some(item) = line.item() {
            line.committed = self.route(&[(item, line.quantity)]).pop().unwrap_or_default();
            line.seen = line.committed.keys().copied().collect();
        }
        let addition = (line.id, line.quantity);
        self.orders[order].lines.push(line);
        Some(addition)
    }

    /// More units of a line. They come from where all its units came from, when stock is counted: else a
    /// reader could not tell which units were taken when.
    fn raise(&mut self, order: usize, edit: &Edit) -> Option<(u64, u32)> {
        let units = self.chance.units(2);
        let at = (0..self.orders[order].lines.len()).find(|at| {
            let line = &self.orders[order].lines[*at];
            let home = line.seen.first().filter(|_| line.seen.len() == 1);
            let enough = match (line.item(), home) {
                (Some(item), Some(home)) => self.stock.available((item, *home)) >= i64::from(units),
                (Some(_), None) => false,
                (None, _) => !line.gift_card,
            };
            enough && is_fresh(edit, line.id)
        })?;
        let line = &mut self.orders[order].lines[at];
        line.quantity += units;
        if let (Some(item), Some(home)) = (line.item(), line.seen.first()) {
            *line.committed.entry(*home).or_default() += units;
            self.stock.commit((item, *home), units);
        }
        Some((line.id, units))
    }

    fn take_off(&mut self, order: usize, edit: &Edit) -> Option<(u64, u32)> {
        let lines = self.orders[order].lines.iter().enumerate();
        let open = lines.filter(|(_, line)| line.open() > 0 && !line.gift_card && is_fresh(edit, line.id));
        let open: Vec<usize> = open.map(|(at, _)| at).collect();
        let at = self.chance.pick(&open)?;
        let line = &self.orders[order].lines[at];
        let held = line.committed.first_key_value().map(|(location, units)| (*location, *units));
        let units = self.chance.units(held.map_or(line.open(), |(_, units)| units));
        let line = &mut self.orders[order].lines[at];
        line.removed += units;
        if let (Some(item), Some((location, _))) = (line.item(), held) {
            uncommit(line, location, units);
            self.stock.release((item, location), units);
        }
        Some((line.id, units))
    }
}

/// One edit changes a line once.
fn is_fresh(edit: &Edit, line: u64) -> bool {
    edit.additions.iter().chain(&edit.removals).all(|(changed, _)| *changed != line)
}
