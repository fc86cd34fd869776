//! Which location is promised: rules rank the candidates, then greedy fill in rank order.

use events::{Decision, Level, LocationId};

use super::route::{Ranked, Routing, coverable};

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
pub(super) fn allocate(quantity: u32, levels: &[Level], routing: &Routing, deducted: bool) -> Option<Allocation> {
    let ranked = routing.rank(levels, quantity);
    let first = ranked.first()?.level.location_id;
    let mut promises: Vec<Promise> = Vec::new();
    let mut rest = quantity;
    if !deducted {
        for Ranked { level, .. } in &ranked {
            let take = coverable(level).min(rest);
            promises.push(Promise { location_id: level.location_id, quantity: take });
            rest -= take;
        }
    }
    match promises.first_mut() {
        Some(promise) => promise.quantity += rest,
        None => promises.push(Promise { location_id: first, quantity: rest }),
    }
    promises.retain(|promise| promise.quantity > 0);
    Some(Allocation { promises, decision: routing.explain(&ranked), short: if deducted { 0 } else { rest } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stock::Rule;

    fn level(id: u64, available: i64) -> Level {
        let location_id = LocationId::new(id).unwrap();
        Level { location_id, connected: true, available, allocated: 0, on_hand: available, observation: None, drift: 0 }
    }

    fn filled(allocation: &Allocation) -> Vec<(u64, u32)> {
        allocation.promises.iter().map(|promise| (promise.location_id.get(), promise.quantity)).collect()
    }

    #[test]
    fn ten_over_six_and_ten_are_six_and_four() {
        let allocation = allocate(10, &[level(1, 6), level(2, 10)], &Routing::default(), false).unwrap();
        assert_eq!(filled(&allocation), [(1, 6), (2, 4)]);
        assert_eq!(allocation.short, 0);
    }

    #[test]
    fn the_merchants_priority_comes_first() {
        let priority = vec![LocationId::new(2).unwrap()];
        let routing = Routing { rules: vec![Rule::Priority], priority, ..Routing::default() };
        let allocation = allocate(10, &[level(1, 6), level(2, 10)], &routing, false).unwrap();
        assert_eq!(filled(&allocation), [(2, 10)]);
    }

    #[test]
    fn what_nobody_has_is_promised_at_the_first_and_told() {
        let allocation = allocate(10, &[level(1, 2), level(2, 3)], &Routing::default(), false).unwrap();
        assert_eq!(filled(&allocation), [(1, 7), (2, 3)]);
        assert_eq!(allocation.short, 5);
    }

    #[test]
    fn what_shopify_has_deducted_is_not_short() {
        let allocation = allocate(3, &[level(1, 0), level(2, 0)], &Routing::default(), true).unwrap();
        assert_eq!(filled(&allocation), [(1, 3)]);
        assert_eq!(allocation.short, 0);
    }

    #[test]
    fn without_a_location_there_is_no_allocation() {
        assert_eq!(allocate(1, &[], &Routing::default(), false), None);
    }
}
