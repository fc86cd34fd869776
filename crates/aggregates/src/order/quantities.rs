use std::collections::BTreeMap;

use events::{Edit, Line, LineDelta, LineId, LineQuantity, Refund};

/// Lines on the way from what a snapshot shows to what is known. More may be taken off a line than it
/// has, when the edit that adds the rest comes late: what is lacking is kept, and filled first. So the
/// end does not depend on which of the two came first.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) lines: Vec<Line>,
    lacking: BTreeMap<LineId, u32>,
}

impl Standing {
    pub(super) fn new(lines: Vec<Line>, lacking: BTreeMap<LineId, u32>) -> Self {
        Self { lines, lacking }
    }

    pub(super) fn refund(&mut self, refund: &Refund) {
        for back in &refund.lines {
            self.take(back.line_id, back.quantity);
        }
    }

    pub(super) fn edit(&mut self, edit: &Edit) {
        edit.additions.iter().for_each(|addition| self.add(addition));
        edit.removals.iter().for_each(|removal| self.take(removal.line_id, removal.quantity));
    }

    fn take(&mut self, line_id: LineId, quantity: u32) {
        let Some(line) = self.lines.iter_mut().find(|line| line.id == line_id) else { return };
        let taken = quantity.min(line.current_quantity);
        line.current_quantity -= taken;
        if taken < quantity {
            let lack = self.lacking.entry(line_id).or_default();
            *lack = lack.saturating_add(quantity - taken);
        }
    }

    fn add(&mut self, addition: &LineDelta) {
        let Some(line) = self.lines.iter_mut().find(|line| line.id == addition.line_id) else { return };
        line.quantity = line.quantity.saturating_add(addition.quantity);
        let lack = self.lacking.remove(&addition.line_id).unwrap_or_default();
        let filled = lack.min(addition.quantity);
        line.current_quantity = line.current_quantity.saturating_add(addition.quantity - filled);
        if lack > filled {
            self.lacking.insert(addition.line_id, lack - filled);
        }
    }

    pub(super) fn lacks(&self, lacking: &BTreeMap<LineId, u32>) -> bool {
        self.lacking == *lacking
    }

    pub(super) fn lacking(&self) -> Vec<LineDelta> {
        self.lacking.iter().map(|(&line_id, &quantity)| LineDelta { line_id, quantity }).collect()
    }

    /// Of the lines that a refund names.
    pub(super) fn quantities(&self, refund: &Refund) -> Vec<LineQuantity> {
        let named = |line: &&Line| refund.lines.iter().any(|back| back.line_id == line.id);
        let quantity = |line: &Line| LineQuantity { line_id: line.id, current_quantity: line.current_quantity };
        self.lines.iter().filter(named).map(quantity).collect()
    }
}
