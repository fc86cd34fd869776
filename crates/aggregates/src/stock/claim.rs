//! From what a line holds to what it should hold, in steps that each tell one thing.

use events::{ClaimPart, Fate, LocationId, Timestamp};

use crate::DemandPart;

/// One thing that happens to units of a claim.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Allocate { location_id: Option<LocationId>, quantity: u32 },
    Move { from: Option<LocationId>, to: Option<LocationId>, quantity: u32 },
    Ship { location_id: Option<LocationId>, quantity: u32 },
    Release { location_id: Option<LocationId>, quantity: u32, restocked: bool },
    Correct,
}

/// A target part with the moment of its fate, which dates the event.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) part: ClaimPart,
    pub(super) since: Timestamp,
}

impl Target {
    /// Of a demand's units, once they have a location.
    pub(super) fn new(demand: &DemandPart, location_id: Option<LocationId>, guessed: bool, quantity: u32) -> Self {
        let DemandPart { taken_at, fate, since, .. } = *demand;
        Self { part: ClaimPart { location_id, guessed, taken_at, fate, quantity }, since }
    }
}

/// The steps from `held` to `targets`, each with its time and the claim's parts after it.
pub(super) fn steps(held: &[ClaimPart], targets: &[Target]) -> Vec<(Step, Timestamp, Vec<ClaimPart>)> {
    let mut walk = Walk { parts: held.to_vec(), steps: Vec::new() };
    let (left, missing) = difference(held, targets);
    let mut left = left;
    for target in missing {
        walk.reach(&mut left, target);
    }
    for gone in left {
        walk.drop_part(&gone);
    }
    walk.steps
}

struct Walk {
    parts: Vec<ClaimPart>,
    steps: Vec<(Step, Timestamp, Vec<ClaimPart>)>,
}

impl Walk {
    /// Turns units that are left over into the target's; new ones where none are left.
    fn reach(&mut self, left: &mut [ClaimPart], target: Target) {
        let mut rest = target.part.quantity;
        while rest > 0 {
            let wanted = ClaimPart { quantity: rest, ..target.part.clone() };
            let found = left.iter_mut().filter(|part| part.quantity > 0).max_by_key(|part| likeness(part, &wanted));
            let Some(from) = found else {
                let new = ClaimPart { fate: Fate::Wanted, ..wanted.clone() };
                self.parts.push(new.clone());
                let step = Step::Allocate { location_id: new.location_id, quantity: rest };
                self.told(step, new.taken_at);
                return self.turn(&new, &wanted, target.since);
            };
            let quantity = from.quantity.min(rest);
            from.quantity -= quantity;
            rest -= quantity;
            let from = ClaimPart { quantity, ..from.clone() };
            self.turn(&from, &ClaimPart { quantity, ..wanted }, target.since);
        }
    }

    fn turn(&mut self, from: &ClaimPart, to: &ClaimPart, since: Timestamp) {
        let quantity = to.quantity;
        let moved = ClaimPart { location_id: to.location_id, guessed: to.guessed, ..from.clone() };
        if from.location_id != to.location_id {
            self.replace(from, &moved);
            // Only a promise is moved; of units that are over it is merely known better where they were.
            let wanted = from.fate == Fate::Wanted;
            let step = Step::Move { from: from.location_id, to: to.location_id, quantity };
            self.told(if wanted { step } else { Step::Correct }, since);
        } else {
            self.replace(from, &moved);
        }
        if moved == *to && (from.location_id != to.location_id || from == to) {
            return;
        }
        self.replace(&moved, to);
        let location_id = to.location_id;
        let step = match (from.fate, to.fate) {
            (Fate::Wanted, Fate::Shipped) => Step::Ship { location_id, quantity },
            (Fate::Wanted, Fate::Released { .. }) => Step::Release { location_id, quantity, restocked: true },
            (Fate::Wanted, Fate::WrittenOff) => Step::Release { location_id, quantity, restocked: false },
            (Fate::Shipped | Fate::Released { .. } | Fate::WrittenOff, Fate::Wanted) => {
                Step::Allocate { location_id, quantity }
            }
            _ => Step::Correct,
        };
        self.told(step, since);
    }

    /// Units that the line no longer speaks of: late news took them back.
    fn drop_part(&mut self, gone: &ClaimPart) {
        if gone.quantity == 0 {
            return;
        }
        take(&mut self.parts, gone);
        let (location_id, quantity) = (gone.location_id, gone.quantity);
        let step = match gone.fate {
            Fate::Wanted => Step::Release { location_id, quantity, restocked: true },
            _ => Step::Correct,
        };
        self.told(step, gone.taken_at);
    }

    fn replace(&mut self, from: &ClaimPart, to: &ClaimPart) {
        take(&mut self.parts, from);
        self.parts.push(to.clone());
    }

    fn told(&mut self, step: Step, at: Timestamp) {
        self.parts = normal(std::mem::take(&mut self.parts));
        self.steps.push((step, at, self.parts.clone()));
    }
}

/// How near units are to what is wanted of them: same place, then same time, then still free.
fn likeness(part: &ClaimPart, wanted: &ClaimPart) -> (bool, bool, bool) {
    (part.location_id == wanted.location_id, part.taken_at == wanted.taken_at, part.fate == Fate::Wanted)
}

/// What of `held` no target asks for, and what of the targets is not held.
fn difference(held: &[ClaimPart], targets: &[Target]) -> (Vec<ClaimPart>, Vec<Target>) {
    let mut left = held.to_vec();
    let mut missing = Vec::new();
    for target in targets {
        let mut target = target.clone();
        target.part.quantity -= take(&mut left, &target.part);
        if target.part.quantity > 0 {
            missing.push(target);
        }
    }
    (left, missing)
}

/// Takes up to `part.quantity` like units out of `parts`; returns how many there were.
fn take(parts: &mut [ClaimPart], part: &ClaimPart) -> u32 {
    let mut rest = part.quantity;
    for like in parts.iter_mut().filter(|like| same(like, part)) {
        let quantity = like.quantity.min(rest);
        like.quantity -= quantity;
        rest -= quantity;
    }
    part.quantity - rest
}

fn same(a: &ClaimPart, b: &ClaimPart) -> bool {
    (a.location_id, a.guessed, a.taken_at, a.fate) == (b.location_id, b.guessed, b.taken_at, b.fate)
}

/// One spelling: sorted, like units together, nothing empty.
pub(super) fn normal(mut parts: Vec<ClaimPart>) -> Vec<ClaimPart> {
    parts.sort();
    let mut merged: Vec<ClaimPart> = Vec::new();
    for part in parts.into_iter().filter(|part| part.quantity > 0) {
        match merged.last_mut() {
            Some(last) if same(last, &part) => last.quantity = last.quantity.saturating_add(part.quantity),
            _ => merged.push(part),
        }
    }
    merged
}
