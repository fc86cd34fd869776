//! Which location is promised: rules rank the candidates, then greedy fill in rank order.

use events::{Candidate, Decision, Level, LocationId};

/// Units promised at one location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Promise {
    pub(super) location_id: LocationId,
    pub(super) quantity: u32,
}

/// Where `quantity` units are promised, why, and how many of them no location can cover.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Allocation {
    pub(super) promises: Vec<Promise>,
    pub(super) decision: Decision,
    pub(super) short: u32,
}

/// Shopify has already sold it, so nothing is refused: what cannot be covered is promised at the
/// first-ranked location. Units that Shopify has deducted (`deducted`) are covered by definition.
/// None when there is no candidate.
pub(super) fn allocate(quantity: u32, levels: &[Level], priority: &[LocationId], deducted: bool) -> Option<Allocation> {
    let mut ranked: Vec<&Level> = levels.iter().collect();
    ranked.sort_by_key(|level| (rank(level, priority).unwrap_or(u32::MAX), level.location_id));
    let first = ranked.first()?.location_id;
    let mut promises: Vec<Promise> = Vec::new();
    let mut rest = quantity;
    if !deducted {
        for level in &ranked {
            let take = u32::try_from(level.available.max(0)).unwrap_or(u32::MAX).min(rest);
            promises.push(Promise { location_id: level.location_id, quantity: take });
            rest -= take;
        }
    }
    match promises.first_mut() {
        Some(promise) => promise.quantity += rest,
        None => promises.push(Promise { location_id: first, quantity: rest }),
    }
    promises.retain(|promise| promise.quantity > 0);
    let candidate = |level: &&Level| Candidate {
        location_id: level.location_id,
        rank: rank(level, priority),
        available: level.available,
    };
    let candidates = ranked.iter().map(candidate).collect();
    let decision = Decision { rule: "priority".to_owned(), candidates };
    Some(Allocation { promises, decision, short: if deducted { 0 } else { rest } })
}

/// The rule `priority`: a location's place in the merchant's list; others follow by id.
fn rank(level: &Level, priority: &[LocationId]) -> Option<u32> {
    let place = priority.iter().position(|id| *id == level.location_id)?;
    u32::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(id: u64, available: i64) -> Level {
        let location_id = LocationId::new(id).unwrap();
        Level { location_id, connected: true, available, allocated: 0, on_hand: available, observation: None, drift: 0 }
    }

    fn filled(allocation: &Allocation) -> Vec<(u64, u32)> {
        allocation.promises.iter().map(|promise| (promise.location_id.get(), promise.quantity)).collect()
    }

    #[test]
    fn ten_over_six_and_ten_are_six_and_four() {
        let allocation = allocate(10, &[level(1, 6), level(2, 10)], &[], false).unwrap();
        assert_eq!(filled(&allocation), [(1, 6), (2, 4)]);
        assert_eq!(allocation.short, 0);
    }

    #[test]
    fn the_merchants_priority_comes_first() {
        let second = LocationId::new(2).unwrap();
        let allocation = allocate(10, &[level(1, 6), level(2, 10)], &[second], false).unwrap();
        assert_eq!(filled(&allocation), [(2, 10)]);
    }

    #[test]
    fn what_nobody_has_is_promised_at_the_first_and_told() {
        let allocation = allocate(10, &[level(1, 2), level(2, 3)], &[], false).unwrap();
        assert_eq!(filled(&allocation), [(1, 7), (2, 3)]);
        assert_eq!(allocation.short, 5);
    }

    #[test]
    fn what_shopify_has_deducted_is_not_short() {
        let allocation = allocate(3, &[level(1, 0), level(2, 0)], &[], true).unwrap();
        assert_eq!(filled(&allocation), [(1, 3)]);
        assert_eq!(allocation.short, 0);
    }

    #[test]
    fn without_a_location_there_is_no_allocation() {
        assert_eq!(allocate(1, &[], &[], false), None);
    }
}
