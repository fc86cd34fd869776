use std::collections::{BTreeMap, HashMap};

use tokio::time::Instant;

/// Deliveries that were given back for later, by lane: what comes after them in their lane may not overtake.
///
/// Only their sequences are kept. So a lane that stands still for hours costs a few bytes per message, and
/// holds up no other.
#[derive(Default)]
pub(super) struct Overflow {
    /// By sequence, until when each is waited for: another reader may have got it.
    lanes: HashMap<String, BTreeMap<u64, Instant>>,
}

impl Overflow {
    /// Whether something earlier of this lane has yet to come again.
    pub(super) fn is_behind(&mut self, lane: &str, sequence: u64, now: Instant) -> bool {
        let Some(waiting) = self.lanes.get_mut(lane) else { return false };
        waiting.retain(|_, until| *until > now);
        let behind = waiting.keys().next().is_some_and(|first| *first < sequence);
        if waiting.is_empty() {
            self.lanes.remove(lane);
        }
        behind
    }

    pub(super) fn put(&mut self, lane: String, sequence: u64, until: Instant) {
        self.lanes.entry(lane).or_default().insert(sequence, until);
    }

    /// It has come again, and is let in.
    pub(super) fn take(&mut self, lane: &str, sequence: u64) {
        let Some(waiting) = self.lanes.get_mut(lane) else { return };
        waiting.remove(&sequence);
        if waiting.is_empty() {
            self.lanes.remove(lane);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lanes.values().map(BTreeMap::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_given_back_is_not_overtaken() {
        let (mut overflow, now) = (Overflow::default(), Instant::now());
        let later = now + Duration::from_secs(1);
        for sequence in [7, 5, 9] {
            overflow.put("a".to_owned(), sequence, later);
        }
        assert!(
            !overflow.is_behind("a", 5, now) && overflow.is_behind("a", 7, now) && overflow.is_behind("a", 20, now)
        );
        assert!(!overflow.is_behind("b", 20, now), "another lane is free");
        overflow.take("a", 5);
        assert!(!overflow.is_behind("a", 7, now) && overflow.is_behind("a", 9, now));
        assert_eq!(overflow.len(), 2);
    }

    #[test]
    fn what_never_comes_again_holds_up_nothing_for_ever() {
        let (mut overflow, now) = (Overflow::default(), Instant::now());
        overflow.put("a".to_owned(), 5, now + Duration::from_secs(1));
        assert!(overflow.is_behind("a", 6, now));
        assert!(!overflow.is_behind("a", 6, now + Duration::from_secs(1)));
        assert_eq!(overflow.len(), 0);
    }
}
