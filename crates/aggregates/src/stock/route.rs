//! Which location goes first: a chain of rules, each of which ranks the candidates or abstains.

use std::collections::BTreeMap;

use events::{Candidate, Decision, Level, LocationId};
use serde::{Deserialize, Serialize};

/// Names the deciding rule where none did.
const BY_ID: &str = "location_id";
const ONLY: &str = "only_candidate";

/// How locations are ranked. The first rule that does not tie decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The location that was named for the order.
    Pinned,
    /// The merchant's list.
    Priority,
    /// The location that can give most of the order.
    MinimizeSplits,
    /// The location with most available.
    HighestStock,
    /// The location with the shortest way to the customer.
    Nearest,
}

impl Rule {
    pub const ALL: [Self; 5] = [Self::Pinned, Self::Priority, Self::MinimizeSplits, Self::HighestStock, Self::Nearest];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Priority => "priority",
            Self::MinimizeSplits => "minimize_splits",
            Self::HighestStock => "highest_stock",
            Self::Nearest => "nearest",
        }
    }
}

/// What the rules go by for one order. A rule that lacks what it needs abstains.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Routing {
    pub rules: Vec<Rule>,
    /// Locations, best first.
    pub priority: Vec<LocationId>,
    pub pinned: Option<LocationId>,
    /// How many units of the order's other items each location could give.
    pub elsewhere: BTreeMap<LocationId, u32>,
    /// How far each location is from the customer; in any unit.
    pub distances: BTreeMap<LocationId, u32>,
}

/// A candidate and its rank by every rule; lower wins, none abstains.
#[derive(Debug, Clone)]
pub(super) struct Ranked<'a> {
    pub(super) level: &'a Level,
    pub(super) ranks: Vec<Option<u32>>,
}

impl Ranked<'_> {
    fn by(&self, rule: usize) -> u32 {
        self.ranks.get(rule).copied().flatten().unwrap_or(u32::MAX)
    }
}

impl Routing {
    /// The candidates, best first; between equals the lower id decides.
    pub(super) fn rank<'a>(&self, levels: &'a [Level], quantity: u32) -> Vec<Ranked<'a>> {
        let rank = |level: &'a Level| {
            let ranks = self.rules.iter().map(|rule| self.rank_by(*rule, level, levels, quantity)).collect();
            Ranked { level, ranks }
        };
        let mut ranked: Vec<Ranked<'a>> = levels.iter().map(rank).collect();
        ranked.sort_by_cached_key(|one| {
            let ranks: Vec<u32> = (0..self.rules.len()).map(|rule| one.by(rule)).collect();
            (ranks, one.level.location_id)
        });
        ranked
    }

    fn rank_by(&self, rule: Rule, level: &Level, levels: &[Level], quantity: u32) -> Option<u32> {
        let id = level.location_id;
        match rule {
            Rule::Pinned => (self.pinned == Some(id)).then_some(0),
            Rule::Priority => {
                self.priority.iter().position(|listed| *listed == id).and_then(|at| u32::try_from(at).ok())
            }
            Rule::MinimizeSplits => {
                let most = self.elsewhere.values().max().copied().unwrap_or(0);
                let missing = quantity - coverable(level).min(quantity);
                Some(missing.saturating_add(most - self.elsewhere.get(&id).copied().unwrap_or(0)))
            }
            Rule::HighestStock => {
                let better = levels.iter().filter(|other| other.available > level.available).count();
                u32::try_from(better).ok()
            }
            Rule::Nearest => self.distances.get(&id).copied(),
        }
    }

    /// Why the first of these is the first.
    pub(super) fn explain(&self, ranked: &[Ranked<'_>]) -> Decision {
        let deciding = self.deciding(ranked);
        let name = match deciding {
            Some(at) => self.rules.get(at).map_or(BY_ID, |rule| rule.as_str()),
            None if ranked.len() == 1 => ONLY,
            None => BY_ID,
        };
        let candidate = |one: &Ranked<'_>| Candidate {
            location_id: one.level.location_id,
            rank: deciding.and_then(|rule| one.ranks.get(rule).copied().flatten()),
            available: one.level.available,
        };
        Decision { rule: name.to_owned(), candidates: ranked.iter().map(candidate).collect() }
    }

    /// The first rule after which the first candidate stands alone.
    fn deciding(&self, ranked: &[Ranked<'_>]) -> Option<usize> {
        let (first, mut tied) = ranked.split_first().map(|(first, rest)| (first, rest.iter().collect::<Vec<_>>()))?;
        if tied.is_empty() {
            return None;
        }
        for rule in 0..self.rules.len() {
            tied.retain(|other| other.by(rule) == first.by(rule));
            if tied.is_empty() {
                return Some(rule);
            }
        }
        None
    }
}

