use std::collections::{BTreeMap, HashMap, VecDeque};

use tokio::time::Instant;

/// Items by lane: one of a lane at a time and in order; a lane that is busy or parked holds up no other.
pub(super) struct Lanes<T> {
    lanes: HashMap<String, Lane<T>>,
    /// Lanes that have an item and may run it, longest waiting first.
    ready: VecDeque<String>,
    /// Parked lanes by when they are due; the number keeps those of one instant apart.
    due: BTreeMap<(Instant, u64), String>,
    parked: u64,
}

struct Lane<T> {
    items: VecDeque<T>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Running,
    Parked,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self { lanes: HashMap::new(), ready: VecDeque::new(), due: BTreeMap::new(), parked: 0 }
    }
}

impl<T> Lanes<T> {
    /// Adds an item behind those of its lane.
    pub(super) fn push(&mut self, name: String, item: T) {
        if let Some(lane) = self.lanes.get_mut(&name) {
            lane.items.push_back(item);
        } else {
            self.ready.push_back(name.clone());
            self.lanes.insert(name, Lane { items: VecDeque::from([item]), state: State::Ready });
        }
    }

    /// How many items wait in a lane.
    pub(super) fn len_of(&self, name: &str) -> usize {
        self.lanes.get(name).map_or(0, |lane| lane.items.len())
    }

    pub(super) fn is_parked(&self, name: &str) -> bool {
        self.lanes.get(name).is_some_and(|lane| lane.state == State::Parked)
    }

    /// The next item to run. Its lane is busy until it is done, parked or put back.
    pub(super) fn next(&mut self) -> Option<(String, T)> {
        let name = self.ready.pop_front()?;
        let lane = self.lanes.get_mut(&name)?;
        lane.state = State::Running;
        let item = lane.items.pop_front()?;
        Some((name, item))
    }

    /// The running item of a lane is settled.
    pub(super) fn done(&mut self, name: &str) {
        let Some(lane) = self.lanes.get_mut(name) else { return };
        if lane.items.is_empty() {
            self.lanes.remove(name);
        } else {
            lane.state = State::Ready;
            self.ready.push_back(name.to_owned());
        }
    }

    /// The running item comes again, before all others of its lane and not before `until`.
    pub(super) fn park(&mut self, name: String, item: T, until: Instant) {
        let Some(lane) = self.lanes.get_mut(&name) else { return };
        lane.items.push_front(item);
        lane.state = State::Parked;
        self.parked += 1;
        self.due.insert((until, self.parked), name);
    }

    /// The running item comes again at once, before everything else.
    pub(super) fn put_back(&mut self, name: String, item: T) {
        let Some(lane) = self.lanes.get_mut(&name) else { return };
        lane.items.push_front(item);
        lane.state = State::Ready;
        self.ready.push_front(name);
    }

    /// Makes the lanes ready whose time has come.
    pub(super) fn release(&mut self, now: Instant) {
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now) {
            let name = entry.remove();
            if let Some(lane) = self.lanes.get_mut(&name) {
                lane.state = State::Ready;
                self.ready.push_back(name);
            }
        }
    }

    /// When the next parked lane is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.keys().next().map(|(until, _)| *until)
    }

    /// Items of lanes that are parked.
    pub(super) fn parked(&self) -> usize {
        self.lanes.values().filter(|lane| lane.state == State::Parked).map(|lane| lane.items.len()).sum()
    }

    /// Everything that does not run; what runs is still waited for.
    pub(super) fn drain(&mut self) -> Vec<T> {
        self.ready.clear();
        self.due.clear();
        let waiting = self.lanes.values_mut().flat_map(|lane| lane.items.drain(..)).collect();
        self.lanes.retain(|_, lane| lane.state == State::Running);
        waiting
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn lanes() -> Lanes<u32> {
        let mut lanes = Lanes::default();
        for (lane, item) in [("a", 1), ("a", 2), ("b", 3)] {
            lanes.push(lane.to_owned(), item);
        }
        lanes
    }

    #[test]
    fn a_busy_lane_holds_up_its_own_items_only() {
        let mut lanes = lanes();
        assert_eq!(lanes.next(), Some(("a".to_owned(), 1)));
        assert_eq!(lanes.next(), Some(("b".to_owned(), 3)));
        assert_eq!(lanes.next(), None);
        lanes.done("a");
        assert_eq!(lanes.next(), Some(("a".to_owned(), 2)));
    }

    #[test]
    fn what_comes_after_a_parked_item_waits_for_it() {
        let (mut lanes, now) = (lanes(), Instant::now());
        let (lane, item) = lanes.next().unwrap();
        lanes.park(lane, item, now + Duration::from_secs(1));
        lanes.push("a".to_owned(), 4);
        assert_eq!(lanes.parked(), 3);
        assert_eq!(lanes.next(), Some(("b".to_owned(), 3)));
        lanes.release(now);
        assert_eq!(lanes.next(), None);
        lanes.release(now + Duration::from_secs(1));
        for item in [1, 2, 4] {
            assert_eq!(lanes.next(), Some(("a".to_owned(), item)));
            lanes.done("a");
        }
        assert_eq!(lanes.next_due(), None);
    }

    #[test]
    fn what_is_put_back_is_next() {
        let mut lanes = lanes();
        let (lane, item) = lanes.next().unwrap();
        lanes.put_back(lane, item);
        assert_eq!(lanes.next(), Some(("a".to_owned(), 1)));
    }

    #[test]
    fn draining_gives_all_that_does_not_run() {
        let mut lanes = lanes();
        let running = lanes.next();
        assert_eq!(running, Some(("a".to_owned(), 1)));
        let mut rest = lanes.drain();
        rest.sort_unstable();
        assert_eq!(rest, [2, 3]);
        lanes.done("a");
        assert_eq!(lanes.next(), None);
    }
}
