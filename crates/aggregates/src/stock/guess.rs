//! Locations that we chose ourselves: they stay with the units they were chosen for.

use events::{Claim, Fate, LocationId, Timestamp};

use super::claim::Target;
use crate::{DemandPart, LineDemand};

/// Units at a location of our choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guess {
    location_id: Option<LocationId>,
    /// The units it was made for; none for a new one.
    made_for: Option<(Timestamp, Fate)>,
    pub(super) quantity: u32,
}

impl Guess {
    pub(super) fn new(location_id: Option<LocationId>, quantity: u32) -> Self {
        Self { location_id, made_for: None, quantity }
    }

    fn fits(&self, part: &DemandPart, closeness: Closeness) -> bool {
        match (closeness, self.made_for) {
            (Closeness::SameUnits, made_for) => made_for == Some((part.taken_at, part.fate)),
            (Closeness::SameTime, Some((taken_at, _))) => taken_at == part.taken_at,
            (Closeness::SameTime, None) => false,
            (Closeness::Any, _) => true,
        }
    }
}

#[derive(Clone, Copy)]
enum Closeness {
    SameUnits,
    SameTime,
    Any,
}

/// Gives every open part its locations, each guess to the units it was made for where it can.
pub(super) fn assign(open: &[&DemandPart], mut guesses: Vec<Guess>) -> Vec<Target> {
    let mut rest: Vec<u32> = open.iter().map(|part| part.quantity).collect();
    let mut targets = Vec::new();
    for closeness in [Closeness::SameUnits, Closeness::SameTime, Closeness::Any] {
        for (part, rest) in open.iter().zip(&mut rest) {
            for guess in guesses.iter_mut().filter(|guess| guess.fits(part, closeness)) {
                let quantity = guess.quantity.min(*rest);
                (guess.quantity, *rest) = (guess.quantity - quantity, *rest - quantity);
                if quantity > 0 {
                    targets.push(Target::new(part, guess.location_id, true, quantity));
                }
            }
        }
    }
    targets
}

/// Which of the held guesses stay, `open` units at most: those at a location that is now told go first.
pub(super) fn kept(held: Option<&Claim>, demand: &LineDemand, open: u32) -> Vec<Guess> {
    let parts = held.map_or(&[][..], |claim| &claim.parts);
    let mut guesses: Vec<Guess> = parts
        .iter()
        .filter(|part| part.guessed)
        .map(|part| Guess {
            location_id: part.location_id,
            made_for: Some((part.taken_at, part.fate)),
            quantity: part.quantity,
        })
        .collect();
    let already = |location_id: Option<LocationId>| {
        let exact = parts.iter().filter(|part| !part.guessed && part.location_id == location_id);
        exact.map(|part| part.quantity).sum::<u32>()
    };
    let told = |location_id: Option<LocationId>| {
        let parts = demand.parts.iter().filter(|part| part.location_id.is_some() && part.location_id == location_id);
        parts.map(|part| part.quantity).sum::<u32>().saturating_sub(already(location_id))
    };
    let mut excess = guesses.iter().map(|guess| guess.quantity).sum::<u32>().saturating_sub(open);
    let mut drop = |guess: &mut Guess, most: u32| {
        let drop = most.min(guess.quantity).min(excess);
        (guess.quantity, excess) = (guess.quantity - drop, excess - drop);
    };
    for guess in &mut guesses {
        drop(guess, told(guess.location_id));
    }
    for guess in guesses.iter_mut().rev() {
        drop(guess, u32::MAX);
    }
    guesses.retain(|guess| guess.quantity > 0);
    guesses
}