/// What a location can promise now.
pub(super) fn coverable(level: &Level) -> u32 {
    u32::try_from(level.available.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(id: u64) -> LocationId {
        LocationId::new(id).unwrap()
    }

    fn level(id: u64, available: i64) -> Level {
        let location_id = place(id);
        Level { location_id, connected: true, available, allocated: 0, on_hand: available, observation: None, drift: 0 }
    }

    fn first(routing: &Routing, levels: &[Level], quantity: u32) -> (u64, String) {
        let ranked = routing.rank(levels, quantity);
        (ranked[0].level.location_id.get(), routing.explain(&ranked).rule)
    }

    #[test]
    fn each_rule_decides_by_what_it_goes_by() {
        let levels = [level(1, 6), level(2, 10), level(3, 30)];
        let routing = |rule| Routing {
            rules: vec![rule],
            priority: vec![place(2), place(3)],
            pinned: Some(place(3)),
            elsewhere: BTreeMap::from([(place(1), 0), (place(2), 5)]),
            distances: BTreeMap::from([(place(1), 12), (place(3), 400)]),
        };
        assert_eq!(first(&routing(Rule::Pinned), &levels, 10), (3, "pinned".to_owned()));
        assert_eq!(first(&routing(Rule::Priority), &levels, 10), (2, "priority".to_owned()));
        assert_eq!(first(&routing(Rule::MinimizeSplits), &levels, 10), (2, "minimize_splits".to_owned()));
        assert_eq!(first(&routing(Rule::HighestStock), &levels, 10), (3, "highest_stock".to_owned()));
        assert_eq!(first(&routing(Rule::Nearest), &levels, 10), (1, "nearest".to_owned()));
    }

    #[test]
    fn the_first_rule_that_does_not_tie_decides() {
        let levels = [level(1, 10), level(2, 10), level(3, 4)];
        let mut routing = Routing { rules: Rule::ALL.to_vec(), ..Routing::default() };
        assert_eq!(first(&routing, &levels, 10), (1, "location_id".to_owned()), "two can give it all, with as much");
        routing.distances = BTreeMap::from([(place(2), 5), (place(1), 9), (place(3), 1)]);
        assert_eq!(first(&routing, &levels, 10), (2, "nearest".to_owned()), "a location that lost before is out");
        assert_eq!(first(&routing, &levels[..1], 10), (1, "only_candidate".to_owned()));
    }

    #[test]
    fn every_candidates_rank_by_the_deciding_rule_is_told() {
        let levels = [level(1, 6), level(2, 10), level(3, 0)];
        let routing = Routing { rules: vec![Rule::Pinned, Rule::MinimizeSplits], ..Routing::default() };
        let told = routing.explain(&routing.rank(&levels, 8));
        let ranks: Vec<_> =
            told.candidates.iter().map(|one| (one.location_id.get(), one.rank, one.available)).collect();
        assert_eq!(ranks, [(2, Some(0), 10), (1, Some(2), 6), (3, Some(8), 0)]);
    }
}
