use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aggregates::Decider;
use events::AggregateKey;
use tokio::sync::oneshot;

use super::{Loaded, Receipt, StoreError};
use crate::Cause;

/// States by aggregate, the least used half forgotten whenever it is full.
///
/// Its locks let one command at a time work on an aggregate in this process. They are no more than
/// a courtesy: the append's expected sequence is what guards the aggregate.
pub(super) struct Cache {
    generations: Mutex<Generations>,
    capacity: usize,
}

#[derive(Default)]
struct Generations {
    young: HashMap<AggregateKey, Arc<Slot>>,
    old: HashMap<AggregateKey, Arc<Slot>>,
}

/// One aggregate: its state, and the commands that wait for it.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) kept: tokio::sync::Mutex<Kept>,
    /// Each a [`Waiting`] of the aggregate that the key names. No more of them than callers.
    waiting: Mutex<VecDeque<Box<dyn Any + Send>>>,
}

/// A command and whoever waits for what becomes of it.
pub(super) struct Waiting<A: Decider> {
    pub(super) command: A::Command,
    pub(super) cause: Cause,
    /// Not to be decided when others may have written after this position.
    pub(super) known_to: u64,
    /// Its events that stand in the log already.
    pub(super) appended: usize,
    pub(super) answer: oneshot::Sender<Result<Receipt, StoreError>>,
}

impl Slot {
    pub(super) fn ask<A: Decider>(
        &self,
        command: A::Command,
        cause: Cause,
        known_to: u64,
    ) -> oneshot::Receiver<Result<Receipt, StoreError>> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting::<A> { command, cause, known_to, appended: 0, answer };
        self.queue().push_back(Box::new(waiting));
        answered
    }

    /// The longest waiting, at most so many. Those whose caller has gone are left out.
    pub(super) fn take<A: Decider>(&self, most: usize) -> VecDeque<Waiting<A>> {
        let mut queue = self.queue();
        let few = queue.len().min(most);
        let waiting = queue.drain(..few).filter_map(|waiting| waiting.downcast::<Waiting<A>>().ok());
        waiting.map(|waiting| *waiting).filter(|waiting| !waiting.answer.is_closed()).collect()
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Box<dyn Any + Send>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A [`Loaded`] of the aggregate that the key names. It is taken out while it is worked on: a command
/// that is dropped half way leaves nothing behind that might be wrong.
#[derive(Default)]
pub(super) struct Kept(Option<Box<dyn Any + Send>>);

impl Kept {
    pub(super) fn take<A: Decider>(&mut self) -> Option<Loaded<A>> {
        self.0.take()?.downcast().ok().map(|loaded| *loaded)
    }

    pub(super) fn put<A: Decider>(&mut self, loaded: Loaded<A>) {
        self.0 = Some(Box::new(loaded));
    }
}

impl Cache {
    pub(super) fn new(capacity: usize) -> Self {
        Self { generations: Mutex::default(), capacity }
    }

    pub(super) fn slot(&self, key: &AggregateKey) -> Arc<Slot> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = generations.young.get(key) {
            return Arc::clone(slot);
        }
        let slot = generations.old.remove(key).unwrap_or_default();
        generations.young.insert(key.clone(), Arc::clone(&slot));
        if generations.young.len() * 2 > self.capacity {
            generations.old = std::mem::take(&mut generations.young);
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use events::{AggregateKind, Shop};

    use super::*;

    fn key(id: usize) -> AggregateKey {
        let shop: Shop = "acme".parse().unwrap();
        AggregateKey::new(AggregateKind::Order, &shop, id)
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let cache = Cache::new(8);
        let kept = cache.slot(&key(0));
        let dropped = cache.slot(&key(1));
        for id in 2..20 {
            cache.slot(&key(id));
            cache.slot(&key(0));
        }
        assert!(Arc::ptr_eq(&kept, &cache.slot(&key(0))));
        assert!(!Arc::ptr_eq(&dropped, &cache.slot(&key(1))));
        let generations = cache.generations.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 8);
    }
}
